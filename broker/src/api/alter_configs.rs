//! `AlterConfigs` (33): replaces all values of a resource. Old, and kept for old clients: it becomes
//! the single changes that lead to the same values, and goes their way.

use super::describe_configs::OfResources;
use super::incremental_alter_configs::{self as incremental, DELETE, SET};
use super::{Ctx, describe_configs, needs};
use crate::meta::image::Image;
use crate::wire::messages::alter_configs::{AlterConfigsResource, AlterConfigsResourceResponse};
use crate::wire::messages::incremental_alter_configs::{
    AlterConfigsResource as Change, AlterableConfig,
};
use crate::wire::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest,
};

const OF_RESOURCES: OfResources = [
    needs::REPLACE_CLUSTER,
    needs::REPLACE_TOPIC,
    needs::REPLACE_GROUP,
];

/// Answers as `IncrementalAlterConfigs` does. A value that somebody else sets at the same time stays.
pub async fn answer(ctx: &Ctx, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let image = ctx.broker.image();
    let resources = request.resources.iter();
    let asked = IncrementalAlterConfigsRequest {
        resources: resources.map(|one| changes(&image, one)).collect(),
        validate_only: request.validate_only,
        ..IncrementalAlterConfigsRequest::default()
    };
    let answered = incremental::answer_those_who(ctx, asked, &OF_RESOURCES).await;
    let responses = answered.responses.into_iter();
    AlterConfigsResponse {
        responses: responses
            .map(|one| AlterConfigsResourceResponse {
                error_code: one.error_code,
                error_message: one.error_message,
                resource_type: one.resource_type,
                resource_name: one.resource_name,
                ..AlterConfigsResourceResponse::default()
            })
            .collect(),
        ..AlterConfigsResponse::default()
    }
}

/// The single changes that leave a resource with just the values of a replacement.
pub fn changes(image: &Image, replacement: &AlterConfigsResource) -> Change {
    let (kind, name) = (replacement.resource_type, &replacement.resource_name);
    let set = replacement.configs.iter().map(|config| AlterableConfig {
        name: config.name.clone(),
        config_operation: SET,
        value: config.value.clone(),
        ..AlterableConfig::default()
    });
    let known = describe_configs::resource(kind, name).and_then(|whose| image.config(&whose));
    let stays = |key: &&String| {
        replacement
            .configs
            .iter()
            .any(|config| config.name == **key)
    };
    let removed = known
        .into_iter()
        .flat_map(|values| values.keys())
        .filter(|key| !stays(key))
        .map(|key| AlterableConfig {
            name: key.clone(),
            config_operation: DELETE,
            value: None,
            ..AlterableConfig::default()
        });
    Change {
        resource_type: kind,
        resource_name: name.clone(),
        configs: set.chain(removed).collect(),
        ..Change::default()
    }
}
