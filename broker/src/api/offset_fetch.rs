//! `OffsetFetch` (9): committed offsets, of several groups at once from version 8 (rule 65,
//! KIP-709). Offsets are stable as there are no transactions: `require_stable` changes nothing.

use std::collections::BTreeMap;

use super::Ctx;
use crate::group::{Groups, OffsetValue};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::offset_fetch::{
    OffsetFetchRequestTopic, OffsetFetchRequestTopics, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use crate::wire::messages::{OffsetFetchRequest, OffsetFetchResponse};

/// First version that asks for several groups.
const BATCHED_VERSION: i16 = 8;
/// First version with an error of the whole answer.
const TOP_ERROR_VERSION: i16 = 2;

/// Partitions by topic, or all.
type Which = Option<Vec<(String, Vec<i32>)>>;
/// What is told of each partition.
type Told = Vec<(String, Vec<(i32, Option<OffsetValue>)>)>;

/// Asks the coordinator, group by group.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let groups = &ctx.broker.groups;
    if ctx.version < BATCHED_VERSION {
        let which = request
            .topics
            .map(|topics| topics.into_iter().map(old).collect());
        return one(groups, &request.group_id, which, ctx.version);
    }
    let asked = request.groups.into_iter().map(|group| {
        let which: Which = group
            .topics
            .map(|topics| topics.into_iter().map(new).collect());
        many(
            group.group_id.clone(),
            fetch(groups, &group.group_id, which.as_ref()),
        )
    });
    OffsetFetchResponse {
        groups: asked.collect(),
        ..OffsetFetchResponse::default()
    }
}

fn old(topic: OffsetFetchRequestTopic) -> (String, Vec<i32>) {
    (topic.name, topic.partition_indexes)
}

fn new(topic: OffsetFetchRequestTopics) -> (String, Vec<i32>) {
    (topic.name, topic.partition_indexes)
}

fn fetch(
    groups: &Groups,
    group: &str,
    which: Option<&Vec<(String, Vec<i32>)>>,
) -> Result<Told, ErrorCode> {
    let Some(which) = which else {
        let mut told: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (topic, index, value) in groups.fetch(group, None)? {
            told.entry(topic).or_default().push((index, Some(value)));
        }
        return Ok(told.into_iter().collect());
    };
    let pairs = which.iter();
    let pairs = pairs.flat_map(|(topic, at)| at.iter().map(|index| (topic.as_str(), *index)));
    let found = groups.fetch(group, Some(&pairs.collect::<Vec<_>>()))?;
    let mut found: BTreeMap<(String, i32), OffsetValue> = found
        .into_iter()
        .map(|(topic, index, value)| ((topic, index), value))
        .collect();
    let mut told = Vec::with_capacity(which.len());
    for (topic, at) in which {
        let values = at.iter();
        let values = values.map(|index| (*index, found.remove(&(topic.clone(), *index))));
        told.push((topic.clone(), values.collect()));
    }
    Ok(told)
}

/// The answer for the one group of older versions.
fn one(groups: &Groups, group: &str, which: Which, version: i16) -> OffsetFetchResponse {
    let (told, code) = match fetch(groups, group, which.as_ref()) {
        Ok(told) => (told, ErrorCode::NONE),
        // Version 1 has errors of partitions alone.
        Err(code) if version < TOP_ERROR_VERSION => (nothing(which), code),
        Err(code) => (Vec::new(), code),
    };
    let topics = told.into_iter().map(|(name, partitions)| {
        let partition = |(index, value)| old_partition(index, value, code);
        OffsetFetchResponseTopic {
            name,
            partitions: partitions.into_iter().map(partition).collect(),
            ..OffsetFetchResponseTopic::default()
        }
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: code,
        ..OffsetFetchResponse::default()
    }
}

fn nothing(which: Which) -> Told {
    let topics = which.unwrap_or_default().into_iter();
    topics
        .map(|(topic, at)| (topic, at.into_iter().map(|index| (index, None)).collect()))
        .collect()
}

fn old_partition(
    index: i32,
    value: Option<OffsetValue>,
    error_code: ErrorCode,
) -> OffsetFetchResponsePartition {
    let value = value.unwrap_or(NOTHING);
    OffsetFetchResponsePartition {
        partition_index: index,
        committed_offset: value.offset,
        committed_leader_epoch: value.leader_epoch,
        metadata: Some(value.metadata),
        error_code,
        ..OffsetFetchResponsePartition::default()
    }
}

/// The answer for one group of several.
fn many(group_id: String, told: Result<Told, ErrorCode>) -> OffsetFetchResponseGroup {
    let error_code = told.as_ref().err().copied().unwrap_or_default();
    let topics = told.unwrap_or_default().into_iter();
    OffsetFetchResponseGroup {
        group_id,
        error_code,
        topics: topics
            .map(|(name, partitions)| OffsetFetchResponseTopics {
                name,
                partitions: partitions.into_iter().map(new_partition).collect(),
                ..OffsetFetchResponseTopics::default()
            })
            .collect(),
        ..OffsetFetchResponseGroup::default()
    }
}

fn new_partition((index, value): (i32, Option<OffsetValue>)) -> OffsetFetchResponsePartitions {
    let value = value.unwrap_or(NOTHING);
    OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: value.offset,
        committed_leader_epoch: value.leader_epoch,
        metadata: Some(value.metadata),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// What is told where nothing is committed: no error (rule 65).
const NOTHING: OffsetValue = OffsetValue {
    offset: -1,
    leader_epoch: -1,
    metadata: String::new(),
    committed_ms: -1,
    expires_ms: None,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_committed_is_minus_one_and_an_empty_text_without_an_error() {
        let told = many("g".into(), Ok(vec![("t".into(), vec![(3, None)])]));
        let partition = &told.topics[0].partitions[0];
        assert_eq!(
            (partition.partition_index, partition.committed_offset),
            (3, -1)
        );
        assert_eq!(partition.metadata.as_deref(), Some(""));
        assert_eq!(
            (partition.error_code, told.error_code),
            (ErrorCode::NONE, ErrorCode::NONE)
        );
    }

    #[test]
    fn an_error_of_a_group_leaves_its_topics_out() {
        let told = many("g".into(), Err(ErrorCode::NOT_COORDINATOR));
        assert_eq!(told.error_code, ErrorCode::NOT_COORDINATOR);
        assert!(told.topics.is_empty());
    }
}
