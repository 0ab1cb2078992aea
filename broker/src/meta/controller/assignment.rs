//! Which brokers get the replicas of new partitions: as a request tells, or placed (rules 71, 72).

use std::collections::BTreeSet;

use crate::meta::image::Image;
use crate::meta::placement::{Candidate, place};
use crate::meta::record::PartitionState;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic};
use crate::wire::uuid::Uuid;

use super::Controller;

/// Most partitions one request may create, as in Kafka: more do not fit one batch of records.
pub(super) const MAX_NEW_PARTITIONS: usize = 10_000;

/// Why a part of a request is refused: code and words.
pub(super) type Refusal = (ErrorCode, String);

impl Controller {
    /// The replicas of each partition of a new topic: as told, else placed.
    pub(super) fn assign(
        &mut self,
        image: &Image,
        topic: &CreatableTopic,
        room: usize,
    ) -> Result<Vec<Vec<i32>>, Refusal> {
        if !topic.assignments.is_empty() {
            return assign_as_told(image, topic);
        }
        let factor = match topic.replication_factor {
            -1 => self.settings.default_replication_factor,
            told => told,
        };
        let factor = usize::try_from(factor).ok().filter(|factor| *factor > 0);
        let factor = factor.ok_or_else(|| {
            let why = "Replication factor must be larger than 0, or -1 to use the default value.";
            (ErrorCode::INVALID_REPLICATION_FACTOR, why.to_owned())
        })?;
        let count = match topic.num_partitions {
            -1 => self.settings.num_partitions,
            told => told,
        };
        let count = usize::try_from(count).ok().filter(|count| *count > 0);
        let count = count.ok_or_else(|| {
            let why = "Number of partitions was set to an invalid non-positive value.";
            (ErrorCode::INVALID_PARTITIONS, why.to_owned())
        })?;
        self.place(image, count, (factor, room))
    }

    /// Places new partitions on the brokers there are.
    pub(super) fn place(
        &mut self,
        image: &Image,
        count: usize,
        (factor, room): (usize, usize),
    ) -> Result<Vec<Vec<i32>>, Refusal> {
        if count > room {
            let why = format!("one request may create {MAX_NEW_PARTITIONS} partitions at most");
            return Err((ErrorCode::POLICY_VIOLATION, why));
        }
        let usable = image
            .brokers
            .iter()
            .filter(|(_, known)| !known.in_controlled_shutdown);
        let candidates: Vec<Candidate<'_>> = usable
            .map(|(id, known)| Candidate {
                id: *id,
                rack: known.registration.rack.as_deref(),
                fenced: known.fenced,
            })
            .collect();
        place(&candidates, count, factor, &mut self.random).map_err(|error| {
            let why = format!("Unable to replicate the partition {factor} time(s): {error}.");
            (ErrorCode::INVALID_REPLICATION_FACTOR, why)
        })
    }
}

/// The partition's first state: everybody who is up is in sync, the first of them leads.
pub(super) fn new_partition(image: &Image, replicas: &[i32]) -> PartitionState {
    let up = replicas.iter().copied().filter(|id| image.can_lead(*id));
    let isr: Vec<i32> = up.collect();
    PartitionState {
        replicas: replicas.to_vec(),
        directories: replicas
            .iter()
            .map(|id| first_directory(image, *id))
            .collect(),
        leader: isr.first().copied().unwrap_or(-1),
        isr,
        adding: Vec::new(),
        removing: Vec::new(),
        elr: Vec::new(),
        last_known_elr: Vec::new(),
        leader_epoch: 0,
        partition_epoch: 0,
        recovering: false,
    }
}

/// Where a new replica on this broker goes; unassigned where the broker has several to choose from.
pub(super) fn first_directory(image: &Image, broker: i32) -> Uuid {
    let known = image.brokers.get(&broker);
    match known.map(|known| known.registration.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => Uuid::ZERO,
    }
}

/// The assignment that a request names itself.
fn assign_as_told(image: &Image, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, Refusal> {
    if topic.replication_factor != -1 || topic.num_partitions != -1 {
        let why = "A manual partition assignment was specified, but replication factor or number \
                   of partitions was not set to -1.";
        return Err((ErrorCode::INVALID_REQUEST, why.to_owned()));
    }
    let mut ordered: Vec<&CreatableReplicaAssignment> = topic.assignments.iter().collect();
    ordered.sort_by_key(|assignment| assignment.partition_index);
    let consecutive = (0_i32..)
        .zip(&ordered)
        .all(|(index, one)| one.partition_index == index);
    if !consecutive {
        let why = "partitions should be a consecutive 0-based integer sequence";
        return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, why.to_owned()));
    }
    let factor = ordered.first().map_or(0, |one| one.broker_ids.len());
    for one in &ordered {
        check_replicas(image, &one.broker_ids, factor)?;
    }
    Ok(ordered.iter().map(|one| one.broker_ids.clone()).collect())
}

/// Checks the replicas that a request names for one partition.
pub(super) fn check_replicas(
    image: &Image,
    replicas: &[i32],
    factor: usize,
) -> Result<(), Refusal> {
    let distinct: BTreeSet<i32> = replicas.iter().copied().collect();
    let stranger = replicas.iter().find(|id| !image.brokers.contains_key(*id));
    let why = if replicas.is_empty() {
        "The manual partition assignment includes an empty replica list.".to_owned()
    } else if let Some(id) = stranger {
        format!("The manual partition assignment includes broker {id}, which is not registered.")
    } else if distinct.len() != replicas.len() {
        format!("The manual partition assignment {replicas:?} names a broker more than once.")
    } else if replicas.len() != factor {
        format!("The manual partition assignment {replicas:?} does not have {factor} replicas.")
    } else if !replicas.iter().any(|id| image.can_lead(*id)) {
        format!("All brokers of the assignment {replicas:?} are fenced or in controlled shutdown.")
    } else {
        return Ok(());
    };
    Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, why))
}
