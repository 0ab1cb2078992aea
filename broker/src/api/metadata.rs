//! `Metadata` (3): brokers, topics and leaders as one listener's clients see them (rules 9 to 11).
//! The answer is a function of the image; only topics that are created by asking go further.

use std::collections::BTreeMap;

use super::access::Rights;
use super::forward::{self, Failure};
use super::{Ctx, create_topics, needs, topology};
use crate::config::NodeConfig;
use crate::meta::acl::{CLUSTER, ResourceKind};
use crate::meta::image::{Image, Topic};
use crate::meta::record::PartitionState;
use crate::meta::settings;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_topics::CreatableTopicResult;
use crate::wire::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use crate::wire::messages::{
    CreateTopicsRequest, CreateTopicsResponse, MetadataRequest, MetadataResponse,
};

/// How long asking for a topic waits for it to be created, in milliseconds.
const CREATION_MS: i32 = 2_000;

/// Who asks, and of whom.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What the one who asks may do.
    pub rights: &'a Rights,
    /// What the cluster is.
    pub image: &'a Image,
    /// The cluster's id.
    pub cluster_id: &'a str,
    /// The listener that the request came in on.
    pub listener: &'a str,
    /// This node, as the listener's clients reach it.
    pub own: &'a MetadataResponseBroker,
    /// The request's version.
    pub version: i16,
}

/// Answers, and creates topics that are asked for if the request and the broker allow it.
pub async fn answer(ctx: &Ctx, request: MetadataRequest) -> MetadataResponse {
    let image = ctx.broker.image();
    let own = own(&ctx.broker.config, &ctx.caller.listener);
    let rights = ctx.rights();
    let view = View {
        rights: &rights,
        image: &image,
        cluster_id: &ctx.broker.cluster_id,
        listener: &ctx.caller.listener,
        own: &own,
        version: ctx.version,
    };
    let mut response = describe(&view, &request);
    let allowed = (ctx.version < 4 || request.allow_auto_topic_creation)
        && settings::layers(&image, &ctx.broker.config).flag("auto.create.topics.enable");
    if allowed {
        forbid_creation(&rights, &mut response);
        create_missing(ctx, &image, &mut response).await;
    }
    response
}

/// The answer by what is known, creating nothing.
pub fn describe(view: &View<'_>, request: &MetadataRequest) -> MetadataResponse {
    let mut response = cluster(view, request);
    let operations = request.include_topic_authorized_operations;
    let asked = match &request.topics {
        Some(topics) if view.version > 0 || !topics.is_empty() => topics,
        _ => {
            let all = view.image.topics.values();
            let all = all.filter(|topic| view.rights.may(&needs::METADATA_TOPIC, &topic.name));
            response.topics = all.map(|topic| known(view, topic, operations)).collect();
            return response;
        }
    };
    if view.version < 12 && asked.iter().any(is_by_id) {
        response.topics = asked.iter().map(by_id_too_early).collect();
        return response;
    }
    let mut found = BTreeMap::new();
    for topic in asked {
        let place = (topic.name.as_deref().unwrap_or_default(), topic.topic_id);
        found
            .entry(place)
            .or_insert_with(|| one(view, topic, operations));
    }
    response.topics = found.into_values().collect();
    response
}

fn cluster(view: &View<'_>, request: &MetadataRequest) -> MetadataResponse {
    MetadataResponse {
        brokers: listed(view),
        cluster_id: Some(view.cluster_id.to_owned()),
        controller_id: topology::told_controller(view.image, view.listener, view.own.node_id),
        cluster_authorized_operations: if !request.include_cluster_authorized_operations {
            i32::MIN
        } else if view.rights.may_cluster(&needs::METADATA_OPERATIONS) {
            view.rights.operations(ResourceKind::Cluster, CLUSTER)
        } else {
            0
        },
        ..MetadataResponse::default()
    }
}

/// Who is alive; where nobody is, this node, which is being talked to. Kafka's brokers answer nobody before they are
/// unfenced. A client that is told of no broker at all has nobody left to ask: librdkafka 2.12 forgets every address
/// then, those it was given included, and never connects again.
fn listed(view: &View<'_>) -> Vec<MetadataResponseBroker> {
    let brokers = topology::reachable(view.image, view.listener, false);
    let mut listed: Vec<_> = brokers
        .map(|(broker, at)| MetadataResponseBroker {
            node_id: broker.registration.id,
            host: at.host.clone(),
            port: i32::from(at.port),
            rack: broker.registration.rack.clone(),
            ..MetadataResponseBroker::default()
        })
        .collect();
    if listed.is_empty() {
        listed.push(view.own.clone());
    }
    listed
}

fn own(config: &NodeConfig, listener: &str) -> MetadataResponseBroker {
    let mut listeners = config.listeners.iter();
    let advertised = listeners.find(|known| known.name == listener);
    let (host, port) = advertised.map_or_else(Default::default, |known| known.advertised.clone());
    MetadataResponseBroker {
        node_id: config.node_id,
        host,
        port: i32::from(port),
        rack: config.rack.clone(),
        ..MetadataResponseBroker::default()
    }
}

/// Ids cannot be used before version 12, and a name must be there (rule 9).
fn is_by_id(topic: &MetadataRequestTopic) -> bool {
    !topic.topic_id.is_zero() || topic.name.is_none()
}

