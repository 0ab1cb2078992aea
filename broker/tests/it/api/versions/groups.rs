//! Members of groups from joining to leaving, and what is asked of their groups.

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::join_group::JoinGroupRequestProtocol;
use broker::wire::messages::leave_group::MemberIdentity;
use broker::wire::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker::wire::messages::sync_group::SyncGroupRequestAssignment;
use broker::wire::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, FindCoordinatorRequest, HeartbeatRequest,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, Message as _,
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest, offset_delete,
    offset_fetch,
};
use bytes::Bytes;

use super::{Asker, NAMES, TOPIC, versions};

/// Members join, commit and leave in every version of each request.
pub(super) async fn groups(asker: &mut Asker) {
    let find = |version: i16| {
        let many = version >= 4;
        let of = |key_type| FindCoordinatorRequest {
            key: if many { String::new() } else { "g".to_owned() },
            key_type,
            coordinator_keys: if many {
                vec!["g".into(), "h".into()]
            } else {
                Vec::new()
            },
            ..FindCoordinatorRequest::default()
        };
        let kinds: &[i8] = if version >= 1 { &[0, 1, 5] } else { &[0] };
        kinds.iter().copied().map(of).collect()
    };
    asker.all(find).await;
    // Half of the groups are coordinated by the other node: these are answered with an error.
    for version in versions(JoinGroupRequest::KEY.0) {
        for name in ["one", "two", "three", "four"] {
            live(asker, &format!("{name}-{version}"), version).await;
        }
    }
    let which = vec![(TOPIC.to_owned(), vec![0, 1]), ("unknown".into(), vec![0])];
    asker
        .all(|version| {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for (name, partition_indexes) in which.clone() {
                if version < 8 {
                    old.push(offset_fetch::OffsetFetchRequestTopic {
                        name,
                        partition_indexes,
                        ..offset_fetch::OffsetFetchRequestTopic::default()
                    });
                } else {
                    new.push(offset_fetch::OffsetFetchRequestTopics {
                        name,
                        partition_indexes,
                        ..offset_fetch::OffsetFetchRequestTopics::default()
                    });
                }
            }
            let group = |group_id: &str| OffsetFetchRequest {
                group_id: if version < 8 {
                    group_id.to_owned()
                } else {
                    String::new()
                },
                topics: Some(old.clone()),
                groups: if version < 8 {
                    Vec::new()
                } else {
                    vec![offset_fetch::OffsetFetchRequestGroup {
                        group_id: group_id.to_owned(),
                        topics: Some(new.clone()),
                        ..offset_fetch::OffsetFetchRequestGroup::default()
                    }]
                },
                ..OffsetFetchRequest::default()
            };
            GROUPS.map(group).to_vec()
        })
        .await;
    asker
        .all(|version| {
            vec![DescribeGroupsRequest {
                groups: GROUPS.map(str::to_owned).to_vec(),
                include_authorized_operations: version >= 3,
                ..DescribeGroupsRequest::default()
            }]
        })
        .await;
    asker.all(|_| vec![ListGroupsRequest::default()]).await;
    asker
        .all(|_| {
            let delete = |group: &str| OffsetDeleteRequest {
                group_id: group.to_owned(),
                topics: vec![offset_delete::OffsetDeleteRequestTopic {
                    name: TOPIC.to_owned(),
                    partitions: vec![offset_delete::OffsetDeleteRequestPartition::default()],
                    ..offset_delete::OffsetDeleteRequestTopic::default()
                }],
                ..OffsetDeleteRequest::default()
            };
            GROUPS.map(delete).to_vec()
        })
        .await;
    asker
        .all(|version| {
            vec![DeleteGroupsRequest {
                groups_names: [format!("one-{version}"), "nobody".to_owned()].to_vec(),
                ..DeleteGroupsRequest::default()
            }]
        })
        .await;
}

/// Groups with members and offsets, on either node, and one that is not there.
const GROUPS: [&str; 5] = ["one-0", "two-0", "three-0", "four-0", "nobody"];

async fn joined(asker: &mut Asker, group: &str, version: i16) -> JoinGroupResponse {
    let mut request = JoinGroupRequest {
        group_id: group.to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".to_owned(),
            metadata: Bytes::from_static(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            ..JoinGroupRequestProtocol::default()
        }],
        ..JoinGroupRequest::default()
    };
    loop {
        let joined = asker.ask(&request, version).await;
        match joined.error_code {
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            ErrorCode::MEMBER_ID_REQUIRED => request.member_id = joined.member_id,
            _ => return joined,
        }
    }
}

/// A member of a group of its own, from its joining to its leaving; version 0 stays.
async fn live(asker: &mut Asker, group: &str, version: i16) {
    let member = joined(asker, group, version).await;
    let within = |key: i16| version.min(*versions(key).end());
    let sync = within(SyncGroupRequest::KEY.0);
    let consumer = (sync >= 5).then(|| "consumer".to_owned());
    let request = SyncGroupRequest {
        group_id: group.to_owned(),
        generation_id: member.generation_id,
        member_id: member.member_id.clone(),
        protocol_type: consumer,
        protocol_name: (sync >= 5).then(|| "range".to_owned()),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: member.member_id.clone(),
            assignment: Bytes::from_static(&[0, 0]),
            ..SyncGroupRequestAssignment::default()
        }],
        ..SyncGroupRequest::default()
    };
    asker.ask(&request, sync).await;
    let request = HeartbeatRequest {
        group_id: group.to_owned(),
        generation_id: member.generation_id,
        member_id: member.member_id.clone(),
        ..HeartbeatRequest::default()
    };
    asker.ask(&request, within(HeartbeatRequest::KEY.0)).await;
    let partition = |partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: 1,
        committed_metadata: Some("said".to_owned()),
        ..OffsetCommitRequestPartition::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.to_owned(),
        generation_id_or_member_epoch: member.generation_id,
        member_id: member.member_id.clone(),
        topics: NAMES
            .map(|name| OffsetCommitRequestTopic {
                name: name.to_owned(),
                partitions: vec![partition(0), partition(1)],
                ..OffsetCommitRequestTopic::default()
            })
            .to_vec(),
        ..OffsetCommitRequest::default()
    };
    asker
        .ask(&request, within(OffsetCommitRequest::KEY.0).max(2))
        .await;
    let leave = within(LeaveGroupRequest::KEY.0);
    let members = vec![MemberIdentity {
        member_id: member.member_id.clone(),
        ..MemberIdentity::default()
    }];
    let request = LeaveGroupRequest {
        group_id: group.to_owned(),
        member_id: if leave < 3 {
            "somebody".to_owned()
        } else {
            String::new()
        },
        members: if leave < 3 { Vec::new() } else { members },
        ..LeaveGroupRequest::default()
    };
    asker.ask(&request, leave).await;
}
