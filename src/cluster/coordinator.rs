//! What one coordinator tells of its groups: who they are, their members and what those are assigned.
//!
//! A coordinator names only its own groups. Groups are described in batches by type, each by the API of its type.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::wire::error::Result as WireResult;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::consumer_group_describe::{self, ConsumerGroupDescribeRequest};
use broker::wire::messages::describe_groups::{self, DescribeGroupsRequest};
use broker::wire::messages::list_groups::{ListGroupsRequest, ListedGroup};
use broker::wire::messages::share_group_describe::{self, ShareGroupDescribeRequest};
use broker::wire::messages::streams_group_describe::{self, StreamsGroupDescribeRequest};
use broker::wire::primitives::{Form, Reader};
use bytes::Bytes;

use super::connection::Connection;
use super::error::{CallError, refusal};
use super::topology::intern;
use crate::clock::now;
use crate::model::{Failure, GroupKind, Member, TopicName, Topics};

/// How long listing and describing may take.
const DEADLINE: Duration = Duration::from_secs(8);
/// Groups per describe request: some hundred kB of answer with a few dozen members each.
pub const GROUP_SLICE: usize = 200;

/// A group as `ListGroups` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: Arc<str>,
    pub kind: GroupKind,
    pub state: Arc<str>,
    pub protocol: Arc<str>,
}

/// A group's members, and its state where the description knows it better than the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub state: Option<Arc<str>>,
    pub members: Result<Vec<Member>, Failure>,
}

/// Descriptions by group id.
pub type Descriptions = BTreeMap<Arc<str>, Described>;

/// The groups that this broker coordinates; also whether it throttled.
pub async fn list(connection: &Connection) -> Result<(Vec<Listed>, bool), CallError> {
    let response = connection
        .call(&ListGroupsRequest::default(), DEADLINE)
        .await?;
    if !response.error_code.is_ok() {
        return Err(connection.refused::<ListGroupsRequest>(response.error_code));
    }
    // Where the broker knows no other type there can be no other.
    let only_classic = connection
        .version::<ConsumerGroupDescribeRequest>(0)
        .is_err();
    let listed = response
        .groups
        .iter()
        .map(|group| listed(group, only_classic));
    Ok((listed.collect(), response.throttle_time_ms > 0))
}

fn listed(group: &ListedGroup, only_classic: bool) -> Listed {
    Listed {
        id: group.group_id.as_str().into(),
        kind: kind(&group.group_type, only_classic),
        state: group.group_state.as_str().into(),
        protocol: group.protocol_type.as_str().into(),
    }
}

/// The type by its name, in whatever case; before `ListGroups` v5 there is none.
fn kind(name: &str, only_classic: bool) -> GroupKind {
    match name.to_ascii_lowercase().as_str() {
        "classic" => GroupKind::Classic,
        "consumer" => GroupKind::Consumer,
        "share" => GroupKind::Share,
        "streams" => GroupKind::Streams,
        "" if only_classic => GroupKind::Classic,
        "" => GroupKind::Unknown("unknown".into()),
        _ => GroupKind::Unknown(name.into()),
    }
}

/// Describes groups, by type and in slices. A group that could not be described has its reason.
pub async fn describe(connection: &Connection, groups: &[Listed], topics: &Topics) -> Descriptions {
    let mut all = Descriptions::new();
    let of = |wanted: fn(&GroupKind) -> bool| -> Vec<Arc<str>> {
        let groups = groups.iter().filter(|group| wanted(&group.kind));
        groups.map(|group| group.id.clone()).collect()
    };
    let mut classic = of(|kind| matches!(kind, GroupKind::Classic | GroupKind::Unknown(_)));
    for slice in of(|kind| *kind == GroupKind::Consumer).chunks(GROUP_SLICE) {
        let described = consumer(connection, slice, topics).await;
        classic.extend(spread(&mut all, slice, described));
    }
    for slice in of(|kind| *kind == GroupKind::Share).chunks(GROUP_SLICE) {
        spread(&mut all, slice, share(connection, slice, topics).await);
    }
    for slice in of(|kind| *kind == GroupKind::Streams).chunks(GROUP_SLICE) {
        spread(&mut all, slice, streams(connection, slice, topics).await);
    }
    for slice in classic.chunks(GROUP_SLICE) {
        spread(
            &mut all,
            slice,
            classic_groups(connection, slice, topics).await,
        );
    }
    all
}

