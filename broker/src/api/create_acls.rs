//! `CreateAcls` (30): access rules come (rule 77); the controller decides, and the answer comes when this node
//! goes by them.

use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::meta::controller;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_acls::AclCreationResult;
use crate::wire::messages::{CreateAclsRequest, CreateAclsResponse};

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: CreateAclsRequest) -> CreateAclsResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::CREATE_RULES) {
        return refused(&request, &denied);
    }
    if ctx.broker.config.authorization.is_none() {
        return refused(&request, &no_authorizer());
    }
    let until = forward::usual_deadline(&ctx.broker);
    let asked = forward::submit(&ctx.broker, request.clone(), until).await;
    let response: CreateAclsResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    let made: Vec<_> = request
        .creations
        .iter()
        .zip(&response.results)
        .filter(|(_, result)| result.error_code.is_ok())
        .filter_map(|(creation, _)| controller::acl(creation).ok())
        .collect();
    forward::seen(ctx, until, |image| {
        made.iter().all(|acl| image.acls.contains(acl))
    })
    .await;
    response
}

/// Why there are no rules to be told or changed.
pub(super) fn no_authorizer() -> Failure {
    Failure {
        code: ErrorCode::SECURITY_DISABLED,
        message: "No Authorizer is configured.".to_owned(),
    }
}

/// Every rule with the same reason why it is not made.
fn refused(request: &CreateAclsRequest, failure: &Failure) -> CreateAclsResponse {
    let result = |_| AclCreationResult {
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..AclCreationResult::default()
    };
    CreateAclsResponse {
        results: request.creations.iter().map(result).collect(),
        ..CreateAclsResponse::default()
    }
}
