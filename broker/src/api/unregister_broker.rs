//! `UnregisterBroker` (64): the controller forgets a broker that is gone.

use super::Ctx;
use super::forward;
use crate::wire::messages::{UnregisterBrokerRequest, UnregisterBrokerResponse};

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: UnregisterBrokerRequest) -> UnregisterBrokerResponse {
    let until = forward::usual_deadline(&ctx.broker);
    forward::submit(&ctx.broker, request, until)
        .await
        .unwrap_or_else(|failure| UnregisterBrokerResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..UnregisterBrokerResponse::default()
        })
}
