//! What nodes of one cluster ask each other for the schema registry: a request for the node that leads
//! `_schemas`. Served between brokers only, never advertised.

use std::sync::Arc;

use bytes::Bytes;

use super::access::Rights;
use super::controllers::{framed, read, told};
use super::{Broker, Caller, Opening, Refused, Work, needs};
use crate::registry::Asked;
use crate::wire::messages::{Message, RegistryCommandRequest, RegistryCommandResponse};

/// Begins such a request; `None` for any other.
pub(super) fn begin(
    broker: &Arc<Broker>,
    caller: &Caller,
    content: &Bytes,
) -> Result<Option<Work>, Refused> {
    let opening = Opening::read(content)?;
    let between = *caller.listener == *broker.config.inter_broker_listener;
    if opening.key != RegistryCommandRequest::KEY || !between {
        return Ok(None);
    }
    if let Err(refused) = Rights::of(broker, caller).check_cluster(&needs::BETWEEN_NODES) {
        let refusal = RegistryCommandResponse {
            error_code: refused.code,
            ..RegistryCommandResponse::default()
        };
        return Ok(Some(told(&refusal, opening)));
    }
    let request: RegistryCommandRequest = read(content)?;
    let registry = Arc::clone(&broker.registry);
    Ok(Some(Work::InTurn(Box::pin(async move {
        let asked = Asked {
            method: request.method,
            target: request.target,
            body: request.body,
        };
        let answer = match registry.lead(asked).await {
            Ok((answer, offset)) => RegistryCommandResponse {
                status: i16::try_from(answer.status).unwrap_or(500),
                body: answer.body,
                offset,
                ..RegistryCommandResponse::default()
            },
            Err(error_code) => RegistryCommandResponse {
                error_code,
                ..RegistryCommandResponse::default()
            },
        };
        framed(&answer, opening)
    }))))
}
