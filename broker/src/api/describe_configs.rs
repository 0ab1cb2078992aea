//! `DescribeConfigs` (32): every key of a topic, broker or group with its value, where that comes
//! from, and what it overrides (rule 73). Values that are secret never leave.

use std::collections::BTreeMap;

use super::access::{Need, Rights};
use super::{Ctx, needs};
use crate::config::keys::{self, Audience, Key, Kind};
use crate::config::layers::{Entry, Sourced};
use crate::config::topic::{self, Values};
use crate::config::{Layers, NodeConfig, group};
use crate::meta::acl::CLUSTER;
use crate::meta::image::Image;
use crate::meta::record::Resource;
use crate::meta::settings;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
    DescribeConfigsSynonym,
};
use crate::wire::messages::{DescribeConfigsRequest, DescribeConfigsResponse};

/// Kafka's number of a topic's configuration.
pub const TOPIC: i8 = 2;
/// Kafka's number of a broker's configuration.
pub const BROKER: i8 = 4;
/// Kafka's number of a broker's log levels.
pub const BROKER_LOGGER: i8 = 8;
/// Kafka's number of a client metrics subscription.
pub const CLIENT_METRICS: i8 = 16;
/// Kafka's number of a group's configuration.
pub const GROUP: i8 = 32;

/// The source of a logger's level.
const LOGGER_SOURCE: i8 = 6;

/// What an answer carries besides values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// What a value overrides.
    pub synonyms: bool,
    /// What a key is for.
    pub documentation: bool,
}

/// Answers from the metadata and this node's file.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let rights = ctx.rights();
    describe(&ctx.broker.image(), &ctx.broker.config, &request, &rights)
}

/// The answer by an image and a node's file.
pub fn describe(
    image: &Image,
    node: &NodeConfig,
    request: &DescribeConfigsRequest,
    rights: &Rights,
) -> DescribeConfigsResponse {
    let detail = Detail {
        synonyms: request.include_synonyms,
        documentation: request.include_documentation,
    };
    let one = |resource: &DescribeConfigsResource| {
        let mut result = DescribeConfigsResult {
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            error_message: None,
            ..DescribeConfigsResult::default()
        };
        let allowed = check(
            rights,
            &OF_RESOURCES,
            (resource.resource_type, &resource.resource_name),
        );
        match allowed.and_then(|()| entries(image, node, resource, detail)) {
            Ok(configs) => result.configs = wanted(configs, resource),
            Err((code, why)) => {
                result.error_code = code;
                result.error_message = Some(why);
            }
        }
        result
    };
    DescribeConfigsResponse {
        results: request.resources.iter().map(one).collect(),
        ..DescribeConfigsResponse::default()
    }
}

/// Those that are asked for: all, where none is named.
fn wanted(
    mut configs: Vec<DescribeConfigsResourceResult>,
    resource: &DescribeConfigsResource,
) -> Vec<DescribeConfigsResourceResult> {
    if let Some(names) = &resource.configuration_keys
        && !names.is_empty()
    {
        configs.retain(|config| names.contains(&config.name));
    }
    configs
}

/// Whose configuration a type and a name mean; `None` for what the metadata keeps none for.
pub fn resource(kind: i8, name: &str) -> Option<Resource> {
    match kind {
        TOPIC => Some(Resource::Topic(name.to_owned())),
        BROKER if name.is_empty() => Some(Resource::Broker(None)),
        BROKER => Some(Resource::Broker(Some(name.parse().ok()?))),
        GROUP => Some(Resource::Group(name.to_owned())),
        _ => None,
    }
}

type Refusal = (ErrorCode, String);

/// What one needs for the cluster, for a topic and for a group.
pub type OfResources = [Need; 3];

const OF_RESOURCES: OfResources = [
    needs::CONFIGS_CLUSTER,
    needs::CONFIGS_TOPIC,
    needs::CONFIGS_GROUP,
];

/// Whether the one who asks may have to do with the configuration of a resource; of what has none there is nothing
/// to say yet.
pub fn check(
    rights: &Rights,
    [cluster, topic, group]: &OfResources,
    (kind, name): (i8, &str),
) -> Result<(), Refusal> {
    let (need, name) = match kind {
        BROKER | BROKER_LOGGER | CLIENT_METRICS => (cluster, CLUSTER),
        TOPIC => (topic, name),
        GROUP => (group, name),
        _ => return Ok(()),
    };
    let allowed = rights.check(need, name);
    allowed.map_err(|code| (code, need.message().to_owned()))
}

