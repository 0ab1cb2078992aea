//! `CreateTopics` and `DeleteTopics` (rules 71, 72).

use std::collections::BTreeSet;

use crate::config::keys::{self, Audience};
use crate::config::layers::Layers;
use crate::config::topic::{Values, explain};
use crate::meta::image::Image;
use crate::meta::record::{PartitionState, Record, Resource};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreatableTopicConfigs, CreatableTopicResult,
};
use crate::wire::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use crate::wire::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};
use crate::wire::uuid::Uuid;

use super::Controller;
use super::assignment::{MAX_NEW_PARTITIONS, Refusal, new_partition};
use super::draft::Draft;
use super::named::{Mode, TWICE, each_named};
use super::topic_name::{check_name, find_collision};

impl Controller {
    /// Creates topics, or only checks that it could.
    pub(super) fn create_topics(
        &mut self,
        draft: &mut Draft,
        request: &CreateTopicsRequest,
    ) -> CreateTopicsResponse {
        let mut room = MAX_NEW_PARTITIONS;
        let mode = Mode::of(request.validate_only);
        let name = |topic: &CreatableTopic| topic.name.clone();
        let results = each_named(
            draft,
            mode,
            &request.topics,
            (name, TWICE),
            |draft, topic| self.create_topic(draft, topic, &mut room),
        );
        let results = results.into_iter();
        CreateTopicsResponse {
            topics: results
                .map(|(topic, result)| created(&topic.name, result))
                .collect(),
            ..Default::default()
        }
    }

    fn create_topic(
        &mut self,
        draft: &mut Draft,
        topic: &CreatableTopic,
        room: &mut usize,
    ) -> Result<CreatableTopicResult, Refusal> {
        check_new_name(&draft.image, &topic.name)?;
        let configs = check_configs(&topic.configs)?;
        let assignment = self.assign(&draft.image, topic, *room)?;
        draft.allowance.take(assignment.len())?;
        *room = room.saturating_sub(assignment.len());
        let partitions = assignment
            .iter()
            .map(|replicas| new_partition(&draft.image, replicas));
        let partitions: Vec<PartitionState> = partitions.collect();
        let result = CreatableTopicResult {
            name: topic.name.clone(),
            topic_id: self.new_topic_id(&draft.image),
            num_partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
            replication_factor: assignment.first().map_or(-1, |replicas| {
                i16::try_from(replicas.len()).unwrap_or(i16::MAX)
            }),
            configs: Some(self.describe_configs(&draft.image, &configs)),
            ..Default::default()
        };
        draft.push(Record::Topic {
            id: result.topic_id,
            name: topic.name.clone(),
        });
        for (key, value) in configs {
            draft.push(Record::Config {
                resource: Resource::Topic(topic.name.clone()),
                key,
                value: Some(value),
            });
        }
        for (index, state) in (0_i32..).zip(partitions) {
            draft.set_partition(result.topic_id, index, state);
        }
        Ok(result)
    }

    /// What is in force for a new topic, for the answer (KIP-525).
    fn describe_configs(&self, image: &Image, own: &Values) -> Vec<CreatableTopicConfigs> {
        let layers = Layers {
            broker: None,
            cluster: image
                .config(&Resource::Broker(None))
                .map(|values| &**values),
            file: &self.settings.broker_defaults,
        };
        let shown = keys::topics().filter(|key| key.audience == Audience::Shown);
        let entries = shown.map(|key| explain(key, Some(own), &layers));
        entries
            .map(|entry| CreatableTopicConfigs {
                name: entry.key.name.to_owned(),
                is_sensitive: entry.key.is_sensitive(),
                config_source: entry.source.number(),
                value: entry.value,
                ..Default::default()
            })
            .collect()
    }

    /// A random id (UUID version 4) that is new; never one that command lines take for an option.
    fn new_topic_id(&mut self, image: &Image) -> Uuid {
        loop {
            let random = self.random.u128(..);
            let id = random & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
            let id = Uuid(id.to_be_bytes());
            if !id.to_string().starts_with('-') && !image.topic_names.contains_key(&id) {
                return id;
            }
        }
    }

