//! `ListConfigResources` (74): which resources can be described (KIP-714, KIP-1142).

use super::describe_configs::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use super::{Ctx, needs};
use crate::meta::image::Image;
use crate::meta::record::Resource;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::list_config_resources::ConfigResource;
use crate::wire::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};

/// Answers from what this node knows.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: ListConfigResourcesRequest) -> ListConfigResourcesResponse {
    match ctx.rights().check_cluster(&needs::LIST_CONFIGS) {
        Ok(()) => describe(&ctx.broker.image(), &request, ctx.version),
        Err(refused) => ListConfigResourcesResponse {
            error_code: refused.code,
            ..ListConfigResourcesResponse::default()
        },
    }
}

/// The answer by an image. Version 0 asks for client metrics alone, which nobody has here; no type
/// at all asks for every one.
pub fn describe(
    image: &Image,
    request: &ListConfigResourcesRequest,
    version: i16,
) -> ListConfigResourcesResponse {
    let types: &[i8] = match request.resource_types.as_slice() {
        _ if version == 0 => &[CLIENT_METRICS],
        [] => &[TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP],
        asked => asked,
    };
    let mut response = ListConfigResourcesResponse::default();
    let active = || image.brokers.values().filter(|broker| !broker.fenced);
    for kind in types {
        let names: Vec<String> = match *kind {
            TOPIC => image.topics.keys().map(ToString::to_string).collect(),
            BROKER | BROKER_LOGGER => active()
                .map(|broker| broker.registration.id.to_string())
                .collect(),
            CLIENT_METRICS => Vec::new(),
            GROUP => image.configs.keys().filter_map(group).collect(),
            _ => {
                return ListConfigResourcesResponse {
                    error_code: ErrorCode::UNSUPPORTED_VERSION,
                    ..ListConfigResourcesResponse::default()
                };
            }
        };
        let resources = names.into_iter().map(|name| ConfigResource {
            resource_name: name,
            resource_type: *kind,
            ..ConfigResource::default()
        });
        response.config_resources.extend(resources);
    }
    response
}

fn group(resource: &Resource) -> Option<String> {
    match resource {
        Resource::Group(name) => Some(name.clone()),
        _ => None,
    }
}
