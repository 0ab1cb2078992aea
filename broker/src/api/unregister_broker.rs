//! `UnregisterBroker` (64): the controller forgets a broker that is gone.

use super::forward;
use super::{Ctx, needs};
use crate::wire::messages::{UnregisterBrokerRequest, UnregisterBrokerResponse};

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: UnregisterBrokerRequest) -> UnregisterBrokerResponse {
    if let Err(refused) = ctx.rights().check_cluster(&needs::UNREGISTER) {
        return UnregisterBrokerResponse {
            error_code: refused.code,
            error_message: Some(refused.message),
            ..UnregisterBrokerResponse::default()
        };
    }
    let until = forward::usual_deadline(&ctx.broker);
    forward::submit(&ctx.broker, request, until)
        .await
        .unwrap_or_else(|failure| UnregisterBrokerResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..UnregisterBrokerResponse::default()
        })
}
