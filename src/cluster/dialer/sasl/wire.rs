//! The requests of a login over a stream of its own: one question, one answer. Knows no mechanism and no clock.

use std::io;

use broker::wire::api_key::ApiKey;
use broker::wire::frame::{FrameError, correlation_id, next_frame, read_response, request_frame};
use broker::wire::messages::api_versions::ApiVersionsRequest;
use broker::wire::messages::sasl_authenticate::{
    SaslAuthenticateRequest, SaslAuthenticateResponse,
};
use broker::wire::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use broker::wire::messages::{Message as _, Request};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::cluster::error::DialError;

/// The largest answer of a login: tickets of users in many groups take some 64 kB.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// What brokers see of us during the login.
const CLIENT_ID: &str = "lookout";
/// `SaslHandshake` with the version that wraps what follows into `SaslAuthenticate` (KIP-152).
const HANDSHAKE_VERSION: i16 = 1;

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// A layer below says why in a sentence of its own.
    Refused(DialError),
    /// The other side closed the connection after so many answers.
    Closed { answered: u64 },
    /// Something else than a Kafka listener answered.
    Stranger(FrameError),
    /// In words.
    Broken(String),
}

/// A stream, and what was read from it.
pub struct Line<'a, S> {
    stream: &'a mut S,
    received: BytesMut,
    /// Requests sent so far: the number of the next one.
    sent: i32,
    answered: u64,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Line<'a, S> {
    /// Over a stream on which nothing is under way.
    pub fn over(stream: &'a mut S) -> Self {
        Self {
            stream,
            received: BytesMut::new(),
            sent: 0,
            answered: 0,
        }
    }

    /// The version of `SaslAuthenticate` to use; `None` where the broker knows none. `ApiVersions` goes in version 0,
    /// which every broker knows.
    pub async fn versions(&mut self) -> Result<Option<i16>, Lost> {
        let answer = self.ask(&ApiVersionsRequest::default(), 0).await?;
        let mut keys = answer.api_keys.iter();
        let offered = keys.find(|api| api.api_key == ApiKey::SASL_AUTHENTICATE);
        let ours = SaslAuthenticateRequest::VERSIONS;
        Ok(offered.map(|api| api.max_version.clamp(*ours.start(), *ours.end())))
    }

    /// Names the mechanism.
    pub async fn handshake(&mut self, mechanism: &str) -> Result<SaslHandshakeResponse, Lost> {
        let request = SaslHandshakeRequest {
            mechanism: mechanism.to_owned(),
            ..SaslHandshakeRequest::default()
        };
        self.ask(&request, HANDSHAKE_VERSION).await
    }

    /// Sends one response of the mechanism.
    pub async fn authenticate(
        &mut self,
        response: Vec<u8>,
        version: i16,
    ) -> Result<SaslAuthenticateResponse, Lost> {
        let request = SaslAuthenticateRequest {
            auth_bytes: response.into(),
            ..SaslAuthenticateRequest::default()
        };
        self.ask(&request, version).await
    }

    /// Nothing may be left over: whoever reads next would miss it.
    pub fn end(self) -> Result<(), Lost> {
        if self.received.is_empty() {
            Ok(())
        } else {
            Err(Lost::Broken("more was answered than was asked".to_owned()))
        }
    }

    async fn ask<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response, Lost> {
        let number = self.sent;
        self.sent = self.sent.wrapping_add(1);
        let frame = request_frame(request, version, number, Some(CLIENT_ID));
        let frame = frame.map_err(|error| Lost::Broken(error.to_string()))?;
        let written = self.stream.write_all(&frame).await;
        // When the other side has closed, what it said before that says more than the failed write.
        let flushed = match written {
            Ok(()) => self.stream.flush().await,
            Err(error) => Err(error),
        };
        let content = match (self.answer().await, flushed) {
            (Ok(content), _) => content,
            (Err(Lost::Closed { .. }), Err(error)) => return Err(self.broken(&error)),
            (Err(lost), _) => return Err(lost),
        };
        if correlation_id(&content).ok() != Some(number) {
            return Err(Lost::Broken(
                "another request was answered than was asked".to_owned(),
            ));
        }
        self.answered += 1;
        let read = read_response::<R::Response>(&content, version);
        read.map(|(_, answer)| answer)
            .map_err(|error| Lost::Broken(error.to_string()))
    }

    async fn answer(&mut self) -> Result<Bytes, Lost> {
        loop {
            let frame = next_frame(&mut self.received, MAX_ANSWER_BYTES).map_err(Lost::Stranger)?;
            if let Some(content) = frame {
                return Ok(content);
            }
            match self.stream.read_buf(&mut self.received).await {
                Ok(0) => return Err(self.closed()),
                Ok(_) => {}
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    fn closed(&self) -> Lost {
        Lost::Closed {
            answered: self.answered,
        }
    }

    fn broken(&self, error: &io::Error) -> Lost {
        if let Some(said) = DialError::within(error) {
            return Lost::Refused(said);
        }
        match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => self.closed(),
            kind => Lost::Broken(kind.to_string()),
        }
    }
}