    /// Deletes topics by name or id.
    pub(super) fn delete_topics(
        &self,
        draft: &mut Draft,
        request: &DeleteTopicsRequest,
    ) -> DeleteTopicsResponse {
        let mut seen = BTreeSet::new();
        let mut response = DeleteTopicsResponse::default();
        for topic in &request.topics {
            let result = match self.find_deletable(&draft.image, topic) {
                Ok((id, _)) if !seen.insert(id) => continue,
                found => found.and_then(|found| {
                    let known = draft.image.topic_by_id(found.0);
                    let partitions = known.map_or(0, |topic| topic.partitions.len());
                    draft.allowance.take(partitions).map(|()| found)
                }),
            };
            if let Ok((id, _)) = result {
                draft.push(Record::RemoveTopic { id });
            }
            response.responses.push(deleted(topic, result));
        }
        response
    }

    fn find_deletable(
        &self,
        image: &Image,
        topic: &DeleteTopicState,
    ) -> Result<(Uuid, String), Refusal> {
        if !self.settings.delete_topic_enable {
            let why = "Topic deletion is disabled by delete.topic.enable=false.".to_owned();
            return Err((ErrorCode::TOPIC_DELETION_DISABLED, why));
        }
        let refuse = |code, why: &str| Err((code, why.to_owned()));
        match (&topic.name, topic.topic_id) {
            (Some(name), Uuid::ZERO) => match image.topics.get(name.as_str()) {
                Some(known) => Ok((known.id, name.clone())),
                None => refuse(
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    "There is no such topic.",
                ),
            },
            (None, Uuid::ZERO) => refuse(
                ErrorCode::INVALID_REQUEST,
                "Neither topic name nor id were specified.",
            ),
            (Some(_), _) => refuse(
                ErrorCode::INVALID_REQUEST,
                "You may not specify both topic name and topic id.",
            ),
            (None, id) => match image.topic_names.get(&id) {
                Some(name) => Ok((id, name.to_string())),
                None => refuse(
                    ErrorCode::UNKNOWN_TOPIC_ID,
                    "There is no topic with this id.",
                ),
            },
        }
    }
}

fn check_new_name(image: &Image, name: &str) -> Result<(), Refusal> {
    check_name(name).map_err(|why| (ErrorCode::INVALID_TOPIC_EXCEPTION, why))?;
    if image.topics.contains_key(name) {
        let why = format!("Topic '{name}' already exists.");
        return Err((ErrorCode::TOPIC_ALREADY_EXISTS, why));
    }
    match find_collision(&image.topics, name) {
        Some(other) => {
            let why = format!("Topic '{name}' collides with existing topic: {other}");
            Err((ErrorCode::INVALID_TOPIC_EXCEPTION, why))
        }
        None => Ok(()),
    }
}

/// The values of a new topic, each checked; of a key that is there twice the last one counts.
fn check_configs(configs: &[CreatableTopicConfig]) -> Result<Values, Refusal> {
    let mut values = Values::new();
    for config in configs {
        let Some(value) = &config.value else {
            let why = format!("Null value not supported for topic config {}.", config.name);
            return Err((ErrorCode::INVALID_CONFIG, why));
        };
        keys::check_topic(&config.name, value)
            .map_err(|bad| (ErrorCode::INVALID_CONFIG, bad.to_string()))?;
        values.insert(config.name.clone(), value.clone());
    }
    Ok(values)
}

fn created(name: &str, result: Result<CreatableTopicResult, Refusal>) -> CreatableTopicResult {
    result.unwrap_or_else(|(error_code, why)| CreatableTopicResult {
        name: name.to_owned(),
        error_code,
        error_message: Some(why),
        ..Default::default()
    })
}

fn deleted(
    topic: &DeleteTopicState,
    result: Result<(Uuid, String), Refusal>,
) -> DeletableTopicResult {
    match result {
        Ok((topic_id, name)) => DeletableTopicResult {
            name: Some(name),
            topic_id,
            ..Default::default()
        },
        Err((error_code, why)) => DeletableTopicResult {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            error_code,
            error_message: Some(why),
            ..Default::default()
        },
    }
}
