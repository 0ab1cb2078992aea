//! `IncrementalAlterConfigs` (44): single values set, removed, appended or subtracted (rule 74).
//! The controller decides; this broker turns away only what no controller can judge. The answer
//! comes when this node goes by the new values.

use std::collections::BTreeSet;

use super::access::Rights;
use super::describe_configs::{self, BROKER, BROKER_LOGGER, OfResources};
use super::{Ctx, forward, needs};
use crate::config::keys;
use crate::meta::image::Image;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
};
use crate::wire::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

/// The operation that sets a value.
pub const SET: i8 = 0;
/// The operation that removes a value.
pub const DELETE: i8 = 1;
const SUBTRACT: i8 = 3;

const OF_RESOURCES: OfResources = [
    needs::CHANGE_CLUSTER,
    needs::CHANGE_TOPIC,
    needs::CHANGE_GROUP,
];

/// Asks the controller for what it can judge; resources are answered in the order of the request.
pub async fn answer(
    ctx: &Ctx,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    answer_those_who(ctx, request, &OF_RESOURCES).await
}

/// Answers those who may do as these needs say.
pub async fn answer_those_who(
    ctx: &Ctx,
    request: IncrementalAlterConfigsRequest,
    needed: &OfResources,
) -> IncrementalAlterConfigsResponse {
    let until = forward::usual_deadline(&ctx.broker);
    let mut answers = judge(&request.resources, ctx.broker.config.node_id);
    deny(&ctx.rights(), needed, &request.resources, &mut answers);
    let left: Vec<_> = answers
        .iter()
        .zip(&request.resources)
        .filter(|(answer, _)| answer.is_none())
        .map(|(_, resource)| resource.clone())
        .collect();
    if !left.is_empty() {
        let asked = IncrementalAlterConfigsRequest {
            resources: left.clone(),
            validate_only: request.validate_only,
            ..IncrementalAlterConfigsRequest::default()
        };
        let answered = forward::submit(&ctx.broker, asked, until).await;
        let decided = match answered {
            Ok(IncrementalAlterConfigsResponse { responses, .. }) => responses,
            Err(failure) => left
                .iter()
                .map(|resource| refused(resource, failure.code, &failure.message))
                .collect(),
        };
        if !request.validate_only {
            forward::seen(ctx, until, |image| are_made(image, &left, &decided)).await;
        }
        fill(&mut answers, decided);
    }
    IncrementalAlterConfigsResponse {
        responses: answers.into_iter().flatten().collect(),
        ..IncrementalAlterConfigsResponse::default()
    }
}

/// What this broker refuses by itself, resource by resource; `None` is for the controller.
pub fn judge(
    changes: &[AlterConfigsResource],
    node: i32,
) -> Vec<Option<AlterConfigsResourceResponse>> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    let place =
        |change: &AlterConfigsResource| (change.resource_type, change.resource_name.clone());
    for change in changes {
        if !seen.insert(place(change)) {
            twice.insert(place(change));
        }
    }
    let one = |change| {
        if twice.contains(&place(change)) {
            let why = "a resource may be named once";
            return Some(refused(change, ErrorCode::INVALID_REQUEST, why));
        }
        let name = change.resource_name.as_str();
        match change.resource_type {
            BROKER if !name.is_empty() => describe_configs::check_is_this_broker(name, node)
                .err()
                .map(|(code, why)| refused(change, code, &why)),
            BROKER_LOGGER => {
                let why = "how much a node logs is set where the node is started";
                Some(refused(change, ErrorCode::INVALID_REQUEST, why))
            }
            _ => None,
        }
    };
    changes.iter().map(one).collect()
}

/// Puts denials where the request itself is in order, or about log levels.
fn deny(
    rights: &Rights,
    needed: &OfResources,
    changes: &[AlterConfigsResource],
    answers: &mut [Option<AlterConfigsResourceResponse>],
) {
    for (change, answer) in changes.iter().zip(answers) {
        if answer.is_some() && change.resource_type != BROKER_LOGGER {
            continue;
        }
        let of = (change.resource_type, change.resource_name.as_str());
        if let Err((code, why)) = describe_configs::check(rights, needed, of) {
            *answer = Some(refused(change, code, &why));
        }
    }
}

fn refused(
    change: &AlterConfigsResource,
    error_code: ErrorCode,
    why: &str,
) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code,
        error_message: Some(why.to_owned()),
        resource_type: change.resource_type,
        resource_name: change.resource_name.clone(),
        ..AlterConfigsResourceResponse::default()
    }
}

/// Puts the controller's answers into the places that are still open, in order.
fn fill(
    answers: &mut [Option<AlterConfigsResourceResponse>],
    decided: Vec<AlterConfigsResourceResponse>,
) {
    let open = answers.iter_mut().filter(|answer| answer.is_none());
    for (answer, decided) in open.zip(decided) {
        *answer = Some(decided);
    }
}

/// Whether an image holds every change that was granted.
fn are_made(
    image: &Image,
    changes: &[AlterConfigsResource],
    decided: &[AlterConfigsResourceResponse],
) -> bool {
    changes
        .iter()
        .zip(decided)
        .filter(|(_, answer)| answer.error_code.is_ok())
        .all(|(change, _)| is_made(image, change))
}

/// Whether an image holds a change.
pub fn is_made(image: &Image, change: &AlterConfigsResource) -> bool {
    let Some(resource) = describe_configs::resource(change.resource_type, &change.resource_name)
    else {
        return true;
    };
    let values = image.config(&resource);
    change.configs.iter().all(|config| {
        let now = values.and_then(|values| values.get(&config.name));
        holds(config, now.map(String::as_str))
    })
}

fn holds(config: &AlterableConfig, now: Option<&str>) -> bool {
    let value = config.value.as_deref().unwrap_or_default();
    let has = |element: &str| keys::list(now.unwrap_or_default()).any(|one| one == element);
    match config.config_operation {
        SET => now == Some(value),
        DELETE => now.is_none(),
        SUBTRACT => !keys::list(value).any(has),
        _ => keys::list(value).all(has),
    }
}
