//! Committed positions of a coordinator's groups, many groups per request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::Message;
use broker::wire::messages::describe_share_group_offsets::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsResponseGroup, DescribeShareGroupOffsetsResponsePartition,
};
use broker::wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchResponse, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
};
use tokio::task::JoinSet;

use super::client::{Client, Lane};
use super::connection::Connection;
use super::coordinator::{GROUP_SLICE, Listed};
use super::error::{CallError, refusal};
use super::topology::intern;
use crate::clock::now;
use crate::model::{BrokerId, Failure, GroupKind, TopicName, Topics};

/// How long reading the positions of a slice may take.
const DEADLINE: Duration = Duration::from_secs(8);
/// The same for share groups: their positions lie with yet another coordinator, which may be gone, and the other
/// groups of this one do not wait for it longer. Only the caller gives up so soon: the connection is kept, others
/// use it too.
const SHARE_DEADLINE: Duration = Duration::from_millis(900);
/// `OffsetFetch` takes many groups from this version on (KIP-709).
const BATCHED: i16 = 8;
/// … and "all topics" from this one on.
const ALL_TOPICS: i16 = 2;

/// A position in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub topic: TopicName,
    pub partition: i32,
    /// `None` = nothing committed.
    pub offset: Option<i64>,
    /// Lag in the broker's own words; only share groups have one.
    pub lag: Option<i64>,
}

/// Positions of one group, with what was missing of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Positions {
    pub rows: Vec<Position>,
    pub flaw: Option<Failure>,
}

/// Positions by group id.
pub type Committed = BTreeMap<Arc<str>, Result<Positions, Failure>>;

/// Reads what the groups of a coordinator have committed; a group whose positions could not be read has its reason.
pub async fn read(client: &Client, id: BrokerId, groups: &[Listed], topics: &Topics) -> Committed {
    let (share, others): (Vec<&Listed>, Vec<&Listed>) = groups
        .iter()
        .partition(|group| group.kind == GroupKind::Share);
    let (mut all, of_share) = tokio::join!(
        read_others(client, id, &others, topics),
        read_share(client, id, &share, topics)
    );
    all.extend(of_share);
    all
}

async fn read_share(
    client: &Client,
    id: BrokerId,
    groups: &[&Listed],
    topics: &Topics,
) -> Committed {
    let mut all = Committed::new();
    for slice in groups.chunks(GROUP_SLICE) {
        let answer = async {
            let connection = client.connection(id, Lane::Relayed).await?;
            share_offsets(&connection, slice, topics).await
        };
        spread(&mut all, slice, answer.await);
    }
    all
}

async fn read_others(
    client: &Client,
    id: BrokerId,
    groups: &[&Listed],
    topics: &Topics,
) -> Committed {
    let mut all = Committed::new();
    let connection = match client.connection(id, Lane::Own).await {
        Ok(connection) => connection,
        Err(error) => {
            spread(&mut all, groups, Err(error));
            return all;
        }
    };
    match connection.version::<OffsetFetchRequest>(ALL_TOPICS) {
        Ok(BATCHED..) => {
            for slice in groups.chunks(GROUP_SLICE) {
                let answer = batch(&connection, slice, topics).await;
                spread(&mut all, slice, answer);
            }
        }
        Ok(_) => one_by_one(&connection, groups, topics, &mut all).await,
        Err(error) => spread(&mut all, groups, Err(error)),
    }
    all
}

type Answers = Result<Vec<(Arc<str>, Result<Positions, Failure>)>, CallError>;

fn spread(all: &mut Committed, slice: &[&Listed], answer: Answers) {
    match answer {
        Ok(answers) => all.extend(answers),
        Err(error) => {
            let failure = error.failure(now());
            all.extend(
                slice
                    .iter()
                    .map(|group| (group.id.clone(), Err(failure.clone()))),
            );
        }
    }
}

async fn batch(connection: &Connection, groups: &[&Listed], topics: &Topics) -> Answers {
    let wanted = groups.iter().map(|group| OffsetFetchRequestGroup {
        group_id: group.id.as_ref().to_owned(),
        topics: None,
        ..OffsetFetchRequestGroup::default()
    });
    let request = OffsetFetchRequest {
        groups: wanted.collect(),
        ..OffsetFetchRequest::default()
    };
    let response = connection.call(&request, DEADLINE).await?;
    let groups = response.groups.iter().map(|group| {
        let id: Arc<str> = group.group_id.as_str().into();
        let read = of_group(&id, group, topics);
        (id, read)
    });
    Ok(groups.collect())
}

