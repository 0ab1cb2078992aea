//! CreateTopics, DeleteTopics and CreatePartitions (rules 71, 72).

use std::collections::{BTreeMap, BTreeSet};

use crate::config::keys;
use crate::meta::image::Image;
use crate::meta::placement::{Candidate, place};
use crate::meta::record::{PartitionState, Record, Resource};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_partitions::{
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use crate::wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicResult,
};
use crate::wire::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use crate::wire::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse,
};
use crate::wire::uuid::Uuid;

use super::Controller;
use super::draft::Draft;
use super::topic_name::{check_name, find_collision};

/// Most partitions one request may create, as in Kafka: more do not fit one batch of records.
const MAX_NEW_PARTITIONS: usize = 10_000;

/// Why a topic is refused: code and words.
pub(super) type Refusal = (ErrorCode, String);

impl Controller {
    /// Creates topics, or only checks that it could.
    pub(super) fn create_topics(
        &mut self,
        draft: &mut Draft,
        request: &CreateTopicsRequest,
    ) -> CreateTopicsResponse {
        let mut names = BTreeMap::new();
        for topic in &request.topics {
            *names.entry(topic.name.as_str()).or_insert(0_usize) += 1;
        }
        let mut trial = Draft::new(&draft.image);
        let target = if request.validate_only {
            &mut trial
        } else {
            draft
        };
        let mut room = MAX_NEW_PARTITIONS;
        let mut response = CreateTopicsResponse::default();
        for topic in &request.topics {
            // A name that is there twice is answered once.
            let result = match names.remove(topic.name.as_str()) {
                None => continue,
                Some(1) => self.create_topic(target, topic, &mut room),
                Some(_) => Err((ErrorCode::INVALID_REQUEST, "Duplicate topic name.".into())),
            };
            response.topics.push(created(&topic.name, result));
        }
        response
    }

    fn create_topic(
        &mut self,
        draft: &mut Draft,
        topic: &CreatableTopic,
        room: &mut usize,
    ) -> Result<CreatableTopicResult, Refusal> {
        check_new_name(&draft.image, &topic.name)?;
        let configs = check_configs(&topic.configs)?;
        let assignment = self.assign(&draft.image, topic, *room)?;
        *room = room.saturating_sub(assignment.len());
        let partitions = assignment
            .iter()
            .map(|replicas| new_partition(&draft.image, replicas));
        let partitions: Vec<PartitionState> = partitions.collect();
        let result = CreatableTopicResult {
            name: topic.name.clone(),
            topic_id: self.new_topic_id(&draft.image),
            num_partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
            replication_factor: assignment.first().map_or(-1, |replicas| {
                i16::try_from(replicas.len()).unwrap_or(i16::MAX)
            }),
            ..Default::default()
        };
        draft.push(Record::Topic {
            id: result.topic_id,
            name: topic.name.clone(),
        });
        for (key, value) in configs {
            draft.push(Record::Config {
                resource: Resource::Topic(topic.name.clone()),
                key: key.to_owned(),
                value: Some(value.to_owned()),
            });
        }
        for (index, state) in (0_i32..).zip(partitions) {
            draft.set_partition(result.topic_id, index, state);
        }
        Ok(result)
    }

