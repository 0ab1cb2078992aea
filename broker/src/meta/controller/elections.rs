//! `ElectLeaders`: elections that an operator asks for (rule 43; KIP-183, KIP-460).

use std::sync::Arc;

use crate::wire::error_code::ErrorCode;
use crate::wire::messages::elect_leaders::{PartitionResult, ReplicaElectionResult};
use crate::wire::messages::{ElectLeadersRequest, ElectLeadersResponse};

use super::Controller;
use super::change::Election;
use super::draft::{Draft, Found};
use super::isr::Cause;

impl Controller {
    /// Elects leaders of the partitions named; of all of them where none is named, and then says
    /// nothing of those that need no election.
    pub(super) fn elect_leaders(
        &self,
        draft: &mut Draft,
        request: &ElectLeadersRequest,
    ) -> ElectLeadersResponse {
        let election = match request.election_type {
            0 => Election::Preferred,
            1 => Election::Unclean,
            _ => {
                return ElectLeadersResponse {
                    error_code: ErrorCode::INVALID_REQUEST,
                    ..Default::default()
                };
            }
        };
        let wanted = request.topic_partitions.as_ref().map(|topics| {
            let named = topics
                .iter()
                .map(|one| (one.topic.clone(), one.partitions.clone()));
            named.collect::<Vec<_>>()
        });
        let is_all = wanted.is_none();
        let mut response = ElectLeadersResponse::default();
        for (topic, partitions) in wanted.unwrap_or_else(|| all_partitions(draft)) {
            let results = partitions.iter().map(|index| {
                let error_code = self.elect_one(draft, (&topic, *index), election);
                PartitionResult {
                    partition_id: *index,
                    error_code,
                    ..Default::default()
                }
            });
            let said =
                |one: &PartitionResult| !is_all || one.error_code != ErrorCode::ELECTION_NOT_NEEDED;
            let partition_result: Vec<PartitionResult> = results.filter(said).collect();
            if !is_all || !partition_result.is_empty() {
                response
                    .replica_election_results
                    .push(ReplicaElectionResult {
                        topic,
                        partition_result,
                        ..Default::default()
                    });
            }
        }
        response
    }

    fn elect_one(
        &self,
        draft: &mut Draft,
        (topic, index): (&str, i32),
        election: Election,
    ) -> ErrorCode {
        let known = draft.image.topics.get(topic);
        let (Some(known), Some(state)) = (known, draft.image.partition(topic, index)) else {
            return ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        };
        let is_preferred = state.replicas.first() == Some(&state.leader);
        let (is_needed, impossible) = match election {
            Election::Unclean => (state.leader < 0, ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE),
            _ => (!is_preferred, ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE),
        };
        if !is_needed {
            return ErrorCode::ELECTION_NOT_NEEDED;
        }
        let found = Found {
            topic: known.id,
            name: Arc::clone(&known.name),
            index,
            state: Arc::clone(state),
        };
        let before = draft.next_offset();
        self.revise(draft, vec![found], Cause::Elect(election));
        if draft.next_offset() == before {
            return impossible;
        }
        ErrorCode::NONE
    }
}

fn all_partitions(draft: &Draft) -> Vec<(String, Vec<i32>)> {
    let topics = draft.image.topics.values();
    let indexes = |count: usize| (0..i32::try_from(count).unwrap_or(i32::MAX)).collect();
    let all = topics.map(|topic| (topic.name.to_string(), indexes(topic.partitions.len())));
    all.collect()
}
