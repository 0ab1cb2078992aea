//! `UpdateFeatures` (57): the controller decides (KIP-584); the answer comes when this node knows the new
//! levels.

use super::forward;
use super::{Ctx, needs};
use crate::wire::messages::update_features::{FeatureUpdateKey, UpdatableFeatureResult};
use crate::wire::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};

/// The first version that says which way a level may go, instead of whether it may fall.
const WITH_TYPE: i16 = 1;
/// The first version whose answer has no result for each feature.
const WITHOUT_RESULTS: i16 = 2;

/// A level may rise; it may fall where nothing is lost.
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: UpdateFeaturesRequest) -> UpdateFeaturesResponse {
    if let Err(refused) = ctx.rights().check_cluster(&needs::UPDATE_LEVELS) {
        return UpdateFeaturesResponse {
            error_code: refused.code,
            error_message: Some(refused.message),
            ..UpdateFeaturesResponse::default()
        };
    }
    let until = forward::deadline(request.timeout_ms);
    let asked = of_today(request, ctx.version);
    let submitted = forward::submit(&ctx.broker, asked.clone(), until).await;
    let mut response: UpdateFeaturesResponse =
        submitted.unwrap_or_else(|failure| UpdateFeaturesResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..UpdateFeaturesResponse::default()
        });
    if !response.error_code.is_ok() {
        return response;
    }
    if !asked.validate_only {
        forward::seen(ctx, until, |image| {
            let mut updates = asked.feature_updates.iter();
            updates.all(|one| image.feature(&one.feature) == one.max_version_level)
        })
        .await;
    }
    if ctx.version < WITHOUT_RESULTS {
        let updates = asked.feature_updates.iter();
        response.results = updates
            .map(|one| UpdatableFeatureResult {
                feature: one.feature.clone(),
                error_message: None,
                ..UpdatableFeatureResult::default()
            })
            .collect();
    }
    response
}

/// The request as the newest version has it: commands to the controller travel in that.
fn of_today(mut request: UpdateFeaturesRequest, version: i16) -> UpdateFeaturesRequest {
    if version < WITH_TYPE {
        let updates = request.feature_updates.into_iter();
        let typed = |one: FeatureUpdateKey| FeatureUpdateKey {
            allow_downgrade: false,
            upgrade_type: if one.allow_downgrade {
                SAFE_DOWNGRADE
            } else {
                UPGRADE
            },
            ..one
        };
        request.feature_updates = updates.map(typed).collect();
    }
    request
}
