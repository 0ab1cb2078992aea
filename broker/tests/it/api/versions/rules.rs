//! Access rules: made, told, removed, and some that cannot be.

use broker::wire::messages::create_acls::AclCreation;
use broker::wire::messages::delete_acls::DeleteAclsFilter;
use broker::wire::messages::{CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest};

use super::{Asker, TOPIC};

pub(super) async fn rules(asker: &mut Asker) {
    asker.all(creations).await;
    asker.all(questions).await;
    asker.all(deletions).await;
}

fn creations(version: i16) -> Vec<CreateAclsRequest> {
    let creation = |operation| AclCreation {
        resource_type: 2,
        resource_name: TOPIC.to_owned(),
        principal: format!("User:v{version}"),
        host: "*".to_owned(),
        operation,
        permission_type: 3,
        ..AclCreation::default()
    };
    vec![CreateAclsRequest {
        creations: vec![creation(3), creation(99)],
        ..CreateAclsRequest::default()
    }]
}

fn questions(_: i16) -> Vec<DescribeAclsRequest> {
    vec![DescribeAclsRequest {
        resource_type_filter: 1,
        pattern_type_filter: 1,
        operation: 1,
        permission_type: 1,
        ..DescribeAclsRequest::default()
    }]
}

fn deletions(version: i16) -> Vec<DeleteAclsRequest> {
    let filter = |operation| DeleteAclsFilter {
        resource_type_filter: 2,
        pattern_type_filter: 1,
        principal_filter: Some(format!("User:v{version}")),
        operation,
        permission_type: 1,
        ..DeleteAclsFilter::default()
    };
    vec![DeleteAclsRequest {
        filters: vec![filter(1), filter(99)],
        ..DeleteAclsRequest::default()
    }]
}