fn of_group(
    id: &str,
    group: &OffsetFetchResponseGroup,
    topics: &Topics,
) -> Result<Positions, Failure> {
    let rows = group.topics.iter().map(|topic| {
        let rows = topic.partitions.iter();
        let row = |row: &OffsetFetchResponsePartitions| {
            (
                row.partition_index,
                (row.committed_offset, -1),
                row.error_code,
            )
        };
        (topic.name.as_str(), rows.map(row))
    });
    positions(id, group.error_code, rows, topics)
}

/// The positions of one group: by topic, then partition with its offset and lag, each -1 where unknown.
fn positions<'a>(
    id: &str,
    code: ErrorCode,
    rows: impl Iterator<Item = (&'a str, impl Iterator<Item = (i32, (i64, i64), ErrorCode)>)>,
    topics: &Topics,
) -> Result<Positions, Failure> {
    if !code.is_ok() {
        return Err(refusal(&format!("positions of group {id}"), code, now()));
    }
    let mut positions = Positions::default();
    for (topic, rows) in rows {
        let topic = intern(topics, topic);
        for (partition, known, code) in rows {
            positions.add(&topic, partition, known, code);
        }
    }
    Ok(positions)
}

impl Positions {
    /// Adds a partition with its offset and lag, each -1 where unknown.
    fn add(
        &mut self,
        topic: &TopicName,
        partition: i32,
        (offset, lag): (i64, i64),
        code: ErrorCode,
    ) {
        if !code.is_ok() {
            let subject = format!("position in {topic}-{partition}");
            self.flaw = Some(refusal(&subject, code, now()));
        }
        let known = |value: i64| (value >= 0 && code.is_ok()).then_some(value);
        self.rows.push(Position {
            topic: topic.clone(),
            partition,
            offset: known(offset),
            lag: known(lag),
        });
    }
}

/// Brokers before 3.0 take one group per request; the connection keeps as many under way as it may.
async fn one_by_one(
    connection: &Arc<Connection>,
    groups: &[&Listed],
    topics: &Topics,
    all: &mut Committed,
) {
    let mut asked = JoinSet::new();
    for group in groups {
        let (connection, id) = (connection.clone(), group.id.clone());
        asked.spawn(async move {
            let request = OffsetFetchRequest {
                group_id: id.as_ref().to_owned(),
                topics: None,
                ..OffsetFetchRequest::default()
            };
            (id, connection.call(&request, DEADLINE).await)
        });
    }
    while let Some(answered) = asked.join_next().await {
        let Ok((id, answer)) = answered else { continue };
        let read = match answer {
            Ok(response) => of_single(&id, &response, topics),
            Err(error) => Err(error.failure(now())),
        };
        all.insert(id, read);
    }
}

fn of_single(
    id: &str,
    response: &OffsetFetchResponse,
    topics: &Topics,
) -> Result<Positions, Failure> {
    let rows = response.topics.iter().map(|topic| {
        let rows = topic.partitions.iter();
        let row = |row: &OffsetFetchResponsePartition| {
            (
                row.partition_index,
                (row.committed_offset, -1),
                row.error_code,
            )
        };
        (topic.name.as_str(), rows.map(row))
    });
    positions(id, response.error_code, rows, topics)
}

async fn share_offsets(connection: &Connection, groups: &[&Listed], topics: &Topics) -> Answers {
    let wanted = groups
        .iter()
        .map(|group| DescribeShareGroupOffsetsRequestGroup {
            group_id: group.id.as_ref().to_owned(),
            topics: None,
            ..DescribeShareGroupOffsetsRequestGroup::default()
        });
    let request = DescribeShareGroupOffsetsRequest {
        groups: wanted.collect(),
        ..DescribeShareGroupOffsetsRequest::default()
    };
    let call = connection.call(&request, DEADLINE);
    let response = tokio::time::timeout(SHARE_DEADLINE, call)
        .await
        .map_err(|_| CallError::Silent {
            peer: connection.peer().clone(),
            api: DescribeShareGroupOffsetsRequest::KEY,
            after: SHARE_DEADLINE,
        })??;
    let groups = response.groups.iter().map(|group| {
        let id: Arc<str> = group.group_id.as_str().into();
        let read = of_share_group(&id, group, topics);
        (id, read)
    });
    Ok(groups.collect())
}

fn of_share_group(
    id: &str,
    group: &DescribeShareGroupOffsetsResponseGroup,
    topics: &Topics,
) -> Result<Positions, Failure> {
    let rows = group.topics.iter().map(|topic| {
        let rows = topic.partitions.iter();
        let row = |row: &DescribeShareGroupOffsetsResponsePartition| {
            (
                row.partition_index,
                (row.start_offset, row.lag),
                row.error_code,
            )
        };
        (topic.topic_name.as_str(), rows.map(row))
    });
    positions(id, group.error_code, rows, topics)
}
