//! Asks the controller for changes of ISRs: many partitions a request, one request at a time.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::assign::Assigning;
use super::house::House;
use super::isr::{Agreed, Next, Proposal};
use super::partition::{Key, Partition};
use crate::meta::command::{Command, Reply};
use crate::meta::quorum::{Quorum, SubmitError};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::alter_partition::{
    AlterPartitionDone, AlterPartitionOne, AlterPartitionTopic, IsrMember,
};
use crate::wire::messages::{
    AlterPartitionRequest, AlterPartitionResponse, AssignReplicasToDirsRequest,
};

/// The pause before a change is asked for again.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// What the controller answers, later.
pub type Altering = Pin<Box<dyn Future<Output = Result<AlterPartitionResponse, String>> + Send>>;

/// The controller, as far as replication needs it.
pub trait Control: Send + Sync + 'static {
    /// Asks for changes of ISRs (rule 26); an error in words if the controller could not be asked.
    fn alter(&self, request: AlterPartitionRequest) -> Altering;

    /// Says in which directories replicas lie (KIP-858); an error in words if the controller could not
    /// be asked.
    fn assign(&self, request: AssignReplicasToDirsRequest) -> Assigning;
}

impl Control for Quorum {
    fn alter(&self, request: AlterPartitionRequest) -> Altering {
        Box::pin(ask(self.clone(), Command::AlterPartition(request)))
    }

    fn assign(&self, request: AssignReplicasToDirsRequest) -> Assigning {
        Box::pin(ask(self.clone(), Command::AssignReplicasToDirs(request)))
    }
}

async fn ask<R: TryFrom<Reply>>(quorum: Quorum, command: Command) -> Result<R, String> {
    let reply = quorum.submit(command).await;
    let reply = reply.map_err(|error: SubmitError| error.to_string())?;
    R::try_from(reply).map_err(|_| "the controller answered something else".to_owned())
}

type Sent = BTreeMap<Key, (Arc<Partition>, Proposal)>;

/// Sends what is proposed until the node stops.
pub(super) async fn run(house: Arc<House>, control: Arc<dyn Control>) {
    loop {
        let sent = collect(&house);
        if sent.is_empty() {
            house.proposed.notified().await;
            continue;
        }
        let answer = control.alter(request(&house, &sent)).await;
        if take_in(&house, &sent, answer) {
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}

fn collect(house: &House) -> Sent {
    let waiting = std::mem::take(
        &mut *house
            .proposals
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    waiting
        .into_iter()
        .filter_map(|partition| {
            let proposal = partition.take_proposal()?;
            Some((partition.key, (partition, proposal)))
        })
        .collect()
}

fn request(house: &House, sent: &Sent) -> AlterPartitionRequest {
    let mut topics: Vec<AlterPartitionTopic> = Vec::new();
    for ((topic_id, index), (_, proposal)) in sent {
        let one = AlterPartitionOne {
            partition_index: *index,
            leader_epoch: proposal.leader_epoch,
            new_isr_with_epochs: proposal
                .isr
                .iter()
                .map(|(broker_id, broker_epoch)| IsrMember {
                    broker_id: *broker_id,
                    broker_epoch: *broker_epoch,
                    ..IsrMember::default()
                })
                .collect(),
            partition_epoch: proposal.partition_epoch,
            ..AlterPartitionOne::default()
        };
        match topics.last_mut().filter(|last| last.topic_id == *topic_id) {
            Some(topic) => topic.partitions.push(one),
            None => topics.push(AlterPartitionTopic {
                topic_id: *topic_id,
                partitions: vec![one],
                ..AlterPartitionTopic::default()
            }),
        }
    }
    AlterPartitionRequest {
        broker_id: house.me,
        broker_epoch: house.broker_epoch(),
        topics,
        ..AlterPartitionRequest::default()
    }
}

/// Gives each partition its answer; says whether something is to be asked again.
fn take_in(house: &House, sent: &Sent, answer: Result<AlterPartitionResponse, String>) -> bool {
    let (general, mut done) = match answer {
        Ok(answer) => (answer.error_code, by_key(answer)),
        Err(why) => {
            log::warn!("in-sync replicas could not be changed, asking again: {why}");
            (ErrorCode::REQUEST_TIMED_OUT, BTreeMap::new())
        }
    };
    let mut again = false;
    for (key, (partition, proposal)) in sent {
        let outcome = match done.remove(key) {
            _ if general != ErrorCode::NONE => Err(general),
            None => Err(ErrorCode::REQUEST_TIMED_OUT),
            Some(done) if done.error_code != ErrorCode::NONE => Err(done.error_code),
            Some(done) => Ok(Agreed {
                leader_epoch: done.leader_epoch,
                partition_epoch: done.partition_epoch,
                isr: done.isr,
            }),
        };
        again |= settle(house, partition, proposal, outcome) == Next::Retry;
    }
    again
}

fn settle(
    house: &House,
    partition: &Arc<Partition>,
    proposal: &Proposal,
    outcome: Result<Agreed, ErrorCode>,
) -> Next {
    let image = house.image();
    let before = partition
        .lock()
        .leader()
        .map_or(0, |leader| leader.isr().members().len());
    let answer = outcome.as_ref().map_err(|error| *error);
    let next = partition.answered(proposal, answer, image.as_ref(), house.clock.now_ms());
    let place = format!("{}-{}", partition.topic, partition.key.1);
    match (next, outcome) {
        (Next::Settled, Ok(agreed)) => {
            log::info!("{place}: in sync are {:?}", agreed.isr);
            match agreed.isr.len().cmp(&before) {
                std::cmp::Ordering::Less => house.isr_shrinks.add(1),
                std::cmp::Ordering::Greater => house.isr_expands.add(1),
                std::cmp::Ordering::Equal => {}
            }
        }
        (Next::Retry, _) => house.propose(partition),
        (_, Err(error)) => log::info!("{place}: {error} for {proposal:?}"),
        _ => {}
    }
    next
}

fn by_key(answer: AlterPartitionResponse) -> BTreeMap<Key, AlterPartitionDone> {
    let topics = answer.topics.into_iter();
    topics
        .flat_map(|topic| {
            let id = topic.topic_id;
            let partitions = topic.partitions.into_iter();
            partitions.map(move |done| ((id, done.partition_index), done))
        })
        .collect()
}