fn by_id_too_early(topic: &MetadataRequestTopic) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: ErrorCode::INVALID_REQUEST,
        name: Some(topic.name.clone().unwrap_or_default()),
        topic_id: topic.topic_id,
        ..MetadataResponseTopic::default()
    }
}

fn one(view: &View<'_>, asked: &MetadataRequestTopic, operations: bool) -> MetadataResponseTopic {
    if is_by_id(asked) {
        let Some(topic) = view.image.topic_by_id(asked.topic_id) else {
            return MetadataResponseTopic {
                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                name: None,
                topic_id: asked.topic_id,
                ..MetadataResponseTopic::default()
            };
        };
        return match view.rights.check(&needs::METADATA_TOPIC, &topic.name) {
            Ok(()) => known(view, topic, operations),
            Err(error_code) => MetadataResponseTopic {
                error_code,
                name: None,
                topic_id: asked.topic_id,
                ..MetadataResponseTopic::default()
            },
        };
    }
    let name = asked.name.as_deref().unwrap_or_default();
    // Whether the topic exists is not looked at: nobody may learn it who may not describe it.
    if let Err(error_code) = view.rights.check(&needs::METADATA_TOPIC, name) {
        return MetadataResponseTopic {
            error_code,
            name: Some(name.to_owned()),
            ..MetadataResponseTopic::default()
        };
    }
    match view.image.topics.get(name) {
        Some(topic) => known(view, topic, operations),
        None => MetadataResponseTopic {
            error_code: topology::missing(name),
            name: Some(name.to_owned()),
            is_internal: topology::is_internal(name),
            ..MetadataResponseTopic::default()
        },
    }
}

fn known(view: &View<'_>, topic: &Topic, operations: bool) -> MetadataResponseTopic {
    let partitions = (0..).zip(&topic.partitions);
    MetadataResponseTopic {
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        is_internal: topology::is_internal(&topic.name),
        partitions: partitions
            .map(|(index, state)| partition(view, index, state))
            .collect(),
        topic_authorized_operations: if operations {
            view.rights.operations(ResourceKind::Topic, &topic.name)
        } else {
            i32::MIN
        },
        ..MetadataResponseTopic::default()
    }
}

fn partition(view: &View<'_>, index: i32, state: &PartitionState) -> MetadataResponsePartition {
    let (leader_id, error) = topology::leader(view.image, view.listener, state);
    let too_new = error == ErrorCode::LISTENER_NOT_FOUND && view.version < 6;
    MetadataResponsePartition {
        error_code: if too_new {
            ErrorCode::LEADER_NOT_AVAILABLE
        } else {
            error
        },
        partition_index: index,
        leader_id,
        leader_epoch: state.leader_epoch,
        replica_nodes: state.replicas.clone(),
        isr_nodes: state.isr.clone(),
        offline_replicas: topology::offline(view.image, view.listener, state),
        ..MetadataResponsePartition::default()
    }
}

/// Denies topics that do not exist and that the one who asks may not make by asking.
fn forbid_creation(rights: &Rights, response: &mut MetadataResponse) {
    let missing = response.topics.iter_mut().filter(|topic| is_missing(topic));
    for topic in missing {
        let name = topic.name.as_deref().unwrap_or_default();
        if rights.may_cluster(&needs::METADATA_CREATE_ANY) {
            return;
        }
        if let Err(error_code) = rights.check(&needs::METADATA_CREATE, name) {
            topic.error_code = error_code;
            topic.topic_authorized_operations = i32::MIN;
        }
    }
}

/// Whether a topic was asked for by name and does not exist.
fn is_missing(topic: &MetadataResponseTopic) -> bool {
    topic.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
}

/// Creates topics that are asked for by name and do not exist. Their first answer says that they
/// have no leader yet (rule 10), or why they cannot be created.
async fn create_missing(ctx: &Ctx, image: &Image, response: &mut MetadataResponse) {
    let layers = settings::layers(image, &ctx.broker.config);
    let missing = |topic: &&mut MetadataResponseTopic| is_missing(topic);
    let topics: Vec<_> = response
        .topics
        .iter_mut()
        .filter(missing)
        .filter_map(|topic| topic.name.as_deref())
        .map(|name| create_topics::automatic(name, &layers))
        .collect();
    if topics.is_empty() {
        return;
    }
    let request = CreateTopicsRequest {
        topics,
        timeout_ms: CREATION_MS,
        ..CreateTopicsRequest::default()
    };
    let created: Result<CreateTopicsResponse, Failure> =
        forward::submit_as(ctx, request, true, forward::deadline(CREATION_MS)).await;
    let results = match &created {
        Ok(created) => created.topics.as_slice(),
        Err(failure) => {
            log::warn!(
                "topics that were asked for are not created: {}",
                failure.message
            );
            return;
        }
    };
    for topic in response.topics.iter_mut().filter(missing) {
        let result = results
            .iter()
            .find(|one| Some(&one.name) == topic.name.as_ref());
        topic.error_code = result.map_or(topic.error_code, first_answer);
    }
}

fn first_answer(created: &CreatableTopicResult) -> ErrorCode {
    match created.error_code {
        ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS => ErrorCode::LEADER_NOT_AVAILABLE,
        retriable if retriable.is_retriable() => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        refusal => refusal,
    }
}
