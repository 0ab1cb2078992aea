//! Connections that this node opens to others: one Kafka connection, one request at a time. Every
//! way out of the node goes through here, so that a cut on purpose cannot be walked around.

use std::time::Duration;

use bytes::BytesMut;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fault::{Faults, Link};
use crate::wire::error::WireError;
use crate::wire::frame::{self, FrameError, MAX_FRAME_BYTES};
use crate::wire::messages::Request;

/// Why another node could not be asked.
#[derive(Debug, Error)]
pub enum PeerError {
    /// The connection was cut on purpose.
    #[error("the connection to node {0} is cut on purpose")]
    Cut(i32),
    /// The node did not answer in time.
    #[error("node {node} did not answer within {after:?}")]
    TimedOut {
        /// Who was asked.
        node: i32,
        /// How long it was given.
        after: Duration,
    },
    /// The connection failed.
    #[error("the connection to node {node} failed: {source}")]
    Io {
        /// Who was asked.
        node: i32,
        /// What the system said.
        source: std::io::Error,
    },
    /// The node sent what is no frame.
    #[error("node {node} sent what is no frame: {source}")]
    Frame {
        /// Who was asked.
        node: i32,
        /// What is wrong.
        source: FrameError,
    },
    /// The node sent what is no answer, or the request cannot be written.
    #[error("node {node}: {source}")]
    Wire {
        /// Who was asked.
        node: i32,
        /// What is wrong.
        source: WireError,
    },
}

/// Where another node listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Its id.
    pub node: i32,
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Opens connections to other nodes; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Dialer {
    /// What is broken on purpose.
    pub faults: Faults,
    /// The client id that other nodes see.
    pub client_id: String,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
}

impl Dialer {
    /// Opens a connection.
    pub async fn connect(&self, link: Link, to: &Address) -> Result<Peer, PeerError> {
        let node = to.node;
        if !self.faults.allows(link, node) {
            return Err(PeerError::Cut(node));
        }
        let dial = TcpStream::connect((to.host.as_str(), to.port));
        let stream = timeout(self.connect_timeout, dial)
            .await
            .map_err(|_| PeerError::TimedOut {
                node,
                after: self.connect_timeout,
            })?
            .map_err(|source| PeerError::Io { node, source })?;
        stream
            .set_nodelay(true)
            .map_err(|source| PeerError::Io { node, source })?;
        Ok(Peer {
            node,
            link,
            stream,
            buffer: BytesMut::new(),
            dialer: self.clone(),
            correlation_id: 0,
        })
    }
}

/// One open connection to another node. A request that fails or is dropped half way leaves the
/// connection unusable: drop it.
#[derive(Debug)]
pub struct Peer {
    node: i32,
    link: Link,
    stream: TcpStream,
    buffer: BytesMut,
    dialer: Dialer,
    correlation_id: i32,
}

impl Peer {
    /// Asks and waits for the answer, at most for `within`.
    pub async fn ask<R: Request>(
        &mut self,
        request: &R,
        version: i16,
        within: Duration,
    ) -> Result<R::Response, PeerError> {
        let node = self.node;
        let (faults, link) = (self.dialer.faults.clone(), self.link);
        tokio::select! {
            biased;
            () = faults.cut(link, node) => Err(PeerError::Cut(node)),
            answered = timeout(within, self.exchange(request, version)) => answered
                .map_err(|_| PeerError::TimedOut { node, after: within })?,
        }
    }

    /// Whether a connection that has been at rest can be asked again: it is not cut, and the other
    /// node neither closed it nor sent anything unasked.
    pub fn is_usable(&self) -> bool {
        let at_rest = self
            .stream
            .try_read(&mut [0])
            .is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        at_rest && self.buffer.is_empty() && self.dialer.faults.allows(self.link, self.node)
    }

    /// The raw stream and what was read of it beyond the last answer, for the quorum's streams.
    pub fn into_stream(self) -> (TcpStream, BytesMut) {
        (self.stream, self.buffer)
    }

    async fn exchange<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, PeerError> {
        let node = self.node;
        let wire = |source| PeerError::Wire { node, source };
        let delay = self.dialer.faults.plan().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let sent = frame::request_frame(
            request,
            version,
            self.correlation_id,
            Some(&self.dialer.client_id),
        )
        .map_err(wire)?;
        self.stream
            .write_all(&sent)
            .await
            .map_err(|source| PeerError::Io { node, source })?;
        let content = loop {
            let found = frame::next_frame(&mut self.buffer, MAX_FRAME_BYTES)
                .map_err(|source| PeerError::Frame { node, source })?;
            if let Some(content) = found {
                break content;
            }
            let read = self
                .stream
                .read_buf(&mut self.buffer)
                .await
                .map_err(|source| PeerError::Io { node, source })?;
            if read == 0 {
                let source = std::io::ErrorKind::UnexpectedEof.into();
                return Err(PeerError::Io { node, source });
            }
        };
        let (_, answer) = frame::read_response::<R::Response>(&content, version).map_err(wire)?;
        Ok(answer)
    }
}
