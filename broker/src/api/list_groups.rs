//! `ListGroups` (16): the groups that this node coordinates, by state (KIP-518) and type (KIP-848).

use super::{Ctx, needs};
use crate::wire::messages::list_groups::ListedGroup;
use crate::wire::messages::{ListGroupsRequest, ListGroupsResponse};

/// Asks the coordinator. While any of its partitions is being read there is no answer yet.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: ListGroupsRequest) -> ListGroupsResponse {
    let rights = ctx.rights();
    let all = rights.may_cluster(&needs::LIST_ALL_GROUPS);
    let may_see = |group: &ListedGroup| all || rights.may(&needs::LIST_GROUP, &group.group_id);
    match ctx.broker.groups.list() {
        Ok(groups) => ListGroupsResponse {
            groups: groups
                .into_iter()
                .filter(|group| is_asked_for(group, &request) && may_see(group))
                .collect(),
            ..ListGroupsResponse::default()
        },
        Err(error_code) => ListGroupsResponse {
            error_code,
            ..ListGroupsResponse::default()
        },
    }
}

/// No filter asks for all; names count in any case.
fn is_asked_for(group: &ListedGroup, request: &ListGroupsRequest) -> bool {
    let passes = |filter: &[String], value: &str| {
        filter.is_empty() || filter.iter().any(|name| name.eq_ignore_ascii_case(value))
    };
    passes(&request.states_filter, &group.group_state)
        && passes(&request.types_filter, &group.group_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_choose_by_state_and_type() {
        let group = ListedGroup {
            group_state: "Stable".into(),
            group_type: "classic".into(),
            ..ListedGroup::default()
        };
        let asked = |states: &[&str], types: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let request = ListGroupsRequest {
                states_filter: owned(states),
                types_filter: owned(types),
                ..ListGroupsRequest::default()
            };
            is_asked_for(&group, &request)
        };
        assert!(asked(&[], &[]) && asked(&["stable", "Empty"], &["Classic"]));
        assert!(!asked(&["Empty"], &[]) && !asked(&[], &["consumer"]));
    }
}
