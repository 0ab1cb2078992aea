//! `DeleteAcls` (31): access rules go (rule 77); the controller decides, and the answer comes when this node no
//! longer goes by them.

use super::create_acls::no_authorizer;
use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::meta::acl::{Acl, Operation, Pattern, Permission, ResourceKind};
use crate::wire::messages::delete_acls::{DeleteAclsFilterResult, DeleteAclsMatchingAcl};
use crate::wire::messages::{DeleteAclsRequest, DeleteAclsResponse};

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: DeleteAclsRequest) -> DeleteAclsResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::DELETE_RULES) {
        return refused(&request, &denied);
    }
    if ctx.broker.config.authorization.is_none() {
        return refused(&request, &no_authorizer());
    }
    let until = forward::usual_deadline(&ctx.broker);
    let asked = forward::submit(&ctx.broker, request.clone(), until).await;
    let response: DeleteAclsResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    let results = response.filter_results.iter();
    let gone: Vec<Acl> = results
        .flat_map(|result| result.matching_acls.iter().filter_map(acl))
        .collect();
    forward::seen(ctx, until, |image| {
        !gone.iter().any(|acl| image.acls.contains(acl))
    })
    .await;
    response
}

/// The rule that an answer tells.
fn acl(told: &DeleteAclsMatchingAcl) -> Option<Acl> {
    Some(Acl {
        kind: ResourceKind::of_number(told.resource_type)?,
        name: told.resource_name.clone(),
        pattern: Pattern::of_number(told.pattern_type)?,
        principal: told.principal.clone(),
        host: told.host.clone(),
        operation: Operation::of_number(told.operation)?,
        permission: Permission::of_number(told.permission_type)?,
    })
}

/// Every filter with the same reason why nothing is removed.
fn refused(request: &DeleteAclsRequest, failure: &Failure) -> DeleteAclsResponse {
    let result = |_| DeleteAclsFilterResult {
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..DeleteAclsFilterResult::default()
    };
    DeleteAclsResponse {
        filter_results: request.filters.iter().map(result).collect(),
        ..DeleteAclsResponse::default()
    }
}
