//! Connections that this node opens to others: one Kafka connection, one request at a time, encrypted
//! and logged in as the others' listeners demand. Every way out of the node goes through here, so
//! that a cut on purpose cannot be walked around.

mod login;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::fault::{Faults, Link};
use crate::sasl::Mechanism;
use crate::secret::Secret;
use crate::tls::{Connector, Stream};
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
    /// There is no TLS with the node.
    #[error("no TLS with node {node}: {source}")]
    Tls {
        /// Who was asked.
        node: i32,
        /// What is wrong.
        source: std::io::Error,
    },
    /// The node does not let this one in.
    #[error("node {node} does not let this node in: {why}")]
    Login {
        /// Who was asked.
        node: i32,
        /// What it said.
        why: String,
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

/// With what this node logs in at others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password, for PLAIN and SCRAM.
    Password {
        /// How it is proven.
        mechanism: Mechanism,
        /// Who.
        user: String,
        /// With what.
        password: Secret,
    },
    /// A file with a token, read anew for every login; somebody else renews it.
    TokenFile(PathBuf),
}

/// How one kind of listener of the others is entered.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// TLS, if it speaks it.
    pub tls: Option<Connector>,
    /// The login, if it asks for one.
    pub login: Option<Credentials>,
}

/// How the others' listeners are entered.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// Those between brokers.
    pub brokers: Way,
    /// Those of controllers.
    pub controllers: Way,
}

impl Ways {
    fn of(&self, link: Link) -> &Way {
        match link {
            Link::Broker => &self.brokers,
            Link::Controller => &self.controllers,
        }
    }
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
    /// How the others are entered.
    pub ways: Arc<Ways>,
}

impl Dialer {
    /// Opens a connection: TCP, TLS and login, each in `connect_timeout`.
    pub async fn connect(&self, link: Link, to: &Address) -> Result<Peer, PeerError> {
        let node = to.node;
        if !self.faults.allows(link, node) {
            return Err(PeerError::Cut(node));
        }
        let tcp = self.in_time(node, TcpStream::connect((to.host.as_str(), to.port)));
        let tcp = tcp
            .await?
            .map_err(|source| PeerError::Io { node, source })?;
        tcp.set_nodelay(true)
            .map_err(|source| PeerError::Io { node, source })?;
        let stream = match &self.ways.of(link).tls {
            None => Stream::Plain(tcp),
            Some(connector) => {
                let shaken = self.in_time(node, connector.connect(&to.host, tcp)).await?;
                shaken.map_err(|source| PeerError::Tls { node, source })?
            }
        };
        let mut peer = Peer {
            node,
            link,
            stream,
            buffer: BytesMut::new(),
            dialer: self.clone(),
            correlation_id: 0,
            login_again: None,
        };
        self.in_time(node, peer.log_in()).await??;
        Ok(peer)
    }

    async fn in_time<T>(&self, node: i32, work: impl Future<Output = T>) -> Result<T, PeerError> {
        let after = self.connect_timeout;
        let done = timeout(after, work).await;
        done.map_err(|_| PeerError::TimedOut { node, after })
    }
}

/// One open connection to another node. A request that fails or is dropped half way leaves the
/// connection unusable: drop it.
#[derive(Debug)]
pub struct Peer {
    node: i32,
    link: Link,
    stream: Stream,
    buffer: BytesMut,
    dialer: Dialer,
    correlation_id: i32,
    /// When the login must be repeated, if it must.
    login_again: Option<Instant>,
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
            answered = timeout(within, self.exchange_logged_in(request, version)) => answered
                .map_err(|_| PeerError::TimedOut { node, after: within })?,
        }
    }

    /// Whether a connection that has been at rest can be asked again: it is not cut, and the other
    /// node neither closed it nor sent anything unasked.
    pub fn is_usable(&mut self) -> bool {
        let at_rest = self.stream.is_at_rest();
        at_rest && self.buffer.is_empty() && self.dialer.faults.allows(self.link, self.node)
    }

    /// The raw stream and what was read of it beyond the last answer, for the quorum's streams.
    pub fn into_stream(self) -> (Stream, BytesMut) {
        (self.stream, self.buffer)
    }

    /// Logs in again first, where the login is about to end.
    async fn exchange_logged_in<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, PeerError> {
        if self.login_again.is_some_and(|due| Instant::now() >= due) {
            self.log_in().await?;
        }
        self.exchange(request, version).await
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
        let io = |source| PeerError::Io { node, source };
        self.stream.write_all(&sent).await.map_err(io)?;
        self.stream.flush().await.map_err(io)?;
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
