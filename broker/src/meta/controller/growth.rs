//! `CreatePartitions`: topics that grow (rule 72, KIP-195).

use crate::meta::image::{Image, Topic};
use crate::meta::record::PartitionState;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_partitions::{
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use crate::wire::messages::{CreatePartitionsRequest, CreatePartitionsResponse};

use super::Controller;
use super::assignment::{MAX_NEW_PARTITIONS, Refusal, check_replicas, new_partition};
use super::draft::Draft;
use super::named::{Mode, TWICE, each_named};

impl Controller {
    /// Adds partitions to topics, or only checks that it could.
    pub(super) fn create_partitions(
        &mut self,
        draft: &mut Draft,
        request: &CreatePartitionsRequest,
    ) -> CreatePartitionsResponse {
        let mut room = MAX_NEW_PARTITIONS;
        let mode = Mode::of(request.validate_only);
        let name = |topic: &CreatePartitionsTopic| topic.name.clone();
        let results = each_named(
            draft,
            mode,
            &request.topics,
            (name, TWICE),
            |draft, topic| self.grow_topic(draft, topic, &mut room),
        );
        let results = results.into_iter().map(|(topic, result)| {
            let (error_code, error_message) = match result {
                Ok(()) => (ErrorCode::NONE, None),
                Err((code, why)) => (code, Some(why)),
            };
            CreatePartitionsTopicResult {
                name: topic.name.clone(),
                error_code,
                error_message,
                ..Default::default()
            }
        });
        CreatePartitionsResponse {
            results: results.collect(),
            ..Default::default()
        }
    }

    fn grow_topic(
        &mut self,
        draft: &mut Draft,
        request: &CreatePartitionsTopic,
        room: &mut usize,
    ) -> Result<(), Refusal> {
        let image = &draft.image;
        let topic = image.topics.get(request.name.as_str()).ok_or_else(|| {
            let why = format!("There is no topic '{}'.", request.name);
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, why)
        })?;
        let (id, first) = (topic.id, topic.partitions.len());
        let added = check_count(topic, request.count)?;
        let factor = topic
            .partitions
            .first()
            .map_or(1, |state| state.replicas.len());
        let assignment = match &request.assignments {
            Some(told) => {
                let told: Vec<&[i32]> = told.iter().map(|one| one.broker_ids.as_slice()).collect();
                check_told(image, &told, (added, factor))?;
                told.into_iter().map(<[i32]>::to_vec).collect()
            }
            None => self.place(image, added, (factor, *room))?,
        };
        draft.allowance.take(added)?;
        *room = room.saturating_sub(added);
        let states = assignment
            .iter()
            .map(|replicas| new_partition(image, replicas));
        let states: Vec<PartitionState> = states.collect();
        for (index, state) in (i32::try_from(first).unwrap_or(i32::MAX)..).zip(states) {
            draft.set_partition(id, index, state);
        }
        Ok(())
    }
}

/// How many partitions are to be added.
fn check_count(topic: &Topic, count: i32) -> Result<usize, Refusal> {
    let now = topic.partitions.len();
    let wanted = usize::try_from(count).unwrap_or_default();
    match wanted.checked_sub(now) {
        Some(added) if added > 0 => Ok(added),
        Some(_) => {
            let why = format!("Topic already has {now} partition(s).");
            Err((ErrorCode::INVALID_PARTITIONS, why))
        }
        None => {
            let name = &topic.name;
            let why = format!(
                "The topic {name} currently has {now} partition(s); {count} would not be an increase."
            );
            Err((ErrorCode::INVALID_PARTITIONS, why))
        }
    }
}

fn check_told(
    image: &Image,
    told: &[&[i32]],
    (added, factor): (usize, usize),
) -> Result<(), Refusal> {
    if told.len() != added {
        let why = format!(
            "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
            told.len()
        );
        return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, why));
    }
    told.iter()
        .try_for_each(|replicas| check_replicas(image, replicas, factor))
}
