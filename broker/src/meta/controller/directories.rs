//! Log directories: which of a broker's replicas lie in which, and what it means when one is gone
//! (KIP-112, KIP-858). Never moves a replica: where it lies, its broker alone says.

use crate::meta::image::Image;
use crate::meta::record::{PartitionState, Record};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::assign_replicas_to_dirs::{
    AssignedDirectory, AssignedDirectoryDone, AssignedPartitionDone, AssignedTopic,
    AssignedTopicDone,
};
use crate::wire::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};
use crate::wire::uuid::Uuid;

use super::Controller;
use super::brokers::check_epoch;
use super::change::Election;
use super::draft::{Draft, Found};
use super::isr::Cause;
use super::partitions::partition_of;

/// Where a broker says that a replica lies: its own id, the directory, the topic.
#[derive(Debug, Clone, Copy)]
struct Place {
    broker: i32,
    directory: Uuid,
    topic: Uuid,
}

impl Controller {
    /// A broker says in which directory each of these replicas lies.
    pub(super) fn assign_replicas(
        &self,
        draft: &mut Draft,
        request: &AssignReplicasToDirsRequest,
    ) -> AssignReplicasToDirsResponse {
        let mut response = AssignReplicasToDirsResponse::default();
        match check_epoch(&draft.image, request.broker_id, request.broker_epoch) {
            Err(code) => response.error_code = code,
            Ok(()) => {
                let directories = request.directories.iter();
                response.directories = directories
                    .map(|one| self.assign_directory(draft, request.broker_id, one))
                    .collect();
            }
        }
        response
    }

    fn assign_directory(
        &self,
        draft: &mut Draft,
        broker: i32,
        asked: &AssignedDirectory,
    ) -> AssignedDirectoryDone {
        let topics = asked.topics.iter().map(|topic| {
            let place = Place {
                broker,
                directory: asked.id,
                topic: topic.topic_id,
            };
            self.assign_topic(draft, place, topic)
        });
        AssignedDirectoryDone {
            id: asked.id,
            topics: topics.collect(),
            ..Default::default()
        }
    }

    fn assign_topic(
        &self,
        draft: &mut Draft,
        place: Place,
        asked: &AssignedTopic,
    ) -> AssignedTopicDone {
        let partitions = asked.partitions.iter().map(|one| {
            let assigned = self.assign_replica(draft, place, one.partition_index);
            AssignedPartitionDone {
                partition_index: one.partition_index,
                error_code: assigned.err().unwrap_or(ErrorCode::NONE),
                ..Default::default()
            }
        });
        AssignedTopicDone {
            topic_id: asked.topic_id,
            partitions: partitions.collect(),
            ..Default::default()
        }
    }

    /// A replica in a directory that is offline leads no more before it is written down there; one
    /// that comes to lie in a directory that is online may be what a partition without a leader
    /// waits for.
    fn assign_replica(&self, draft: &mut Draft, place: Place, index: i32) -> Result<(), ErrorCode> {
        if place.directory.is_zero() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let found = find(&draft.image, place.topic, index)?;
        let at = held_at(&found.state, place.broker)?;
        if found.state.directories.get(at) == Some(&place.directory) {
            return Ok(());
        }
        let is_online = draft.image.has_online_dir(place.broker, place.directory);
        if !is_online {
            self.revise(draft, vec![found], Cause::Leaves(place.broker));
        }
        let mut next = PartitionState::clone(&find(&draft.image, place.topic, index)?.state);
        if let Some(directory) = next.directories.get_mut(at) {
            *directory = place.directory;
        }
        next.partition_epoch = next.partition_epoch.saturating_add(1);
        draft.set_partition(place.topic, index, next);
        let found = find(&draft.image, place.topic, index)?;
        if is_online && found.state.leader < 0 {
            self.revise(draft, vec![found], Cause::Elect(Election::Clean));
        }
        Ok(())
    }

    /// A broker starts without some of its directories: what lay there may be lost, so it is neither
    /// in sync nor eligible. The replicas stay assigned to the directory, which may come back; a
    /// broker that knows better says where they lie now.
    pub(super) fn leave_directories(&self, draft: &mut Draft, id: i32, dirs: &[Uuid]) {
        let is_gone =
            |(replica, dir): (&i32, &Uuid)| *replica == id && !dir.is_zero() && !dirs.contains(dir);
        let partitions = draft
            .partitions_where(|state| state.replicas.iter().zip(&state.directories).any(is_gone));
        self.revise(draft, partitions, Cause::LostRecords(id));
    }

    /// Replicas in directories that went offline leave ISRs and leaderships (KIP-112, KIP-858).
    pub(super) fn lose_directories(&self, draft: &mut Draft, id: i32, offline: &[Uuid]) {
        let Some(known) = draft.image.brokers.get(&id) else {
            return;
        };
        let dirs = &known.registration.log_dirs;
        let (lost, online): (Vec<Uuid>, Vec<Uuid>) =
            dirs.iter().copied().partition(|dir| offline.contains(dir));
        if lost.is_empty() {
            return;
        }
        log::warn!("broker {id} lost its log directories {lost:?}");
        let partitions = draft.partitions_where(|state| {
            let mut replicas = state.replicas.iter().zip(&state.directories);
            state.isr.contains(&id)
                && replicas.any(|(replica, dir)| *replica == id && lost.contains(dir))
        });
        self.revise(draft, partitions, Cause::Leaves(id));
        draft.push(Record::BrokerChange {
            id,
            fenced: None,
            in_controlled_shutdown: None,
            log_dirs: Some(online),
        });
    }
}

fn find(image: &Image, topic: Uuid, index: i32) -> Result<Found, ErrorCode> {
    let known = image.topic_by_id(topic);
    let known = known.ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
    Ok(Found {
        topic,
        name: known.name.clone(),
        index,
        state: partition_of(known, index)?.clone(),
    })
}

/// Which of the replicas is the broker's.
fn held_at(state: &PartitionState, broker: i32) -> Result<usize, ErrorCode> {
    let at = state.replicas.iter().position(|id| *id == broker);
    at.ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)
}

/// Kafka keeps the first hundred ids for itself (KIP-858).
pub(super) fn is_reserved(id: Uuid) -> bool {
    u128::from_be_bytes(id.0) < 100
}
