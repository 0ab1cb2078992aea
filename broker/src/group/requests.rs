//! The door of the groups for the APIs: one method per question. Codes and waits are settled here,
//! versions of the protocol are the APIs' own.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_groups::DescribedGroup;
use crate::wire::messages::heartbeat::HeartbeatRequest;
use crate::wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use crate::wire::messages::list_groups::ListedGroup;
use crate::wire::messages::offset_commit::OffsetCommitRequest;
use crate::wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::classic::{Answer, Committer, Joining};
use super::partition::Partition;
use super::schema::OffsetValue;
use super::shell::Groups;
use super::write::Outcome;

/// Who sends a JoinGroup.
#[derive(Debug, Clone)]
pub struct Member {
    /// The header's client id; empty where there is none.
    pub client_id: String,
    /// The client's address.
    pub host: Arc<str>,
    /// Version of the request.
    pub version: i16,
}

/// A committed offset and where it belongs.
pub type Found = (String, i32, OffsetValue);

impl Groups {
    /// JoinGroup: waits until the group's next generation.
    pub async fn join(&self, request: JoinGroupRequest, from: Member) -> JoinGroupResponse {
        let (group, member_id) = (request.group_id.clone(), request.member_id.clone());
        let now_ms = self.clock.now_ms();
        let asked = self.ask(&group, |partition, ticket| {
            let joining = Joining {
                request,
                version: from.version,
                client_id: from.client_id,
                client_host: from.host.to_string(),
                fresh_id: fresh_id(),
                ticket,
            };
            partition.join(&joining, now_ms)
        });
        match asked.await {
            Ok(Answer::Joined(answer)) => answer,
            other => JoinGroupResponse {
                error_code: other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR),
                member_id,
                ..JoinGroupResponse::default()
            },
        }
    }

    /// SyncGroup: waits until the leader's assignment is committed.
    pub async fn sync(&self, request: SyncGroupRequest) -> SyncGroupResponse {
        let now_ms = self.clock.now_ms();
        let asked = self.ask(&request.group_id, |partition, ticket| {
            partition.sync(&request, ticket, now_ms)
        });
        match asked.await {
            Ok(Answer::Synced(answer)) => answer,
            other => SyncGroupResponse {
                error_code: other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR),
                ..SyncGroupResponse::default()
            },
        }
    }

    /// Heartbeat.
    pub fn heartbeat(&self, request: &HeartbeatRequest) -> Result<(), ErrorCode> {
        let now_ms = self.clock.now_ms();
        let from = Committer {
            member_id: &request.member_id,
            instance_id: request.group_instance_id.as_deref(),
            generation: request.generation_id,
        };
        self.with(&request.group_id, |partition| {
            let alive = partition.heartbeat(&request.group_id, from, now_ms);
            (alive, Outcome::default())
        })?
    }

    /// One member leaves: the outer error is the coordinator's, the inner one the member's.
    pub fn leave(
        &self,
        group: &str,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<Result<(), ErrorCode>, ErrorCode> {
        let now_ms = self.clock.now_ms();
        self.with(group, |partition| {
            partition.leave(group, (member_id, instance_id), now_ms)
        })
    }

    /// Whether a commit's metadata is too long to be kept (`offset.metadata.max.bytes`).
    pub fn is_too_long(&self, metadata: Option<&str>) -> bool {
        metadata.is_some_and(|text| text.len() > self.settings.metadata_max_bytes)
    }

    /// OffsetCommit: resolves once the offsets are replicated. Offsets whose metadata is too long
    /// are left out.
    pub async fn commit(
        &self,
        request: &OffsetCommitRequest,
        version: i16,
    ) -> Result<(), ErrorCode> {
        let now_ms = self.clock.now_ms();
        let written = self.write(&request.group_id, |partition, ticket| {
            partition.commit(request, version, ticket, now_ms)
        });
        written.await?;
        self.commits.add(1);
        Ok(())
    }

    /// Committed offsets of a group: of these partitions, or all. A group that does not exist has
    /// none.
    pub fn fetch(
        &self,
        group: &str,
        which: Option<&[(&str, i32)]>,
    ) -> Result<Vec<Found>, ErrorCode> {
        self.read(group, |partition| {
            let Some(offsets) = partition.offsets(group) else {
                return Vec::new();
            };
            let found =
                |topic: &str, index, value: &OffsetValue| (topic.to_owned(), index, value.clone());
            match which {
                None => offsets
                    .committed()
                    .map(|(topic, index, value)| found(topic, index, value))
                    .collect(),
                Some(which) => which
                    .iter()
                    .filter_map(|(topic, index)| {
                        Some(found(topic, *index, offsets.get(topic, *index)?))
                    })
                    .collect(),
            }
        })
    }

    /// DescribeGroups of one group; `None` where there is no such group.
    pub fn describe(&self, group: &str) -> Result<Option<DescribedGroup>, ErrorCode> {
        self.read(group, |partition| partition.describe(group))
    }

    /// ListGroups: the groups that this node coordinates; an error while some are being read.
    pub fn list(&self) -> Result<Vec<ListedGroup>, ErrorCode> {
        let mut groups = Vec::new();
        self.read_each(|partition| groups.extend(partition.list()))?;
        Ok(groups)
    }

    /// DeleteGroups of one group: resolves once its removal is replicated.
    pub async fn delete(&self, group: &str) -> Result<(), ErrorCode> {
        let written = self.write(group, |partition, ticket| partition.delete(group, ticket));
        written.await
    }

    /// OffsetDelete: whether it may be, and then which of these topics the group reads and keeps.
    pub async fn delete_offsets(
        &self,
        group: &str,
        which: Vec<(String, i32)>,
    ) -> Result<Vec<String>, ErrorCode> {
        let read = self.read(group, |partition| {
            partition.may_delete_offsets(group)?;
            let topics = which.iter().map(|(topic, _)| topic);
            let read = topics.filter(|topic| partition.reads(group, topic));
            Ok(read.cloned().collect())
        })??;
        let written = self.write(group, |partition, ticket| {
            partition.delete_offsets(group, &which, ticket)
        });
        written.await?;
        Ok(read)
    }

    fn read<T>(&self, group: &str, read: impl FnOnce(&Partition) -> T) -> Result<T, ErrorCode> {
        self.with(group, |partition| (read(partition), Outcome::default()))
    }
}

/// The second half of a member id, in the form of a UUID: the process's own random keys, hashed.
fn fresh_id() -> String {
    let random = || RandomState::new().hash_one(std::time::Instant::now());
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}