    /// The replicas of each partition of a new topic: as told, else placed.
    fn assign(
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
    fn place(
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

    /// A random id (UUID version 4) that is new; never one that command lines take for an option.
    fn new_topic_id(&mut self, image: &Image) -> Uuid {
        loop {
            let random = self.random.u128(..);
            let id = random & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
            let id = Uuid(id.to_be_bytes());
            if !id.to_string().starts_with('-') && !image.topic_names.contains_key(&id) {
                return id;
            }
        }
    }

    /// Deletes topics by name or id.
    pub(super) fn delete_topics(
        &self,
        draft: &mut Draft,
        request: &DeleteTopicsRequest,
    ) -> DeleteTopicsResponse {
        let by_name = request.topic_names.iter().map(|name| DeleteTopicState {
            name: Some(name.clone()),
            ..Default::default()
        });
        let wanted: Vec<DeleteTopicState> = by_name.chain(request.topics.iter().cloned()).collect();
        let mut seen = BTreeSet::new();
        let mut response = DeleteTopicsResponse::default();
        for topic in &wanted {
            let result = match self.find_deletable(&draft.image, topic) {
                Ok((id, _)) if !seen.insert(id) => continue,
                found => found,
            };
            if let Ok((id, _)) = result {
                draft.push(Record::RemoveTopic { id });
            }
            response.responses.push(deleted(topic, result));
        }
        response
    }

    fn find_deletable(
        &self,
        image: &Image,
        topic: &DeleteTopicState,
    ) -> Result<(Uuid, String), Refusal> {
        if !self.settings.delete_topic_enable {
            let why = "Topic deletion is disabled by delete.topic.enable=false.".to_owned();
            return Err((ErrorCode::TOPIC_DELETION_DISABLED, why));
        }
        let refuse = |code, why: &str| Err((code, why.to_owned()));
        match (&topic.name, topic.topic_id) {
            (Some(name), Uuid::ZERO) => match image.topics.get(name.as_str()) {
                Some(known) => Ok((known.id, name.clone())),
                None => refuse(
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    "There is no such topic.",
                ),
            },
            (None, Uuid::ZERO) => refuse(
                ErrorCode::INVALID_REQUEST,
                "Neither topic name nor id were specified.",
            ),
            (Some(_), _) => refuse(
                ErrorCode::INVALID_REQUEST,
                "You may not specify both topic name and topic id.",
            ),
            (None, id) => match image.topic_names.get(&id) {
                Some(name) => Ok((id, name.to_string())),
                None => refuse(
                    ErrorCode::UNKNOWN_TOPIC_ID,
                    "There is no topic with this id.",
                ),
            },
        }
    }

    /// Adds partitions to topics, or only checks that it could.
    pub(super) fn create_partitions(
        &mut self,
        draft: &mut Draft,
        request: &CreatePartitionsRequest,
    ) -> CreatePartitionsResponse {
        let _ = (&draft, request);
        todo!()
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

/// A broker's only directory; unassigned where the broker has several to choose from.
fn first_directory(image: &Image, broker: i32) -> Uuid {
    let known = image.brokers.get(&broker);
    match known.map(|known| known.registration.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => Uuid::ZERO,
    }
}

fn check_new_name(image: &Image, name: &str) -> Result<(), Refusal> {
    check_name(name).map_err(|why| (ErrorCode::INVALID_TOPIC_EXCEPTION, why))?;
    if image.topics.contains_key(name) {
        let why = format!("Topic '{name}' already exists.");
        return Err((ErrorCode::TOPIC_ALREADY_EXISTS, why));
    }
    match find_collision(&image.topics, name) {
        Some(other) => {
            let why = format!("Topic '{name}' collides with existing topic: {other}");
            Err((ErrorCode::INVALID_TOPIC_EXCEPTION, why))
        }
        None => Ok(()),
    }
}

/// The values of a new topic, each checked; of a key that is there twice the last one counts.
fn check_configs(configs: &[CreatableTopicConfig]) -> Result<BTreeMap<&str, &str>, Refusal> {
    let mut values = BTreeMap::new();
    for config in configs {
        let Some(value) = &config.value else {
            let why = format!("Null value not supported for topic config {}.", config.name);
            return Err((ErrorCode::INVALID_CONFIG, why));
        };
        keys::check_topic(&config.name, value)
            .map_err(|bad| (ErrorCode::INVALID_CONFIG, bad.to_string()))?;
        values.insert(config.name.as_str(), value.as_str());
    }
    Ok(values)
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

fn created(name: &str, result: Result<CreatableTopicResult, Refusal>) -> CreatableTopicResult {
    result.unwrap_or_else(|(error_code, why)| CreatableTopicResult {
        name: name.to_owned(),
        error_code,
        error_message: Some(why),
        ..Default::default()
    })
}

fn deleted(
    topic: &DeleteTopicState,
    result: Result<(Uuid, String), Refusal>,
) -> DeletableTopicResult {
    match result {
        Ok((topic_id, name)) => DeletableTopicResult {
            name: Some(name),
            topic_id,
            ..Default::default()
        },
        Err((error_code, why)) => DeletableTopicResult {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            error_code,
            error_message: Some(why),
            ..Default::default()
        },
    }
}
