//! `CreateTopics` (19): the controller decides (rule 71); this node answers once it knows the new
//! topics itself.

use std::collections::BTreeMap;

use super::access::Rights;
use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::config::Layers;
use crate::meta::image::Image;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreatableTopicResult,
};
use crate::wire::messages::{CreateTopicsRequest, CreateTopicsResponse};

/// The first version whose clients know `THROTTLING_QUOTA_EXCEEDED`.
const STRICT_FROM: i16 = 6;
/// The topic that the metadata is to clients: nobody makes it.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// Asks the controller; the answer comes when this node knows the new topics.
pub async fn answer(ctx: &Ctx, mut request: CreateTopicsRequest) -> CreateTopicsResponse {
    let rights = ctx.rights();
    let denied = take_denied(&rights, &mut request);
    let mut response = if request.topics.is_empty() && !denied.is_empty() {
        CreateTopicsResponse::default()
    } else {
        create(ctx, request).await
    };
    hide_configs(&rights, &mut response);
    response.topics.extend(denied);
    response
}

/// Takes the topics out of a request that the one who asks may not create, with what is told of them. Names that
/// are there twice stay: they are refused anyway.
fn take_denied(rights: &Rights, request: &mut CreateTopicsRequest) -> Vec<CreatableTopicResult> {
    if rights.may_cluster(&needs::CREATE_ANY) {
        return Vec::new();
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.clone()).or_default() += 1;
    }
    let mut denied = Vec::new();
    request.topics.retain(|topic| {
        let is_once = times.get(&topic.name) == Some(&1);
        let allowed = if is_once && topic.name != METADATA_TOPIC {
            rights.check(&needs::CREATE_TOPIC, &topic.name)
        } else {
            Ok(())
        };
        denied.extend(allowed.err().map(|error_code| CreatableTopicResult {
            name: topic.name.clone(),
            error_code,
            error_message: Some("Authorization failed.".to_owned()),
            ..CreatableTopicResult::default()
        }));
        allowed.is_ok()
    });
    denied
}

/// Leaves out what topics were made with, where the one who asks may not know it.
fn hide_configs(rights: &Rights, response: &mut CreateTopicsResponse) {
    let made = response
        .topics
        .iter_mut()
        .filter(|topic| topic.error_code.is_ok());
    for topic in made {
        if !rights.may(&needs::CREATED_CONFIGS, &topic.name) {
            topic.topic_config_error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
            topic.configs = Some(Vec::new());
            topic.num_partitions = -1;
            topic.replication_factor = -1;
        }
    }
}

async fn create(ctx: &Ctx, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let until = forward::deadline(request.timeout_ms);
    let asked = forward::submit_within_quota(ctx, request.clone(), STRICT_FROM, until).await;
    let response: CreateTopicsResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    if !request.validate_only {
        forward::seen(ctx, until, |image| {
            created(&response).all(|topic| is_known(image, topic))
        })
        .await;
    }
    response
}

/// Whether an image has a topic that was created, whole.
fn is_known(image: &Image, topic: &CreatableTopicResult) -> bool {
    let wanted = usize::try_from(topic.num_partitions).unwrap_or(0);
    let known = image.topics.get(topic.name.as_str());
    known.is_some_and(|known| known.partitions.len() >= wanted)
}

fn created(response: &CreateTopicsResponse) -> impl Iterator<Item = &CreatableTopicResult> {
    response
        .topics
        .iter()
        .filter(|topic| topic.error_code.is_ok())
}

/// Every topic with the reason why the controller could not be asked.
pub fn refused(request: &CreateTopicsRequest, failure: &Failure) -> CreateTopicsResponse {
    let result = |topic: &CreatableTopic| CreatableTopicResult {
        name: topic.name.clone(),
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..CreatableTopicResult::default()
    };
    CreateTopicsResponse {
        topics: request.topics.iter().map(result).collect(),
        ..CreateTopicsResponse::default()
    }
}

/// The topic that is made when somebody needs one of this name: as the broker's defaults say, or,
/// for a topic of the brokers' own, as its settings say (rule 10).
pub fn automatic(name: &str, layers: &Layers<'_>) -> CreatableTopic {
    let settings: &[(&str, &str)] = match name {
        "__consumer_offsets" => &[
            ("cleanup.policy", "compact"),
            ("compression.type", "producer"),
        ],
        "__transaction_state" => &[
            ("cleanup.policy", "compact"),
            ("compression.type", "uncompressed"),
            ("unclean.leader.election.enable", "false"),
        ],
        _ => {
            return CreatableTopic {
                name: name.to_owned(),
                num_partitions: -1,
                replication_factor: -1,
                ..CreatableTopic::default()
            };
        }
    };
    let (prefix, min_isr) = match name {
        "__consumer_offsets" => ("offsets.topic", None),
        _ => (
            "transaction.state.log",
            Some("transaction.state.log.min.isr"),
        ),
    };
    let number = |key: &str| layers.number(&format!("{prefix}.{key}"));
    let config = |key: &str, value: String| CreatableTopicConfig {
        name: key.to_owned(),
        value: Some(value),
        ..CreatableTopicConfig::default()
    };
    let mut configs: Vec<_> = settings
        .iter()
        .map(|(key, value)| config(key, (*value).to_owned()))
        .collect();
    configs.extend(number("segment.bytes").map(|bytes| config("segment.bytes", bytes.to_string())));
    let min_isr = min_isr.and_then(|key| layers.number(key));
    configs.extend(min_isr.map(|least| config("min.insync.replicas", least.to_string())));
    CreatableTopic {
        name: name.to_owned(),
        num_partitions: narrow(number("num.partitions")).unwrap_or(-1),
        replication_factor: narrow(number("replication.factor")).unwrap_or(-1),
        configs,
        ..CreatableTopic::default()
    }
}

fn narrow<N: TryFrom<i64>>(number: Option<i64>) -> Option<N> {
    N::try_from(number?).ok()
}