/// Takes a slice's answer in; an error is every group's. Returns groups to be asked for as classic ones.
fn spread(all: &mut Descriptions, slice: &[Arc<str>], answer: Answers) -> Vec<Arc<str>> {
    let answers = match answer {
        Ok(answers) => answers,
        Err(error) => {
            let members = Err(error.failure(now()));
            let described = Described {
                state: None,
                members,
            };
            let failed = slice.iter().map(|id| (id.clone(), Some(described.clone())));
            failed.collect()
        }
    };
    let mut other = Vec::new();
    for (id, described) in answers {
        match described {
            Some(described) => drop(all.insert(id, described)),
            None => other.push(id),
        }
    }
    other
}

fn described(
    id: &str,
    code: ErrorCode,
    state: &str,
    members: impl Iterator<Item = Member>,
) -> Described {
    if code.is_ok() {
        return Described {
            state: (!state.is_empty()).then(|| state.into()),
            members: Ok(members.collect()),
        };
    }
    Described {
        state: None,
        members: Err(refusal(&format!("group {id}"), code, now())),
    }
}

fn strings(ids: &[Arc<str>]) -> Vec<String> {
    ids.iter().map(|id| id.as_ref().to_owned()).collect()
}

type Answers = Result<Vec<(Arc<str>, Option<Described>)>, CallError>;

async fn classic_groups(connection: &Connection, ids: &[Arc<str>], topics: &Topics) -> Answers {
    let request = DescribeGroupsRequest {
        groups: strings(ids),
        ..DescribeGroupsRequest::default()
    };
    let response = connection.call(&request, DEADLINE).await?;
    let groups = response.groups.iter().map(|group| {
        let members = group
            .members
            .iter()
            .map(|member| classic_member(group, member, topics));
        let id = group.group_id.as_str();
        (
            id.into(),
            Some(described(id, group.error_code, &group.group_state, members)),
        )
    });
    Ok(groups.collect())
}

fn classic_member(
    group: &describe_groups::DescribedGroup,
    member: &describe_groups::DescribedGroupMember,
    topics: &Topics,
) -> Member {
    // Connect workers and schema registries put other things in there.
    let assigned = if group.protocol_type == "consumer" {
        assignment(&member.member_assignment, topics).unwrap_or_default()
    } else {
        Vec::new()
    };
    Member {
        id: member.member_id.as_str().into(),
        client_id: member.client_id.as_str().into(),
        host: host(&member.client_host),
        instance_id: member.group_instance_id.as_deref().map(Arc::from),
        assigned,
    }
}

/// Java brokers print addresses with a leading slash.
fn host(text: &str) -> Arc<str> {
    text.strip_prefix('/').unwrap_or(text).into()
}

/// An assignment of the classic consumer protocol: version, then partitions by topic; what follows is the
/// assignor's own. Empty outside `Stable`.
fn assignment(bytes: &Bytes, topics: &Topics) -> WireResult<Vec<(TopicName, Vec<i32>)>> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::over(bytes);
    reader.i16("assignment version")?;
    let mut assigned = Vec::new();
    for _ in 0..reader
        .length(Form::Plain, 6, "assigned topics")?
        .unwrap_or(0)
    {
        let name = reader
            .string(Form::Plain, "assigned topic")?
            .unwrap_or_default();
        let mut partitions = Vec::new();
        for _ in 0..reader
            .length(Form::Plain, 4, "assigned partitions")?
            .unwrap_or(0)
        {
            partitions.push(reader.i32("assigned partition")?);
        }
        assigned.push((intern(topics, &name), partitions));
    }
    Ok(assigned)
}

async fn consumer(connection: &Connection, ids: &[Arc<str>], topics: &Topics) -> Answers {
    let request = ConsumerGroupDescribeRequest {
        group_ids: strings(ids),
        ..ConsumerGroupDescribeRequest::default()
    };
    let response = connection.call(&request, DEADLINE).await?;
    let groups = response.groups.iter().map(|group| {
        let id: Arc<str> = group.group_id.as_str().into();
        if matches!(
            group.error_code,
            ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::UNSUPPORTED_VERSION
        ) {
            // It became a classic group since it was listed.
            return (id, None);
        }
        let members = group
            .members
            .iter()
            .map(|member| consumer_member(member, topics));
        let described = described(&id, group.error_code, &group.group_state, members);
        (id, Some(described))
    });
    Ok(groups.collect())
}

