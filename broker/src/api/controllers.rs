//! What nodes of one cluster ask each other on the controllers' listener: streams of the metadata
//! quorum, and commands for the active controller. Never advertised, never served to clients.

use std::sync::Arc;

use bytes::Bytes;

use super::{Broker, Framed, Opening, Refused, Work};
use crate::wire::error_code::ErrorCode;
use crate::wire::frame;
use crate::wire::header::{HeaderForm, RequestHeader};
use crate::wire::messages::{
    ControllerCommandRequest, Message, QuorumStreamRequest, Request, decode_all,
};
use crate::wire::primitives::Reader;

/// Begins such a request; `None` for any other.
pub(super) fn begin(broker: &Arc<Broker>, content: &Bytes) -> Result<Option<Work>, Refused> {
    let opening = Opening::read(content)?;
    let work = match opening.key {
        QuorumStreamRequest::KEY => stream(broker, read(content)?, opening),
        ControllerCommandRequest::KEY => command(broker, read(content)?, opening),
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
