//! `AlterPartition` (rule 26), and the elections that time brings: preferred leaders and unclean ones
//! (rules 42, 43).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::meta::image::{Image, Topic};
use crate::meta::record::PartitionState;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::alter_partition::{
    AlterPartitionDone, AlterPartitionOne, AlterPartitionTopic, AlterPartitionTopicDone, IsrMember,
};
use crate::wire::messages::{AlterPartitionRequest, AlterPartitionResponse};

use super::Controller;
use super::assignment::first_directory;
use super::brokers::check_epoch;
use super::change::{Change, Election};
use super::draft::Draft;
use super::isr::{Cause, is_able};

/// `leader_recovery_state` of a leader that has not recovered from an unclean election (KIP-704).
const RECOVERING: i8 = 1;

impl Controller {
    /// A leader changes in-sync replicas.
    pub(super) fn alter_partitions(
        &self,
        draft: &mut Draft,
        request: &AlterPartitionRequest,
    ) -> AlterPartitionResponse {
        let mut response = AlterPartitionResponse::default();
        match check_epoch(&draft.image, request.broker_id, request.broker_epoch) {
            Ok(()) => {
                let topics = request.topics.iter();
                response.topics = topics
                    .map(|topic| self.alter_topic(draft, request.broker_id, topic))
                    .collect();
            }
            Err(code) => response.error_code = code,
        }
        response
    }

    fn alter_topic(
        &self,
        draft: &mut Draft,
        sender: i32,
        request: &AlterPartitionTopic,
    ) -> AlterPartitionTopicDone {
        let alter = |one| match self.alter_partition(draft, sender, (request, one)) {
            Ok(state) => done(one, &state),
            Err(error_code) => AlterPartitionDone {
                partition_index: one.partition_index,
                error_code,
                ..Default::default()
            },
        };
        AlterPartitionTopicDone {
            topic_id: request.topic_id,
            partitions: request.partitions.iter().map(alter).collect(),
            ..Default::default()
        }
    }

    fn alter_partition(
        &self,
        draft: &mut Draft,
        sender: i32,
        (topic, one): (&AlterPartitionTopic, &AlterPartitionOne),
    ) -> Result<PartitionState, ErrorCode> {
        let image = &draft.image;
        let known = image.topic_by_id(topic.topic_id);
        let known = known.ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        let state: &PartitionState = partition_of(known, one.partition_index)?;
        let isr = wanted_isr(one);
        check_alter(state, sender, one, &isr)?;
        if isr.iter().any(|member| !is_eligible(image, state, member)) {
            return Err(ErrorCode::INELIGIBLE_REPLICA);
        }
        let can_lead = |id: i32| is_able(image, state, id);
        let directory = |id: i32| first_directory(image, id);
        let change = Change {
            isr: isr.iter().map(|member| member.broker_id).collect(),
            recovering: one.leader_recovery_state == RECOVERING,
            ..self.change_of(image, (&known.name, state), &can_lead, &directory)
        };
        let Some(next) = change.build() else {
            return Ok(PartitionState::clone(state));
        };
        let led_on = next.leader == sender;
        draft.set_partition(topic.topic_id, one.partition_index, next.clone());
        led_on.then_some(next).ok_or(ErrorCode::NEW_LEADER_ELECTED)
    }

    /// Unclean elections for partitions without a leader, where their topics have come to allow it.
    pub(super) fn elect_unclean(&self, draft: &mut Draft) {
        let mut partitions = draft.partitions_where(|state| state.leader < 0);
        partitions.retain(|found| self.election_of(&draft.image, &found.name) == Election::Unclean);
        self.revise(draft, partitions, Cause::Elect(Election::Unclean));
    }

    /// Gives leadership back to the first replicas of brokers that lead too few of theirs (rule 43).
    pub(super) fn balance_leaders(&self, draft: &mut Draft) {
        if !self.settings.auto_leader_rebalance_enable {
            return;
        }
        let imbalanced = self.imbalanced(&draft.image);
        let partitions = draft.partitions_where(|state| {
            let preferred = state.replicas.first();
            preferred.is_some_and(|id| *id != state.leader && imbalanced.contains(id))
        });
        self.revise(draft, partitions, Cause::Elect(Election::Preferred));
    }

