//! `AlterPartitionReassignments`: partitions move between brokers (rules 46, 47; KIP-455, KIP-860).
//! Starts and cancels moves; the leader's ISR change completes them.

use std::collections::BTreeSet;

use crate::meta::image::{Image, Topic};
use crate::meta::record::PartitionState;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignablePartitionResponse, ReassignableTopicResponse,
};
use crate::wire::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

use super::Controller;
use super::assignment::{Refusal, first_directory};
use super::change::{Assignment, Change, Election, without};
use super::draft::Draft;
use super::isr::is_able;

impl Controller {
    /// Starts, replaces and cancels moves.
    pub(super) fn reassign(
        &self,
        draft: &mut Draft,
        request: &AlterPartitionReassignmentsRequest,
    ) -> AlterPartitionReassignmentsResponse {
        let keeps_factor = !request.allow_replication_factor_change;
        let mut response = AlterPartitionReassignmentsResponse {
            allow_replication_factor_change: request.allow_replication_factor_change,
            ..Default::default()
        };
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|one| {
                let result = self.reassign_one(draft, (&topic.name, one), keeps_factor);
                let (error_code, error_message) = match result {
                    Ok(()) => (ErrorCode::NONE, None),
                    Err((code, why)) => (code, Some(why)),
                };
                ReassignablePartitionResponse {
                    partition_index: one.partition_index,
                    error_code,
                    error_message,
                    ..Default::default()
                }
            });
            let partitions = partitions.collect();
            response.responses.push(ReassignableTopicResponse {
                name: topic.name.clone(),
                partitions,
                ..Default::default()
            });
        }
        response
    }

    fn reassign_one(
        &self,
        draft: &mut Draft,
        (name, one): (&str, &ReassignablePartition),
        keeps_factor: bool,
    ) -> Result<(), Refusal> {
        let image = &draft.image;
        let (topic, state) = find(image, name, one.partition_index)?;
        let (assignment, isr) = match &one.replicas {
            Some(target) if is_under_way(state, target) => return Ok(()),
            Some(target) => {
                check_target(image, state, target, keeps_factor)?;
                (towards(state, target), state.isr.clone())
            }
            None => self.cancel(image, name, state)?,
        };
        let can_lead = |id: i32| is_able(image, state, id);
        let directory = |id: i32| first_directory(image, id);
        let change = Change {
            assignment,
            isr,
            ..self.change_of(image, (name, state), &can_lead, &directory)
        };
        if let Some(next) = change.build() {
            draft.set_partition(topic.id, one.partition_index, next);
        }
        Ok(())
    }

    /// The assignment and ISR before the move that is under way.
    fn cancel(
        &self,
        image: &Image,
        name: &str,
        state: &PartitionState,
    ) -> Result<(Assignment, Vec<i32>), Refusal> {
        if state.adding.is_empty() && state.removing.is_empty() {
            let why = "No partition reassignment is in progress.".to_owned();
            return Err((ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, why));
        }
        let replicas = without(&state.replicas, &state.adding);
        let isr = without(&state.isr, &state.adding);
        let is_allowed = self.election_of(image, name) == Election::Unclean
            && replicas.iter().any(|id| is_able(image, state, *id));
        if isr.is_empty() && !is_allowed {
            let why = "None of the earlier replicas is in sync: going back would require an unclean \
                       leader election.";
            return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, why.to_owned()));
        }
        let assignment = Assignment {
            replicas,
            adding: Vec::new(),
            removing: Vec::new(),
        };
        Ok((assignment, isr))
    }
}

fn find<'a>(
    image: &'a Image,
    name: &str,
    index: i32,
) -> Result<(&'a Topic, &'a PartitionState), Refusal> {
    let topic = image.topics.get(name);
    let (Some(topic), Some(state)) = (topic, image.partition(name, index)) else {
        let why = format!("There is no partition {name}-{index}.");
        return Err((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, why));
    };
    Ok((topic, state))
}

/// Whether this very move is under way: asking again changes nothing.
fn is_under_way(state: &PartitionState, target: &[i32]) -> bool {
    let moves = !state.adding.is_empty() || !state.removing.is_empty();
    moves && without(&state.replicas, &state.removing) == target
}

/// The target first, then those who leave, by id.
fn towards(state: &PartitionState, target: &[i32]) -> Assignment {
    let mut removing = without(&state.replicas, target);
    removing.sort_unstable();
    let mut adding = without(target, &state.replicas);
    adding.sort_unstable();
    Assignment {
        replicas: target.iter().chain(&removing).copied().collect(),
        adding,
        removing,
    }
}

/// Rule 47: registered brokers, each once; fenced ones are allowed.
fn check_target(
    image: &Image,
    state: &PartitionState,
    target: &[i32],
    keeps_factor: bool,
) -> Result<(), Refusal> {
    let distinct: BTreeSet<i32> = target.iter().copied().collect();
    let stranger = target.iter().find(|id| !image.brokers.contains_key(*id));
    let why = if target.is_empty() {
        "The replica list of the partition is empty.".to_owned()
    } else if distinct.len() != target.len() {
        format!("The replica list {target:?} names a broker more than once.")
    } else if let Some(id) = stranger {
        format!("Broker {id} of the replica list is not registered.")
    } else {
        let factor = state.replicas.len().saturating_sub(state.adding.len());
        if !keeps_factor || target.len() == factor {
            return Ok(());
        }
        let why = format!(
            "The replica list {target:?} would change the replication factor from {factor}."
        );
        return Err((ErrorCode::INVALID_REPLICATION_FACTOR, why));
    };
    Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, why))
}
