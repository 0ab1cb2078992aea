//! `CreateAcls` and `DeleteAcls`: access rules come and go. Every rule and every filter is answered by itself; what
//! cannot be read is refused, and the rest of the request is carried out.

use crate::meta::acl::{Acl, CLUSTER, Filter, Operation, Pattern, Permission, ResourceKind};
use crate::meta::record::Record;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::create_acls::{AclCreation, AclCreationResult};
use crate::wire::messages::delete_acls::{
    DeleteAclsFilter, DeleteAclsFilterResult, DeleteAclsMatchingAcl,
};
use crate::wire::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse,
};

use super::draft::Draft;

/// Adds rules; one that is there already is no error.
pub(super) fn create(draft: &mut Draft, request: &CreateAclsRequest) -> CreateAclsResponse {
    let mut response = CreateAclsResponse::default();
    for creation in &request.creations {
        let mut result = AclCreationResult {
            error_message: None,
            ..AclCreationResult::default()
        };
        match acl(creation) {
            Ok(acl) if draft.image.acls.contains(&acl) => {}
            Ok(acl) => draft.push(Record::AccessControlEntry { acl }),
            Err(why) => {
                result.error_code = ErrorCode::INVALID_REQUEST;
                result.error_message = Some(why);
            }
        }
        response.results.push(result);
    }
    response
}

/// The rule that a creation describes, or why there is none.
pub fn acl(creation: &AclCreation) -> Result<Acl, String> {
    let unknown = |what: &str, number: i8| format!("Invalid {what} {number}");
    let (name, number) = (&creation.resource_name, creation.resource_type);
    let kind = ResourceKind::of_number(number).ok_or_else(|| unknown("resourceType", number))?;
    if kind == ResourceKind::Cluster && name != CLUSTER {
        return Err(format!(
            "The only valid name for the CLUSTER resource is {CLUSTER}"
        ));
    }
    if name.is_empty() {
        return Err("Resource name should not be empty".to_owned());
    }
    let number = creation.resource_pattern_type;
    let pattern = Pattern::of_number(number).ok_or_else(|| unknown("patternType", number))?;
    let number = creation.operation;
    let operation = Operation::of_number(number).ok_or_else(|| unknown("operation", number))?;
    let number = creation.permission_type;
    let permission =
        Permission::of_number(number).ok_or_else(|| unknown("permissionType", number))?;
    let principal = creation.principal.clone();
    if !principal.contains(':') {
        return Err(format!(
            "Could not parse principal from `{principal}` (it lacks the colon between type and name)"
        ));
    }
    Ok(Acl {
        kind,
        name: name.clone(),
        pattern,
        principal,
        host: creation.host.clone(),
        operation,
        permission,
    })
}

/// Removes the rules that filters pick; one that two filters pick is told by both.
pub(super) fn delete(draft: &mut Draft, request: &DeleteAclsRequest) -> DeleteAclsResponse {
    let before = draft.image.acls.clone();
    let mut response = DeleteAclsResponse::default();
    for asked in &request.filters {
        let filter = filter(asked);
        let why = match (filter.is_unknown_pattern(), filter.is_unknown_entry()) {
            (true, _) => Some("Unknown patternFilter."),
            (_, true) => Some("Unknown entryFilter."),
            _ => None,
        };
        let mut result = DeleteAclsFilterResult {
            error_message: why.map(str::to_owned),
            ..DeleteAclsFilterResult::default()
        };
        if why.is_some() {
            result.error_code = ErrorCode::INVALID_REQUEST;
            response.filter_results.push(result);
            continue;
        }
        for acl in before.picked(&filter) {
            result.matching_acls.push(told(&acl));
            if draft.image.acls.contains(&acl) {
                draft.push(Record::RemoveAccessControlEntry { acl });
            }
        }
        response.filter_results.push(result);
    }
    response
}

fn filter(asked: &DeleteAclsFilter) -> Filter {
    Filter {
        name: asked.resource_name_filter.clone(),
        principal: asked.principal_filter.clone(),
        host: asked.host_filter.clone(),
        ..Filter::of([
            asked.resource_type_filter,
            asked.pattern_type_filter,
            asked.operation,
            asked.permission_type,
        ])
    }
}

fn told(acl: &Acl) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl {
        error_message: None,
        resource_type: acl.kind.number(),
        resource_name: acl.name.clone(),
        pattern_type: acl.pattern.number(),
        principal: acl.principal.clone(),
        host: acl.host.clone(),
        operation: acl.operation.number(),
        permission_type: acl.permission.number(),
        ..DeleteAclsMatchingAcl::default()
    }
}
