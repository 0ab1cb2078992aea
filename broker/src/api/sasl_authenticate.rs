//! `SaslAuthenticate` (36): one step of a login (KIP-152), and how long it holds (KIP-368). A refusal
//! is answered late, and ends the connection (rule 8).

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::sleep;

use super::{Caller, Ctx, Framed, Then, Work};
use crate::wire::error::WireError;
use crate::wire::messages::{SaslAuthenticateRequest, SaslAuthenticateResponse};

/// Answers.
pub async fn end(ctx: &Ctx, request: SaslAuthenticateRequest) -> (SaslAuthenticateResponse, Then) {
    let session = &ctx.caller.session;
    let said = session.authenticate(&request.auth_bytes, Some(ctx.version));
    if said.then == Then::Close {
        sleep(session.failed_delay()).await;
    }
    let response = SaslAuthenticateResponse {
        error_code: said.code,
        error_message: said.message,
        auth_bytes: said.bytes.into(),
        session_lifetime_ms: said.lifetime_ms,
        ..SaslAuthenticateResponse::default()
    };
    (response, said.then)
}

/// A step without a request around it, as version 0 of SaslHandshake announces: the answer is bare
/// too, and a refusal is the end of the connection.
pub(super) fn raw(caller: &Caller, message: &Bytes) -> Work {
    let (session, message) = (Arc::clone(&caller.session), message.clone());
    Work::Ending(Box::pin(async move {
        let said = session.authenticate(&message, None);
        if said.then == Then::Close {
            sleep(session.failed_delay()).await;
            return (Ok(Vec::new()), Then::Close);
        }
        (prefixed(&said.bytes), Then::GoOn)
    }))
}

fn prefixed(bytes: &[u8]) -> Framed {
    let length = i32::try_from(bytes.len()).map_err(|_| WireError::BadLength {
        what: "a step of a login",
        length: i64::MAX,
    })?;
    Ok([&length.to_be_bytes(), bytes].concat())
}
