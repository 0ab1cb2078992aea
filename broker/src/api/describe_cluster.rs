//! `DescribeCluster` (60): the brokers, or on the controller's listener the controllers (rule 12,
//! KIP-700, KIP-919, KIP-1073).

use super::{Ctx, needs, topology};
use crate::meta::acl::{CLUSTER, ResourceKind};
use crate::meta::image::Image;
use crate::peer::Address;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_cluster::DescribeClusterBroker;
use crate::wire::messages::{DescribeClusterRequest, DescribeClusterResponse};

/// First version that is told what kind of node this is (KIP-919).
const ENDPOINT_VERSION: i16 = 1;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Answers from what this node knows.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: DescribeClusterRequest) -> DescribeClusterResponse {
    let config = &ctx.broker.config;
    let rights = ctx.rights();
    let image = ctx.broker.image();
    let on_controller = ctx.caller.on_controller_listener(config);
    if on_controller && let Err(refused) = rights.check_cluster(&needs::CONTROLLERS) {
        return DescribeClusterResponse {
            error_code: refused.code,
            error_message: Some(refused.message),
            ..DescribeClusterResponse::default()
        };
    }
    let here = if on_controller { CONTROLLERS } else { BROKERS };
    let mut response = match refusal(request.endpoint_type, here) {
        Some(refusal) => refusal,
        None if on_controller => {
            controllers(&ctx.broker.quorum.voters(), ctx.broker.quorum.leader())
        }
        None => brokers(
            &image,
            &ctx.caller.listener,
            config.node_id,
            request.include_fenced_brokers,
        ),
    };
    response.cluster_id.clone_from(&ctx.broker.cluster_id);
    if ctx.version >= ENDPOINT_VERSION {
        response.endpoint_type = here;
    }
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = if rights.may_cluster(&needs::CLUSTER_OPERATIONS) {
            rights.operations(ResourceKind::Cluster, CLUSTER)
        } else {
            0
        };
    }
    response
}

/// Why a kind of node cannot be described on this listener, if so.
pub fn refusal(asked: i8, here: i8) -> Option<DescribeClusterResponse> {
    let (error_code, message) = match asked {
        same if same == here => return None,
        BROKERS | CONTROLLERS => (
            ErrorCode::MISMATCHED_ENDPOINT_TYPE,
            format!("this listener tells of endpoint type {here}, not of {asked}"),
        ),
        other => (
            ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
            format!("there is no endpoint type {other}"),
        ),
    };
    Some(DescribeClusterResponse {
        error_code,
        error_message: Some(message),
        ..DescribeClusterResponse::default()
    })
}

/// The brokers as a listener's clients reach them.
pub fn brokers(image: &Image, listener: &str, node: i32, fenced: bool) -> DescribeClusterResponse {
    DescribeClusterResponse {
        controller_id: topology::told_controller(image, listener, node),
        brokers: topology::reachable(image, listener, fenced)
            .map(|(broker, at)| DescribeClusterBroker {
                broker_id: broker.registration.id,
                host: at.host.clone(),
                port: i32::from(at.port),
                rack: broker.registration.rack.clone(),
                is_fenced: broker.fenced,
                ..DescribeClusterBroker::default()
            })
            .collect(),
        ..DescribeClusterResponse::default()
    }
}

/// The controllers: the voters of the metadata quorum.
pub fn controllers(voters: &[Address], leader: Option<i32>) -> DescribeClusterResponse {
    DescribeClusterResponse {
        controller_id: leader.unwrap_or(-1),
        brokers: voters
            .iter()
            .map(|voter| DescribeClusterBroker {
                broker_id: voter.node,
                host: voter.host.clone(),
                port: i32::from(voter.port),
                ..DescribeClusterBroker::default()
            })
            .collect(),
        ..DescribeClusterResponse::default()
    }
}
