//! `DescribeAcls` (29): the access rules that a filter picks, by resource (rule 77).

use super::create_acls::no_authorizer;
use super::forward::Failure;
use super::{Ctx, needs};
use crate::meta::acl::{Acl, Acls, Filter};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_acls::{AclDescription, DescribeAclsResource};
use crate::wire::messages::{DescribeAclsRequest, DescribeAclsResponse};

/// Kafka's number that no request may carry.
const UNKNOWN: i8 = 0;

/// Answers from what this node knows.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: DescribeAclsRequest) -> DescribeAclsResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::DESCRIBE_RULES) {
        return refused(denied);
    }
    if ctx.broker.config.authorization.is_none() {
        return refused(no_authorizer());
    }
    describe(&ctx.broker.image().acls, &request)
}

fn refused(failure: Failure) -> DescribeAclsResponse {
    DescribeAclsResponse {
        error_code: failure.code,
        error_message: Some(failure.message),
        ..DescribeAclsResponse::default()
    }
}

/// The answer by the rules there are. A number that means nothing picks none.
pub fn describe(acls: &Acls, request: &DescribeAclsRequest) -> DescribeAclsResponse {
    let numbers = [
        request.resource_type_filter,
        request.pattern_type_filter,
        request.operation,
        request.permission_type,
    ];
    if numbers.contains(&UNKNOWN) {
        return refused(Failure {
            code: ErrorCode::INVALID_REQUEST,
            message: "the filter contains UNKNOWN elements".to_owned(),
        });
    }
    let filter = Filter {
        name: request.resource_name_filter.clone(),
        principal: request.principal_filter.clone(),
        host: request.host_filter.clone(),
        ..Filter::of(numbers)
    };
    let mut resources: Vec<DescribeAclsResource> = Vec::new();
    for acl in acls.picked(&filter) {
        let last = resources.last_mut().filter(|last| is_of(last, &acl));
        match last {
            Some(last) => last.acls.push(description(acl)),
            None => resources.push(DescribeAclsResource {
                resource_type: acl.kind.number(),
                resource_name: acl.name.clone(),
                pattern_type: acl.pattern.number(),
                acls: vec![description(acl)],
                ..DescribeAclsResource::default()
            }),
        }
    }
    DescribeAclsResponse {
        error_message: None,
        resources,
        ..DescribeAclsResponse::default()
    }
}

fn is_of(resource: &DescribeAclsResource, acl: &Acl) -> bool {
    (resource.resource_type, resource.pattern_type) == (acl.kind.number(), acl.pattern.number())
        && resource.resource_name == acl.name
}

fn description(acl: Acl) -> AclDescription {
    AclDescription {
        principal: acl.principal,
        host: acl.host,
        operation: acl.operation.number(),
        permission_type: acl.permission.number(),
        ..AclDescription::default()
    }
}
