//! The accepting side of TLS. Never waits for a client longer than it is told to.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::verify::Clients;
use super::{Settings, Stream, TlsError};

/// Accepts connections of one listener; a handle, cheap to clone.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

impl Acceptor {
    /// Reads the stores of a listener.
    pub fn of(settings: &Settings) -> Result<Self, TlsError> {
        let identity = settings.keys.identity()?;
        let builder = ServerConfig::builder_with_provider(settings.provider()?)
            .with_protocol_versions(&settings.versions())?;
        let builder = match Clients::of(settings)? {
            Some(clients) => builder.with_client_cert_verifier(clients),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(identity.chain, identity.key)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands. An error has been told to the client where that was possible.
    pub async fn accept(&self, tcp: TcpStream, within: Duration) -> io::Result<Stream> {
        let shaken = timeout(within, self.0.accept(tcp)).await;
        let stream = shaken.map_err(|_| {
            let why = format!("no TLS handshake within {within:?}");
            io::Error::new(io::ErrorKind::TimedOut, why)
        })??;
        Ok(Stream::Tls(Box::new(TlsStream::Server(stream))))
    }
}
