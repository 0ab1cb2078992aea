//! `DescribeGroups` (15): state and members of the groups that this node coordinates (rule 66).

use super::{Ctx, needs};
use crate::meta::acl::ResourceKind;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_groups::DescribedGroup;
use crate::wire::messages::{DescribeGroupsRequest, DescribeGroupsResponse};

/// First version that is told that a group does not exist (KIP-1043).
const NOT_FOUND_VERSION: i16 = 6;

/// Asks the coordinator, group by group.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let rights = ctx.rights();
    let describe = |group: String| {
        if let Err(error_code) = rights.check(&needs::DESCRIBE_GROUP, &group) {
            return DescribedGroup {
                group_id: group,
                error_code,
                ..DescribedGroup::default()
            };
        }
        let mut told = match ctx.broker.groups.describe(&group) {
            Ok(Some(described)) => described,
            Ok(None) => missing(group, ctx.version),
            Err(error_code) => DescribedGroup {
                group_id: group,
                error_code,
                ..DescribedGroup::default()
            },
        };
        if request.include_authorized_operations && told.error_code.is_ok() {
            told.authorized_operations = rights.operations(ResourceKind::Group, &told.group_id);
        }
        told
    };
    DescribeGroupsResponse {
        groups: request.groups.into_iter().map(describe).collect(),
        ..DescribeGroupsResponse::default()
    }
}

fn missing(group: String, version: i16) -> DescribedGroup {
    let dead = DescribedGroup {
        group_state: "Dead".to_owned(),
        ..DescribedGroup::default()
    };
    if version < NOT_FOUND_VERSION {
        return DescribedGroup {
            group_id: group,
            ..dead
        };
    }
    DescribedGroup {
        error_code: ErrorCode::GROUP_ID_NOT_FOUND,
        error_message: Some(format!("Group {group} not found.")),
        group_id: group,
        ..dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_group_is_dead_and_from_version_six_on_not_found() {
        let old = missing("g".into(), 5);
        assert_eq!(
            (old.error_code, old.group_state.as_str()),
            (ErrorCode::NONE, "Dead")
        );
        assert_eq!(old.error_message, None);
        let new = missing("g".into(), 6);
        assert_eq!(new.error_code, ErrorCode::GROUP_ID_NOT_FOUND);
        assert_eq!(new.group_state, "Dead");
    }
}
