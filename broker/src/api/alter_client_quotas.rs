//! `AlterClientQuotas` (49): the controller decides (KIP-546); the answer comes when this node goes by the
//! new quotas.

use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::meta::controller::quota_entity;
use crate::meta::image::Image;
use crate::quota::Limit;
use crate::wire::messages::alter_client_quotas::{
    RequestEntryData, ResponseEntityData, ResponseEntryData,
};
use crate::wire::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse};

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: AlterClientQuotasRequest) -> AlterClientQuotasResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::ALTER_QUOTAS) {
        return refused(&request, &denied);
    }
    let until = forward::usual_deadline(&ctx.broker);
    let asked = forward::submit(&ctx.broker, request.clone(), until).await;
    let response: AlterClientQuotasResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    let is_done = response.entries.iter().all(|one| one.error_code.is_ok());
    if is_done && !request.validate_only {
        forward::seen(ctx, until, |image| {
            request.entries.iter().all(|one| is_known(image, one))
        })
        .await;
    }
    response
}

/// Whether an image says what an entry asked for.
fn is_known(image: &Image, wanted: &RequestEntryData) -> bool {
    let Ok(entity) = quota_entity(&wanted.entity) else {
        return true;
    };
    wanted.ops.iter().all(|op| {
        let limit = Limit::named(&op.key);
        let known = limit.and_then(|limit| image.client_quotas.get(&entity, limit));
        known == Some(op.value).filter(|_| !op.remove)
    })
}

/// Everybody with the reason why the controller could not be asked.
fn refused(request: &AlterClientQuotasRequest, failure: &Failure) -> AlterClientQuotasResponse {
    let result = |one: &RequestEntryData| ResponseEntryData {
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        entity: one
            .entity
            .iter()
            .map(|part| ResponseEntityData {
                entity_type: part.entity_type.clone(),
                entity_name: part.entity_name.clone(),
                ..ResponseEntityData::default()
            })
            .collect(),
        ..ResponseEntryData::default()
    };
    AlterClientQuotasResponse {
        entries: request.entries.iter().map(result).collect(),
        ..AlterClientQuotasResponse::default()
    }
}