    /// Brokers that do not lead more than the tolerated share of the partitions they should lead.
    fn imbalanced(&self, image: &Image) -> Vec<i32> {
        let mut counts: BTreeMap<i32, (usize, usize)> = BTreeMap::new();
        for state in image.topics.values().flat_map(|topic| &topic.partitions) {
            let Some(preferred) = state.replicas.first() else {
                continue;
            };
            let (all, elsewhere) = counts.entry(*preferred).or_default();
            *all += 1;
            *elsewhere += usize::from(state.leader != *preferred);
        }
        let percent = self.settings.leader_imbalance_percent;
        counts.retain(|_, (all, elsewhere)| *elsewhere * 100 > *all * percent);
        counts.into_keys().collect()
    }
}

/// A partition's state by its index.
pub(super) fn partition_of(topic: &Topic, index: i32) -> Result<&Arc<PartitionState>, ErrorCode> {
    let at = usize::try_from(index).ok();
    let state = at.and_then(|at| topic.partitions.get(at));
    Ok(state.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?)
}

/// The ISR asked for: with broker epochs from version 3 on, without before (KIP-903).
fn wanted_isr(one: &AlterPartitionOne) -> Vec<IsrMember> {
    if one.new_isr_with_epochs.is_empty() {
        let members = one.new_isr.iter().map(|id| IsrMember {
            broker_id: *id,
            ..Default::default()
        });
        return members.collect();
    }
    one.new_isr_with_epochs.clone()
}

/// Rule 26, in its order.
fn check_alter(
    state: &PartitionState,
    sender: i32,
    one: &AlterPartitionOne,
    isr: &[IsrMember],
) -> Result<(), ErrorCode> {
    let has = |id: i32| isr.iter().any(|member| member.broker_id == id);
    let repeats = |(at, member): (usize, &IsrMember)| {
        let mut earlier = isr.iter().take(at);
        earlier.any(|other| other.broker_id == member.broker_id)
    };
    let recovering = one.leader_recovery_state == RECOVERING;
    // Ahead of what this controller knows: it is no longer the active one.
    let is_ahead =
        one.leader_epoch > state.leader_epoch || one.partition_epoch > state.partition_epoch;
    let fits = isr
        .iter()
        .all(|member| state.replicas.contains(&member.broker_id))
        && !isr.iter().enumerate().any(repeats)
        && has(state.leader)
        && (0..=RECOVERING).contains(&one.leader_recovery_state)
        && !(recovering && (isr.len() > 1 || !state.recovering));
    match () {
        () if is_ahead => Err(ErrorCode::NOT_CONTROLLER),
        () if one.leader_epoch < state.leader_epoch => Err(ErrorCode::FENCED_LEADER_EPOCH),
        () if sender != state.leader => Err(ErrorCode::INVALID_REQUEST),
        () if one.partition_epoch < state.partition_epoch => Err(ErrorCode::INVALID_UPDATE_VERSION),
        () if !fits => Err(ErrorCode::INVALID_REQUEST),
        () => Ok(()),
    }
}

/// Whether a replica may be in sync: up, not stopping, its disk online, and the run that the leader
/// means (KIP-841, KIP-903).
fn is_eligible(image: &Image, state: &PartitionState, member: &IsrMember) -> bool {
    let known = image.brokers.get(&member.broker_id);
    let same_run = |epoch: i64| member.broker_epoch == -1 || member.broker_epoch == epoch;
    is_able(image, state, member.broker_id) && known.is_some_and(|known| same_run(known.epoch))
}

fn done(one: &AlterPartitionOne, state: &PartitionState) -> AlterPartitionDone {
    AlterPartitionDone {
        partition_index: one.partition_index,
        leader_id: state.leader,
        leader_epoch: state.leader_epoch,
        isr: state.isr.clone(),
        leader_recovery_state: i8::from(state.recovering),
        partition_epoch: state.partition_epoch,
        ..Default::default()
    }
}
