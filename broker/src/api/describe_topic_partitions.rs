//! `DescribeTopicPartitions` (75): topics page by page, with eligible leader replicas (rule 12,
//! KIP-966). Pure but for reading the image.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::access::Rights;
use super::{Ctx, needs, topology};
use crate::meta::acl::ResourceKind;
use crate::meta::image::{Image, Topic};
use crate::meta::record::PartitionState;
use crate::meta::settings;
use crate::wire::messages::describe_topic_partitions::{
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic, ResponseCursor,
};
use crate::wire::messages::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

/// Kafka's default of `max.request.partition.size.limit`.
const LIMIT: usize = 2_000;

/// Answers one page.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(
    ctx: &Ctx,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let image = ctx.broker.image();
    let limit = settings::layers(&image, &ctx.broker.config)
        .number("max.request.partition.size.limit")
        .and_then(|limit| usize::try_from(limit).ok());
    describe(
        &image,
        &ctx.caller.listener,
        &request,
        limit.unwrap_or(LIMIT),
        &ctx.rights(),
    )
}

/// One page of at most `limit` partitions, and of as many as the request takes, but at least one.
pub fn describe(
    image: &Image,
    listener: &str,
    request: &DescribeTopicPartitionsRequest,
    limit: usize,
    rights: &Rights,
) -> DescribeTopicPartitionsResponse {
    let asked = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let (from, start) = match &request.cursor {
        Some(cursor) => (
            cursor.topic_name.as_str(),
            usize::try_from(cursor.partition_index).unwrap_or(0),
        ),
        None => ("", 0),
    };
    let mut page = Page {
        image,
        listener,
        rights,
        left: limit.min(asked).max(1),
        response: DescribeTopicPartitionsResponse::default(),
    };
    let start = |name: &str| if name == from { start } else { 0 };
    if request.topics.is_empty() {
        let later = (Bound::Included(from), Bound::Unbounded);
        let seen = |name: &str| rights.may(&needs::PARTITIONS_TOPIC, name);
        let topics = image.topics.range::<str, _>(later);
        for (name, topic) in topics.filter(|(name, _)| seen(name)) {
            if !page.add(name, Some(topic), start(name)) {
                break;
            }
        }
        return page.response;
    }
    let names: BTreeSet<&str> = request.topics.iter().map(|one| one.name.as_str()).collect();
    let mut denied = Vec::new();
    let mut seen = Vec::new();
    for name in names.range(from..) {
        match rights.check(&needs::PARTITIONS_TOPIC, name) {
            Ok(()) => seen.push(name),
            Err(error_code) => denied.push(DescribeTopicPartitionsResponseTopic {
                error_code,
                name: Some((*name).to_owned()),
                ..DescribeTopicPartitionsResponseTopic::default()
            }),
        }
    }
    for name in seen {
        let topic = image.topics.get(*name).map(AsRef::as_ref);
        if !page.add(name, topic, start(name)) {
            break;
        }
    }
    page.response.topics.extend(denied);
    page.response
}

struct Page<'a> {
    image: &'a Image,
    listener: &'a str,
    rights: &'a Rights,
    left: usize,
    response: DescribeTopicPartitionsResponse,
}

impl Page<'_> {
    /// Adds a topic from a partition on; says whether there is room for more.
    fn add(&mut self, name: &str, topic: Option<&Topic>, start: usize) -> bool {
        if self.left == 0 {
            self.ends_before(name, start);
            return false;
        }
        let Some(topic) = topic else {
            let unknown = DescribeTopicPartitionsResponseTopic {
                error_code: topology::missing(name),
                name: Some(name.to_owned()),
                is_internal: topology::is_internal(name),
                topic_authorized_operations: self.rights.operations(ResourceKind::Topic, name),
                ..DescribeTopicPartitionsResponseTopic::default()
            };
            self.response.topics.push(unknown);
            return true;
        };
        let partitions = (0..).zip(&topic.partitions).skip(start).take(self.left);
        let described = DescribeTopicPartitionsResponseTopic {
            name: Some(name.to_owned()),
            topic_id: topic.id,
            is_internal: topology::is_internal(name),
            partitions: partitions
                .map(|(index, state)| self.partition(index, state))
                .collect(),
            topic_authorized_operations: self.rights.operations(ResourceKind::Topic, name),
            ..DescribeTopicPartitionsResponseTopic::default()
        };
        self.left -= described.partitions.len();
        let end = start + described.partitions.len();
        self.response.topics.push(described);
        if end < topic.partitions.len() {
            self.ends_before(name, end);
            return false;
        }
        true
    }

    fn ends_before(&mut self, topic: &str, partition: usize) {
        self.response.next_cursor = Some(ResponseCursor {
            topic_name: topic.to_owned(),
            partition_index: i32::try_from(partition).unwrap_or(i32::MAX),
            ..ResponseCursor::default()
        });
    }

    fn partition(
        &self,
        index: i32,
        state: &PartitionState,
    ) -> DescribeTopicPartitionsResponsePartition {
        let (leader_id, error_code) = topology::leader(self.image, self.listener, state);
        DescribeTopicPartitionsResponsePartition {
            error_code,
            partition_index: index,
            leader_id,
            leader_epoch: state.leader_epoch,
            replica_nodes: state.replicas.clone(),
            isr_nodes: state.isr.clone(),
            eligible_leader_replicas: Some(state.elr.clone()),
            last_known_elr: Some(state.last_known_elr.clone()),
            offline_replicas: topology::offline(self.image, self.listener, state),
            ..DescribeTopicPartitionsResponsePartition::default()
        }
    }
}
