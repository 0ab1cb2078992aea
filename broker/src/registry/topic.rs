//! Makes `_schemas` when something is to be written for the first time: one compacted partition, with
//! as many copies as the broker's defaults say.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::record::SCHEMAS_TOPIC;
use super::refusal::Refusal;
use super::shell::Registry;
use crate::meta::command::Reply;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use crate::wire::messages::{CreateTopicsRequest, CreateTopicsResponse};

/// How long the controller may take.
const CREATE: Duration = Duration::from_secs(5);

impl Registry {
    /// Returns once there is the topic, and somebody leads it.
    pub(super) async fn prepare_topic(&self, until: Instant) -> Result<(), Refusal> {
        if !self.image().topics.contains_key(SCHEMAS_TOPIC) {
            self.create_topic(until).await?;
        }
        let mut images = self.ground.quorum.images();
        let led = images.wait_for(|image| {
            let state = image.partition(SCHEMAS_TOPIC, 0);
            state.is_some_and(|state| image.is_active(state.leader))
        });
        match timeout_at(until, led).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Refusal::unknown_leader("The topic _schemas has no leader")),
        }
    }

    async fn create_topic(&self, until: Instant) -> Result<(), Refusal> {
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: SCHEMAS_TOPIC.to_owned(),
                num_partitions: 1,
                replication_factor: -1,
                configs: vec![CreatableTopicConfig {
                    name: "cleanup.policy".to_owned(),
                    value: Some("compact".to_owned()),
                    ..CreatableTopicConfig::default()
                }],
                ..CreatableTopic::default()
            }],
            timeout_ms: i32::try_from(CREATE.as_millis()).unwrap_or(i32::MAX),
            ..CreateTopicsRequest::default()
        };
        let asked = timeout_at(until, self.ground.quorum.submit(request.into())).await;
        let failed = |why: &dyn std::fmt::Display| {
            Refusal::store(format_args!("The topic _schemas cannot be made: {why}"))
        };
        let reply: Reply = asked
            .map_err(|_| failed(&"the controller did not answer in time"))?
            .map_err(|error| failed(&error))?;
        let answer = CreateTopicsResponse::try_from(reply);
        let answer = answer.map_err(|_| failed(&"the controller answered another question"))?;
        for topic in &answer.topics {
            match topic.error_code {
                ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS => {}
                code => {
                    let why = topic.error_message.clone().unwrap_or_default();
                    return Err(failed(&format_args!("{code} {why}")));
                }
            }
        }
        Ok(())
    }
}
