//! `SaslHandshake` (17): a client chooses how it logs in (KIP-43, KIP-152; rule 76). What is offered is
//! told in any case; a mechanism that is not ends the connection.

use tokio::time::sleep;

use super::{Ctx, Then};
use crate::wire::messages::{SaslHandshakeRequest, SaslHandshakeResponse};

/// Answers; a refusal takes its time.
pub async fn end(ctx: &Ctx, request: SaslHandshakeRequest) -> (SaslHandshakeResponse, Then) {
    let session = &ctx.caller.session;
    let (error_code, mechanisms, then) = session.handshake(&request.mechanism, ctx.version);
    if then == Then::Close {
        sleep(session.failed_delay()).await;
    }
    let response = SaslHandshakeResponse {
        error_code,
        mechanisms,
        ..SaslHandshakeResponse::default()
    };
    (response, then)
}
