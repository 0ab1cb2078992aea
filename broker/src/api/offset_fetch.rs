//! `OffsetFetch` (9): committed offsets, of several groups at once from version 8 (rule 65,
//! KIP-709). Offsets are stable as there are no transactions: `require_stable` changes nothing.

use std::collections::BTreeMap;

use super::access::Rights;
use super::{Ctx, needs};
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
/// What is told of one partition: its offset, if it has one, or why not.
type Known = Result<Option<OffsetValue>, ErrorCode>;
/// What is told of each partition.
type Told = Vec<(String, Vec<(i32, Known)>)>;

/// Whom is told what: the groups, and what the one who asks may see.
struct Desk<'a> {
    groups: &'a Groups,
    rights: Rights,
}

/// Asks the coordinator, group by group.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let desk = Desk {
        groups: &ctx.broker.groups,
        rights: ctx.rights(),
    };
    if ctx.version < BATCHED_VERSION {
        let which = request
            .topics
            .map(|topics| topics.into_iter().map(old).collect());
        return one(&desk, &request.group_id, which, ctx.version);
    }
    let asked = request.groups.into_iter().map(|group| {
        let which: Which = group
            .topics
            .map(|topics| topics.into_iter().map(new).collect());
        many(
            group.group_id.clone(),
            desk.fetch(&group.group_id, which.as_ref()),
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

impl Desk<'_> {
    fn fetch(
        &self,
        group: &str,
        which: Option<&Vec<(String, Vec<i32>)>>,
    ) -> Result<Told, ErrorCode> {
        self.rights.check(&needs::OFFSETS_GROUP, group)?;
        match which {
            Some(which) => self.fetch_some(group, which),
            None => self.fetch_all(group),
        }
    }

    /// All offsets of a group, but for those of topics that the one who asks must not know of.
    fn fetch_all(&self, group: &str) -> Result<Told, ErrorCode> {
        let mut told: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (topic, index, value) in self.groups.fetch(group, None)? {
            let of_topic = told.entry(topic).or_default();
            of_topic.push((index, Ok(Some(value))));
        }
        told.retain(|topic, _| self.rights.may(&needs::OFFSETS_TOPIC, topic));
        Ok(told.into_iter().collect())
    }

    fn fetch_some(&self, group: &str, which: &[(String, Vec<i32>)]) -> Result<Told, ErrorCode> {
        let allowed = which.iter();
        let allowed: Vec<_> = allowed
            .map(|(topic, at)| (topic, at, self.rights.check(&needs::OFFSETS_TOPIC, topic)))
            .collect();
        let pairs = allowed.iter().filter(|(_, _, allowed)| allowed.is_ok());
        let pairs =
            pairs.flat_map(|(topic, at, _)| at.iter().map(|index| (topic.as_str(), *index)));
        let found = self.groups.fetch(group, Some(&pairs.collect::<Vec<_>>()))?;
        let mut found: BTreeMap<(String, i32), OffsetValue> = found
            .into_iter()
            .map(|(topic, index, value)| ((topic, index), value))
            .collect();
        let mut told = Vec::with_capacity(which.len());
        for (topic, at, allowed) in allowed {
            let values = at.iter().map(|index| {
                let value = found.remove(&(topic.clone(), *index));
                (*index, allowed.map(|()| value))
            });
            told.push((topic.clone(), values.collect()));
        }
        Ok(told)
    }
}

/// The answer for the one group of older versions.
fn one(desk: &Desk<'_>, group: &str, which: Which, version: i16) -> OffsetFetchResponse {
    let (told, code) = match desk.fetch(group, which.as_ref()) {
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
        .map(|(topic, at)| {
            (
                topic,
                at.into_iter().map(|index| (index, Ok(None))).collect(),
            )
        })
        .collect()
}

fn old_partition(index: i32, known: Known, of_all: ErrorCode) -> OffsetFetchResponsePartition {
    let (value, error_code) = parted(known, of_all);
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

/// The offset that is told, and the error beside it.
fn parted(known: Known, of_all: ErrorCode) -> (OffsetValue, ErrorCode) {
    match known {
        Ok(value) => (value.unwrap_or(NOTHING), of_all),
        Err(code) => (NOTHING, code),
    }
}

fn new_partition((index, known): (i32, Known)) -> OffsetFetchResponsePartitions {
    let (value, error_code) = parted(known, ErrorCode::NONE);
    OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: value.offset,
        committed_leader_epoch: value.leader_epoch,
        metadata: Some(value.metadata),
        error_code,
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
        let told = many("g".into(), Ok(vec![("t".into(), vec![(3, Ok(None))])]));
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
