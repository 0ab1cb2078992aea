//! `FindCoordinator` (10): which broker coordinates a group (rule 57, KIP-699). The first who asks
//! makes `__consumer_offsets`. Only an active leader counts, at its address of the asker's listener.

use super::access::Need;
use super::forward;
use super::topology;
use super::{Ctx, needs};
use crate::group::{GroupSettings, OFFSETS_TOPIC};
use crate::meta::image::Image;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use crate::wire::messages::find_coordinator::Coordinator;
use crate::wire::messages::{
    CreateTopicsRequest, CreateTopicsResponse, FindCoordinatorRequest, FindCoordinatorResponse,
};

/// First version that asks for many keys at once.
const BATCHED_VERSION: i16 = 4;
/// First version that knows share groups.
const SHARE_VERSION: i16 = 6;
/// How long the controller may take to make the topic, in milliseconds.
const CREATE_TIMEOUT_MS: i32 = 5_000;

/// Answers from the metadata, once the topic exists.
pub async fn answer(ctx: &Ctx, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let keys = match ctx.version {
        BATCHED_VERSION.. => request.coordinator_keys,
        _ => vec![request.key],
    };
    let mut found = Vec::with_capacity(keys.len());
    let refused = refusal(request.key_type);
    let rights = ctx.rights();
    let denied = |key: &str| match request.key_type {
        0 => told(&needs::FIND_GROUP, rights.check(&needs::FIND_GROUP, key)),
        1 => {
            let need = &needs::FIND_TRANSACTION;
            told(need, rights.check(need, key))
        }
        2 if ctx.version >= SHARE_VERSION => {
            let allowed = rights.check_cluster(&needs::FIND_SHARE);
            told(&needs::FIND_SHARE, allowed.map_err(|refused| refused.code))
        }
        _ => None,
    };
    let denied: Vec<_> = keys.iter().map(|key| denied(key)).collect();
    if refused.is_none() && denied.iter().any(Option::is_none) {
        create_topic(ctx).await;
    }
    let image = ctx.broker.image();
    for (key, denied) in keys.into_iter().zip(denied) {
        let place = match (denied, &refused) {
            (Some(denied), _) => Err(denied),
            (None, Some(why)) => Err((ErrorCode::INVALID_REQUEST, (*why).to_owned())),
            (None, None) => locate(ctx, &image, &key),
        };
        found.push(place.unwrap_or_else(|(error_code, message)| Coordinator {
            node_id: -1,
            port: -1,
            error_code,
            error_message: Some(message),
            ..Coordinator::default()
        }));
        if let Some(last) = found.last_mut() {
            last.key = key;
        }
    }
    respond(ctx.version, found)
}

/// A denial, as it is told.
fn told(need: &Need, allowed: Result<(), ErrorCode>) -> Option<(ErrorCode, String)> {
    let code = allowed.err()?;
    Some((code, need.message().to_owned()))
}

/// Why there are no coordinators of a kind, where there are none.
fn refusal(key_type: i8) -> Option<&'static str> {
    match key_type {
        0 => None,
        1 => Some("this broker has no transaction coordinator"),
        2 => Some("this broker has no share groups"),
        _ => Some("key type is none of 0 (group), 1 (transaction), 2 (share)"),
    }
}

fn respond(version: i16, mut found: Vec<Coordinator>) -> FindCoordinatorResponse {
    if version >= BATCHED_VERSION {
        return FindCoordinatorResponse {
            coordinators: found,
            ..FindCoordinatorResponse::default()
        };
    }
    let one = found.pop().unwrap_or_default();
    FindCoordinatorResponse {
        error_code: one.error_code,
        error_message: one.error_message,
        node_id: one.node_id,
        host: one.host,
        port: one.port,
        ..FindCoordinatorResponse::default()
    }
}

