//! `DeleteGroups` (42): groups without members go with their offsets (rule 66, KIP-229).

use super::{Ctx, needs};
use crate::wire::messages::delete_groups::DeletableGroupResult;
use crate::wire::messages::{DeleteGroupsRequest, DeleteGroupsResponse};

/// Asks the coordinator, group by group; each is gone from the log before it is told.
pub async fn answer(ctx: &Ctx, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut results = Vec::with_capacity(request.groups_names.len());
    let rights = ctx.rights();
    for group_id in request.groups_names {
        let deleted = match rights.check(&needs::DELETE_GROUP, &group_id) {
            Ok(()) => ctx.broker.groups.delete(&group_id).await,
            denied => denied,
        };
        results.push(DeletableGroupResult {
            group_id,
            error_code: deleted.err().unwrap_or_default(),
            ..DeletableGroupResult::default()
        });
    }
    DeleteGroupsResponse {
        results,
        ..DeleteGroupsResponse::default()
    }
}