fn entries(
    image: &Image,
    node: &NodeConfig,
    resource: &DescribeConfigsResource,
    detail: Detail,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let name = &resource.resource_name;
    let layers = settings::layers(image, node);
    let own = |resource: Resource| image.config(&resource).map(AsRef::as_ref);
    match resource.resource_type {
        TOPIC if !image.topics.contains_key(name.as_str()) => Err((
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            format!("there is no topic {name}"),
        )),
        TOPIC => Ok(topic_entries(own(Resource::Topic(name.clone())), &layers)
            .map(|entry| row(entry, false, detail))
            .collect()),
        BROKER if name.is_empty() => Ok(cluster_entries(layers.cluster, detail)),
        BROKER => {
            check_is_this_broker(name, node.node_id)?;
            Ok(shown(keys::brokers())
                .map(|key| row(Entry::of_broker(key, &layers), !key.is_dynamic(), detail))
                .collect())
        }
        BROKER_LOGGER => {
            check_is_this_broker(name, node.node_id)?;
            Ok(vec![level(detail)])
        }
        GROUP if name.is_empty() => Err((
            ErrorCode::INVALID_REQUEST,
            "a group's name is needed".to_owned(),
        )),
        GROUP => {
            let own = own(Resource::Group(name.clone()));
            Ok(shown(keys::groups())
                .map(|key| row(group::explain(key, own, &layers), false, detail))
                .collect())
        }
        other => Err((
            ErrorCode::INVALID_REQUEST,
            format!("resources of type {other} have no configuration here"),
        )),
    }
}

/// Only a broker itself knows its file: others are asked themselves (rule 73).
pub fn check_is_this_broker(name: &str, this: i32) -> Result<(), Refusal> {
    match name.parse::<i32>() {
        Ok(id) if id == this => Ok(()),
        Ok(id) => Err((
            ErrorCode::INVALID_REQUEST,
            format!("this is broker {this}: ask broker {id} itself"),
        )),
        Err(_) => Err((
            ErrorCode::INVALID_REQUEST,
            format!("a broker's id is a number, not `{name}`"),
        )),
    }
}

/// Every key of a topic with what is in force.
fn topic_entries<'a>(
    own: Option<&'a Values>,
    layers: &'a Layers<'a>,
) -> impl Iterator<Item = Entry> {
    shown(keys::topics()).map(move |key| topic::explain(key, own, layers))
}

/// What is set for all brokers, and nothing else.
fn cluster_entries(set: Option<&Values>, detail: Detail) -> Vec<DescribeConfigsResourceResult> {
    let nothing = BTreeMap::new();
    let layers = Layers {
        broker: None,
        cluster: set,
        file: &nothing,
    };
    set.into_iter()
        .flat_map(BTreeMap::keys)
        .filter_map(|name| keys::find(name))
        .map(|key| {
            let mut entry = Entry::of_broker(key, &layers);
            entry.synonyms.truncate(1);
            row(entry, !key.is_dynamic(), detail)
        })
        .collect()
}

fn shown(all: impl Iterator<Item = &'static Key>) -> impl Iterator<Item = &'static Key> {
    all.filter(|key| key.audience == Audience::Shown)
}

fn row(entry: Entry, read_only: bool, detail: Detail) -> DescribeConfigsResourceResult {
    let synonyms = entry.synonyms.into_iter().map(synonym);
    DescribeConfigsResourceResult {
        name: entry.key.name.to_owned(),
        value: entry.value,
        read_only,
        config_source: entry.source.number(),
        is_sensitive: entry.key.is_sensitive(),
        synonyms: synonyms.filter(|_| detail.synonyms).collect(),
        config_type: entry.key.kind as i8,
        documentation: detail.documentation.then(|| entry.key.documentation()),
        ..DescribeConfigsResourceResult::default()
    }
}

fn synonym(sourced: Sourced) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym {
        name: sourced.name.to_owned(),
        value: sourced.value,
        source: sourced.source.number(),
        ..DescribeConfigsSynonym::default()
    }
}

/// The level of the node's log. It is one for the whole node and is set where the node is started.
fn level(detail: Detail) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult {
        name: "ROOT".to_owned(),
        value: Some(log::max_level().as_str().to_owned()),
        read_only: true,
        config_source: LOGGER_SOURCE,
        config_type: Kind::String as i8,
        documentation: detail
            .documentation
            .then(|| "How much the node logs. Set where the node is started.".to_owned()),
        ..DescribeConfigsResourceResult::default()
    }
}
