//! The opening side of TLS, for connections to other nodes and to a provider of keys.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};

use super::verify::Servers;
use super::{Settings, Stream, TlsError};

/// Opens encrypted connections; a handle, cheap to clone.
#[derive(Clone)]
pub struct Connector(TlsConnector);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// Reads the stores. Where a key store is named, its certificate is shown to servers that ask.
    pub fn of(settings: &Settings) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(settings.provider()?)
            .with_protocol_versions(&settings.versions())?
            .dangerous()
            .with_custom_certificate_verifier(Servers::of(settings)?);
        let config = if settings.keys.is_empty() {
            builder.with_no_client_auth()
        } else {
            let identity = settings.keys.identity()?;
            builder.with_client_auth_cert(identity.chain, identity.key)?
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with the server of this name. The caller keeps the time.
    pub async fn connect(&self, host: &str, tcp: TcpStream) -> io::Result<Stream> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let stream = self.0.connect(name, tcp).await?;
        Ok(Stream::Tls(Box::new(TlsStream::Client(stream))))
    }
}
