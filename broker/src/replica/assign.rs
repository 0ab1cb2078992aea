//! Tells the controller in which log directory each replica lies, so that the loss of one of several
//! disks is the loss of its replicas and of no others (KIP-858). Many replicas a request, one request
//! at a time; never moves a replica.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::alter::Control;
use super::house::House;
use super::partition::{Key, Partition};
use crate::meta::record::PartitionState;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::assign_replicas_to_dirs::{
    AssignedDirectory, AssignedPartition, AssignedTopic,
};
use crate::wire::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};
use crate::wire::uuid::Uuid;

/// Replicas in one request, as in Kafka: what they change fits one proposal.
const MOST: usize = 2_000;

/// The pause before the controller is asked again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// What the controller answers, later.
pub type Assigning =
    Pin<Box<dyn Future<Output = Result<AssignReplicasToDirsResponse, String>> + Send>>;

/// Replicas whose place the controller is to be told, each with its directory.
pub(super) type Places = BTreeMap<Key, Uuid>;

/// Where a replica of this node lies as far as the metadata knows; zero where it does not.
pub(super) fn assigned(state: &PartitionState, me: i32) -> Uuid {
    let mut replicas = state.replicas.iter().zip(&state.directories);
    let found = replicas.find(|(id, _)| **id == me);
    found.map_or(Uuid::ZERO, |(_, directory)| *directory)
}

impl House {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the controller be told where a replica lies, if the metadata says otherwise.
    pub(super) fn place(&self, partition: &Partition, state: &PartitionState) {
        let assigned = assigned(state, self.me);
        match self.place_of(partition, assigned) {
            Some(directory) => {
                self.places().insert(partition.key, directory);
                self.misplaced.notify_one();
            }
            None => self.forget_place(partition.key),
        }
    }

    /// What the controller is to be told; `None` where it knows all that counts. A replica without
    /// its log is lost, unless the metadata has it in a directory that is offline anyway.
    fn place_of(&self, partition: &Partition, assigned: Uuid) -> Option<Uuid> {
        let lies_in = partition.dir().filter(|dir| self.dirs.is_online(*dir));
        let has_log = partition.lock().log.is_some();
        match lies_in.and_then(|dir| self.dirs.get(dir)?.id) {
            Some(directory) if has_log => (directory != assigned).then_some(directory),
            _ => {
                let at = self.dirs.position(assigned);
                let counts = assigned.is_zero() || at.is_some_and(|at| self.dirs.is_online(at));
                counts.then_some(Uuid::LOST)
            }
        }
    }

    /// A replica is gone, or where it ought to be.
    pub(super) fn forget_place(&self, key: Key) {
        self.places().remove(&key);
    }

    /// Looks again at the replicas of a directory that has failed.
    pub(super) fn lose_places(&self, dir: usize) {
        let image = self.image();
        for partition in self.all() {
            let topic = image.topic_by_id(partition.key.0);
            let at = usize::try_from(partition.key.1).ok();
            let state = topic.and_then(|topic| topic.partitions.get(at?));
            if let (true, Some(state)) = (partition.dir() == Some(dir), state) {
                self.place(&partition, state);
            }
        }
    }
}

/// Tells the controller until the node stops.
pub(super) async fn run(house: Arc<House>, control: Arc<dyn Control>) {
    let mut told = String::new();
    loop {
        let due: Places = (house.places().iter().take(MOST))
            .map(|(key, directory)| (*key, *directory))
            .collect();
        if due.is_empty() {
            house.misplaced.notified().await;
            continue;
        }
        match control.assign(request(&house, &due)).await.and_then(taken) {
            Ok(answers) => {
                told.clear();
                settle(&house, &due, &answers);
            }
            Err(why) => {
                // The same reason over and over is told once.
                if why != told {
                    log::warn!(
                        "the controller does not know where replicas lie, asking again: {why}"
                    );
                    told = why;
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

fn request(house: &House, due: &Places) -> AssignReplicasToDirsRequest {
    let mut directories: BTreeMap<Uuid, Vec<AssignedTopic>> = BTreeMap::new();
    for ((topic_id, index), directory) in due {
        let topics = directories.entry(*directory).or_default();
        let one = AssignedPartition {
            partition_index: *index,
            ..AssignedPartition::default()
        };
        match topics.last_mut().filter(|last| last.topic_id == *topic_id) {
            Some(topic) => topic.partitions.push(one),
            None => topics.push(AssignedTopic {
                topic_id: *topic_id,
                partitions: vec![one],
                ..AssignedTopic::default()
            }),
        }
    }
    let directories = directories
        .into_iter()
        .map(|(id, topics)| AssignedDirectory {
            id,
            topics,
            ..AssignedDirectory::default()
        });
    AssignReplicasToDirsRequest {
        broker_id: house.me,
        broker_epoch: house.broker_epoch(),
        directories: directories.collect(),
        ..AssignReplicasToDirsRequest::default()
    }
}

/// The answer for each replica, unless the whole request was refused.
fn taken(answer: AssignReplicasToDirsResponse) -> Result<BTreeMap<Key, ErrorCode>, String> {
    if !answer.error_code.is_ok() {
        return Err(answer.error_code.to_string());
    }
    let topics = answer.directories.into_iter().flat_map(|one| one.topics);
    let replicas = topics.flat_map(|topic| {
        let id = topic.topic_id;
        let partitions = topic.partitions.into_iter();
        partitions.map(move |one| ((id, one.partition_index), one.error_code))
    });
    Ok(replicas.collect())
}

/// Forgets what was answered, unless there is news of it already. A refusal of one replica means that
/// the metadata has it no more: the next change says so here too.
fn settle(house: &House, due: &Places, answers: &BTreeMap<Key, ErrorCode>) {
    let mut places = house.places();
    for (key, directory) in due {
        let answer = answers.get(key).copied();
        if let Some(refused) = answer.filter(|code| !code.is_ok()) {
            log::info!("partition {} of topic {}: {refused}", key.1, key.0);
        }
        if answer.is_some() && places.get(key) == Some(directory) {
            places.remove(key);
        }
    }
}
