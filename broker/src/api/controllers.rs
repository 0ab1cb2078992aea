//! What nodes of one cluster ask each other on the controllers' listener: streams of the metadata
//! quorum, and commands for the active controller. Never advertised, never served to clients.

use std::sync::Arc;

use bytes::Bytes;

use super::access::Rights;
use super::{Broker, Caller, Framed, Opening, Refused, Work, needs};
use crate::wire::error_code::ErrorCode;
use crate::wire::frame;
use crate::wire::header::{HeaderForm, RequestHeader};
use crate::wire::messages::{
    ControllerCommandRequest, ControllerCommandResponse, Message, QuorumStreamRequest,
    QuorumStreamResponse, Request, decode_all,
};
use crate::wire::primitives::Reader;

/// Begins such a request; `None` for any other.
pub(super) fn begin(
    broker: &Arc<Broker>,
    caller: &Caller,
    content: &Bytes,
) -> Result<Option<Work>, Refused> {
    let opening = Opening::read(content)?;
    let rights = || Rights::of(broker, caller).check_cluster(&needs::BETWEEN_NODES);
    let work = match opening.key {
        QuorumStreamRequest::KEY => match rights() {
            Ok(()) => stream(broker, read(content)?, opening),
            Err(refused) => told(
                &QuorumStreamResponse {
                    error_code: refused.code,
                    error_message: Some(refused.message),
                    ..QuorumStreamResponse::default()
                },
                opening,
            ),
        },
        ControllerCommandRequest::KEY => match rights() {
            Ok(()) => command(broker, read(content)?, opening),
            Err(refused) => told(
                &ControllerCommandResponse {
                    error_code: refused.code,
                    leader_id: -1,
                    ..ControllerCommandResponse::default()
                },
                opening,
            ),
        },
        _ => return Ok(None),
    };
    Ok(Some(work))
}

pub(super) fn read<R: Request>(content: &Bytes) -> Result<R, Refused> {
    let mut reader = Reader::over(content);
    let header = RequestHeader::read(&mut reader, |_, version| {
        HeaderForm::of_request(version, R::FLEXIBLE_FROM)
    })?;
    Ok(decode_all(reader, header.version)?)
}

pub(super) fn framed<M: Message>(answer: &M, opening: Opening) -> Framed {
    frame::response_frame(answer, opening.version, opening.correlation_id)
}

/// An answer that is known at once.
pub(super) fn told<M: Message>(answer: &M, opening: Opening) -> Work {
    Work::InTurn(Box::pin(std::future::ready(framed(answer, opening))))
}

fn stream(broker: &Arc<Broker>, hello: QuorumStreamRequest, opening: Opening) -> Work {
    let answer = broker.quorum.welcome(&hello);
    let welcome = answer.error_code == ErrorCode::NONE;
    let framed = framed(&answer, opening);
    if !welcome {
        return Work::InTurn(Box::pin(std::future::ready(framed)));
    }
    let quorum = broker.quorum.clone();
    Work::HandOver(
        framed,
        Box::new(move |stream, read| {
            Box::pin(async move { quorum.serve_stream(&hello, stream, read).await })
        }),
    )
}

fn command(broker: &Arc<Broker>, request: ControllerCommandRequest, opening: Opening) -> Work {
    let quorum = broker.quorum.clone();
    Work::InTurn(Box::pin(async move {
        framed(&quorum.serve_command(&request).await, opening)
    }))
}