fn consumer_member(member: &consumer_group_describe::Member, topics: &Topics) -> Member {
    let assigned = member.assignment.topic_partitions.iter();
    Member {
        id: member.member_id.as_str().into(),
        client_id: member.client_id.as_str().into(),
        host: host(&member.client_host),
        instance_id: member.instance_id.as_deref().map(Arc::from),
        assigned: assigned
            .map(|topic| (intern(topics, &topic.topic_name), topic.partitions.clone()))
            .collect(),
    }
}

async fn share(connection: &Connection, ids: &[Arc<str>], topics: &Topics) -> Answers {
    let request = ShareGroupDescribeRequest {
        group_ids: strings(ids),
        ..ShareGroupDescribeRequest::default()
    };
    let response = connection.call(&request, DEADLINE).await?;
    let groups = response.groups.iter().map(|group| {
        let id = group.group_id.as_str();
        let members = group
            .members
            .iter()
            .map(|member| share_member(member, topics));
        (
            id.into(),
            Some(described(id, group.error_code, &group.group_state, members)),
        )
    });
    Ok(groups.collect())
}

fn share_member(member: &share_group_describe::Member, topics: &Topics) -> Member {
    let assigned = member.assignment.topic_partitions.iter();
    Member {
        id: member.member_id.as_str().into(),
        client_id: member.client_id.as_str().into(),
        host: host(&member.client_host),
        instance_id: None,
        assigned: assigned
            .map(|topic| (intern(topics, &topic.topic_name), topic.partitions.clone()))
            .collect(),
    }
}

async fn streams(connection: &Connection, ids: &[Arc<str>], topics: &Topics) -> Answers {
    let request = StreamsGroupDescribeRequest {
        group_ids: strings(ids),
        ..StreamsGroupDescribeRequest::default()
    };
    let response = connection.call(&request, DEADLINE).await?;
    let groups = response.groups.iter().map(|group| {
        let id = group.group_id.as_str();
        let members = group
            .members
            .iter()
            .map(|member| streams_member(group, member, topics));
        (
            id.into(),
            Some(described(id, group.error_code, &group.group_state, members)),
        )
    });
    Ok(groups.collect())
}

/// A streams member owns tasks; a task reads its partition of every source topic of its part of the topology.
fn streams_member(
    group: &streams_group_describe::DescribedGroup,
    member: &streams_group_describe::Member,
    topics: &Topics,
) -> Member {
    let parts = group
        .topology
        .iter()
        .flat_map(|topology| topology.subtopologies.iter().flatten());
    let mut assigned: BTreeMap<TopicName, Vec<i32>> = BTreeMap::new();
    for task in &member.assignment.active_tasks {
        let part = parts
            .clone()
            .find(|part| part.subtopology_id == task.subtopology_id);
        let Some(part) = part else { continue };
        let repartitioned = part
            .repartition_source_topics
            .iter()
            .map(|topic| &topic.name);
        for name in part.source_topics.iter().chain(repartitioned) {
            assigned
                .entry(intern(topics, name))
                .or_default()
                .extend(&task.partitions);
        }
    }
    Member {
        id: member.member_id.as_str().into(),
        client_id: member.client_id.as_str().into(),
        host: host(&member.client_host),
        instance_id: member.instance_id.as_deref().map(Arc::from),
        assigned: assigned.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_a_broken_one_is_an_error() {
        let bytes = Bytes::from_static(&[
            0, 1, 0, 0, 0, 1, 0, 2, b'a', b'b', 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5, 255, 255, 255,
            255,
        ]);
        let read = assignment(&bytes, &Topics::new()).expect("whole");
        assert_eq!(read, [(TopicName::from("ab"), vec![3, 5])]);
        assert!(assignment(&bytes.slice(..18), &Topics::new()).is_err());
        assert_eq!(assignment(&Bytes::new(), &Topics::new()), Ok(Vec::new()));
    }

    #[test]
    fn a_type_is_known_by_its_name_and_else_kept_as_it_is() {
        assert_eq!(kind("Consumer", false), GroupKind::Consumer);
        assert_eq!(kind("", true), GroupKind::Classic);
        assert_eq!(kind("", false).name(), "unknown");
        assert_eq!(kind("Tribal", false).name(), "Tribal");
    }
}