fn locate(ctx: &Ctx, image: &Image, group: &str) -> Result<Coordinator, (ErrorCode, String)> {
    let unavailable = |why: &str| (ErrorCode::COORDINATOR_NOT_AVAILABLE, why.to_owned());
    let topic = image.topics.get(OFFSETS_TOPIC);
    let topic = topic.ok_or_else(|| unavailable("__consumer_offsets does not exist yet"))?;
    let index = crate::group::partition_of(group, topic.partitions.len());
    let state = index.and_then(|index| topic.partitions.get(index));
    let leader = state
        .map(|state| state.leader)
        .filter(|leader| image.is_active(*leader))
        .and_then(|leader| image.brokers.get(&leader))
        .ok_or_else(|| unavailable("its partition of __consumer_offsets has no leader"))?;
    let listener = &*ctx.caller.listener;
    let place = topology::endpoint(leader, listener)
        .ok_or_else(|| unavailable("the coordinator does not listen where you ask"))?;
    Ok(Coordinator {
        node_id: leader.registration.id,
        host: place.host.clone(),
        port: i32::from(place.port),
        ..Coordinator::default()
    })
}

/// Makes `__consumer_offsets` if it is missing and there are brokers enough for it.
async fn create_topic(ctx: &Ctx) {
    let image = ctx.broker.image();
    if image.topics.contains_key(OFFSETS_TOPIC) {
        return;
    }
    let settings = ctx.broker.groups.settings();
    let active = image.brokers.values().filter(|broker| !broker.fenced);
    let wanted = usize::try_from(settings.topic_replication_factor).unwrap_or(usize::MAX);
    if active.count() < wanted {
        log::warn!(
            "{OFFSETS_TOPIC} needs {wanted} active brokers (offsets.topic.replication.factor)"
        );
        return;
    }
    let until = forward::deadline(CREATE_TIMEOUT_MS);
    let asked = forward::submit(&ctx.broker, creation(settings), until).await;
    let answer: CreateTopicsResponse = match asked {
        Ok(answer) => answer,
        Err(failure) => {
            log::warn!("{OFFSETS_TOPIC} is not made yet: {}", failure.message);
            return;
        }
    };
    for topic in &answer.topics {
        match topic.error_code {
            ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS => {
                forward::seen(ctx, until, |image| image.topics.contains_key(OFFSETS_TOPIC)).await;
            }
            code => log::warn!(
                "{OFFSETS_TOPIC} is not made: {code} {}",
                topic.error_message.as_deref().unwrap_or_default()
            ),
        }
    }
}

fn creation(settings: &GroupSettings) -> CreateTopicsRequest {
    let configs = [
        ("cleanup.policy", "compact".to_owned()),
        ("compression.type", "producer".to_owned()),
        ("segment.bytes", settings.topic_segment_bytes.to_string()),
    ];
    CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: OFFSETS_TOPIC.to_owned(),
            num_partitions: settings.topic_partitions,
            replication_factor: settings.topic_replication_factor,
            configs: configs
                .into_iter()
                .map(|(name, value)| CreatableTopicConfig {
                    name: name.to_owned(),
                    value: Some(value),
                    ..CreatableTopicConfig::default()
                })
                .collect(),
            ..CreatableTopic::default()
        }],
        timeout_ms: CREATE_TIMEOUT_MS,
        ..CreateTopicsRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_have_coordinators_here() {
        assert_eq!(refusal(0), None);
        assert!(refusal(1).is_some() && refusal(2).is_some() && refusal(9).is_some());
    }

    #[test]
    fn before_version_four_the_one_answer_stands_at_the_top() {
        let one = || Coordinator {
            node_id: 3,
            host: "b3".into(),
            ..Coordinator::default()
        };
        assert_eq!(respond(3, vec![one()]).node_id, 3);
        let batched = respond(4, vec![one(), one()]);
        assert_eq!((batched.node_id, batched.coordinators.len()), (0, 2));
    }

    #[test]
    fn the_offsets_topic_is_compacted() {
        let asked = creation(&GroupSettings::default());
        let topic = &asked.topics[0];
        assert_eq!((topic.num_partitions, topic.replication_factor), (50, 3));
        let config = |index: usize| topic.configs[index].value.as_deref();
        assert_eq!(config(0), Some("compact"));
        assert_eq!(config(2), Some("104857600"));
    }
}
