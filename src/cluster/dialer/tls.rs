//! TLS by rustls: what is loaded once, the handshake with its deadline, and the sentence when it fails.
//!
//! A server may refuse a client's certificate only after the handshake (TLS 1.3): the stream handed out says it at
//! the first read. Never dials.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, InconsistentKeys, PeerIncompatible,
    RootCertStore,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::Card;
use super::verify::{Rejection, Trust};
use super::witness::{Onlooker, Presenter, Witness};
use super::{Duplex, material};
use crate::clock::now;
use crate::cluster::error::{DialError, WayError};
use crate::config::security::{self, Identity, Material, Verify};
use crate::model::survey::Encryption;
use crate::model::{Endpoint, Rung};

/// How long a handshake may take (operations.md §1.3).
const DEADLINE: Duration = Duration::from_secs(3);

/// How TLS is spoken with every broker of a cluster.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    trust: Arc<Trust>,
    key: Option<Arc<CertifiedKey>>,
}

impl Tls {
    /// Loads what the operator named.
    pub fn load(options: &security::Tls, warnings: &mut Vec<Arc<str>>) -> Result<Self, WayError> {
        let provider = Arc::new(ring::default_provider());
        let key = match &options.identity {
            Some(identity) => Some(Arc::new(own_key(identity, &provider, warnings)?)),
            None => None,
        };
        let trust = Arc::new(trust(options, &provider)?);
        Ok(Self {
            config: Arc::new(config(provider, trust.clone())?),
            trust,
            key,
        })
    }

    /// TLS as web servers speak it: with names checked, and without a certificate of our own.
    pub fn towards_web(authorities: &[Material]) -> Result<Self, WayError> {
        let options = security::Tls {
            trust: authorities.to_vec(),
            ..security::Tls::default()
        };
        Self::load(&options, &mut Vec::new())
    }

    /// Speaks TLS over a stream, with the advertised name as the server's. The witness sees it, whatever comes of it.
    pub async fn handshake(
        &self,
        endpoint: &Endpoint,
        stream: Box<dyn Duplex>,
        witness: &Arc<Witness>,
    ) -> Result<Box<dyn Duplex>, DialError> {
        let name = ServerName::try_from(endpoint.host.to_string()).map_err(|_| {
            fails(
                endpoint,
                "a certificate cannot be for a name like this; is advertised.listeners right?",
            )
        })?;
        let mut config = ClientConfig::clone(&self.config);
        config.client_auth_cert_resolver = Arc::new(Presenter {
            key: self.key.clone(),
            witness: witness.clone(),
        });
        let onlooker = Arc::new(Onlooker {
            trust: self.trust.clone(),
            witness: witness.clone(),
        });
        config.dangerous().set_certificate_verifier(onlooker);
        let own = || match (witness.asked(), &self.key) {
            (false, _) => Own::NotAsked,
            (true, Some(_)) => Own::Shown,
            (true, None) => Own::Missing,
        };
        let speaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
        match tokio::time::timeout(DEADLINE, speaking).await {
            Ok(Ok(inner)) => {
                witness.notes(inner.get_ref().1);
                Ok(Box::new(Heard {
                    inner,
                    endpoint: endpoint.clone(),
                    own: own(),
                    spoke: false,
                }))
            }
            Ok(Err(error)) => Err(failure(endpoint, &error, own())),
            Err(_) => {
                let seconds = DEADLINE.as_secs();
                let text = format!(
                    "{endpoint}: port is open, TLS fails: no answer to the handshake within {seconds} s; the broker hangs, or the port does not speak TLS"
                );
                Err(DialError::silence(Rung::Tls, &text))
            }
        }
    }

    /// What a handshake showed, if it got as far as certificates.
    pub fn shown(&self, witness: &Witness) -> Option<Encryption> {
        let (leaf, above) = witness.chain()?.split_first()?;
        let cards = std::iter::once(leaf).chain(above);
        let cards = cards.filter_map(|der| Card::read(der));
        Some(Encryption {
            agreed: witness.agreed(),
            chain: cards.map(|card| card.fact()).collect(),
            anchor: self
                .trust
                .anchor(leaf, above, Card::read(leaf)?.nearest_to(now())),
        })
    }
}

fn config(provider: Arc<CryptoProvider>, trust: Arc<Trust>) -> Result<ClientConfig, WayError> {
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| WayError::Material {
        subject: "TLS".to_owned(),
        why: error.to_string(),
    })?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(trust)
        .with_no_client_auth())
}

fn trust(options: &security::Tls, provider: &Arc<CryptoProvider>) -> Result<Trust, WayError> {
    let (authorities, verify) = (&options.trust, options.verify);
    let mut roots = RootCertStore::empty();
    let mut trusted = Vec::new();
    for material in authorities {
        let found = material::certificates(material)?;
        // One that cannot be an authority may still be the very one that a broker shows.
        for certificate in &found {
            if let Err(error) = roots.add(certificate.clone()) {
                log::info!("a trusted certificate is no authority: {error}");
            }
        }
        trusted.extend(found);
    }
    if authorities.is_empty() && verify == Verify::On {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            log::warn!("the system's authorities: {error}");
        }
        roots.add_parsable_certificates(system.certs);
        if roots.is_empty() {
            return Err(WayError::NoAuthorities);
        }
    }
    Ok(Trust::new(provider.clone(), roots, trusted, options))
}

fn own_key(
    identity: &Identity,
    provider: &CryptoProvider,
    warnings: &mut Vec<Arc<str>>,
) -> Result<CertifiedKey, WayError> {
    let own = material::credentials(identity, warnings)?;
    let subject = own.subject;
    CertifiedKey::from_der(own.chain, own.key, provider).map_err(|error| WayError::Material {
        why: match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                "the private key is not the one of this certificate; name the two that belong together".to_owned()
            }
            error => format!("this certificate and its key cannot be used: {error}"),
        },
        subject,
    })
}

/// Our own certificate in a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    NotAsked,
    Missing,
    Shown,
}

const MISSING: &str = "it asks for a client certificate and none is set; set ssl.keystore.location, or ssl.certificate.location and ssl.key.location";
const REFUSED: &str = "it does not accept our client certificate; is it issued by an authority that the broker trusts, and still valid?";

fn fails(endpoint: &Endpoint, why: &str) -> DialError {
    DialError::refusal(
        Rung::Tls,
        &format!("{endpoint}: port is open, TLS fails: {why}"),
    )
}

/// Turns what a handshake or a read ended with into a sentence.
fn failure(endpoint: &Endpoint, error: &io::Error, own: Own) -> DialError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(error) => fails(endpoint, &words(error, own)),
        None => match own {
            Own::Missing => fails(endpoint, MISSING),
            Own::Shown => fails(endpoint, REFUSED),
            Own::NotAsked => fails(
                endpoint,
                "the connection was closed in the midst of the handshake; this usually means that the port speaks plain text: check the port and security.protocol",
            ),
        },
    }
}

fn words(error: &Error, own: Own) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<Rejection>() {
                Some(rejection) => rejection.to_string(),
                None => format!("its certificate cannot be used: {error}"),
            }
        }
        Error::InvalidMessage(_) => {
            "what answers does not speak TLS; check the port and security.protocol".to_owned()
        }
        Error::AlertReceived(alert) => alert_words(*alert, own),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => old_version(),
        Error::PeerIncompatible(_) => format!(
            "the two sides share no way to encrypt ({error}); let the broker offer TLS 1.2 or 1.3 with ECDHE and AES-GCM"
        ),
        error => error.to_string(),
    }
}

fn old_version() -> String {
    "it speaks only TLS 1.1 or older, which is not safe any more; let the broker offer TLSv1.2 or TLSv1.3 (ssl.enabled.protocols)".to_owned()
}

fn alert_words(alert: AlertDescription, own: Own) -> String {
    use AlertDescription as Alert;
    match (alert, own) {
        (Alert::ProtocolVersion, _) => old_version(),
        (Alert::CertificateRequired, _) | (Alert::BadCertificate | Alert::HandshakeFailure, Own::Missing) => {
            MISSING.to_owned()
        }
        (Alert::CertificateExpired, Own::Shown) => {
            "our client certificate has expired; have it issued anew".to_owned()
        }
        (Alert::UnknownCA, Own::Shown) => {
            "it does not know the authority that issued our client certificate; have that authority trusted by the broker, or use another certificate".to_owned()
        }
        (
            Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::CertificateRevoked
            | Alert::UnsupportedCertificate
            | Alert::AccessDenied
            | Alert::HandshakeFailure
            | Alert::DecryptError,
            Own::Shown,
        ) => REFUSED.to_owned(),
        (Alert::HandshakeFailure, Own::NotAsked) => {
            "the two sides share no way to encrypt; let the broker offer TLS 1.2 or 1.3 with ECDHE and AES-GCM".to_owned()
        }
        (Alert::UnrecognisedName, _) => {
            "it does not know the name we ask for; is advertised.listeners right?".to_owned()
        }
        (alert, _) => format!("the other side refuses with {alert:?}"),
    }
}

/// A TLS stream whose first read tells what the server thinks of our certificate.
struct Heard {
    inner: TlsStream<Box<dyn Duplex>>,
    endpoint: Endpoint,
    own: Own,
    /// Whether anything was read: then the server has taken us in.
    spoke: bool,
}

impl Heard {
    /// What an error or an end means before anything was heard.
    fn refusal(&self, error: Option<&io::Error>) -> Option<io::Error> {
        if self.spoke {
            return None;
        }
        let alert = |error: &&io::Error| {
            let inner = error.get_ref()?.downcast_ref::<Error>();
            inner.filter(|error| matches!(error, Error::AlertReceived(_)))?;
            Some(())
        };
        let ended = io::Error::from(io::ErrorKind::UnexpectedEof);
        match (error, self.own) {
            (Some(error), own) if alert(&error).is_some() => {
                Some(failure(&self.endpoint, error, own))
            }
            // The alert itself may be lost when the connection is reset.
            (_, Own::Missing) => Some(failure(&self.endpoint, &ended, Own::Missing)),
            (_, Own::Shown | Own::NotAsked) => None,
        }
        .map(io::Error::other)
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match ready!(Pin::new(&mut self.inner).poll_read(cx, buffer)) {
            Ok(()) if buffer.filled().len() > before => {
                self.spoke = true;
                Poll::Ready(Ok(()))
            }
            Ok(()) => Poll::Ready(self.refusal(None).map_or(Ok(()), Err)),
            Err(error) => Poll::Ready(Err(self.refusal(Some(&error)).unwrap_or(error))),
        }
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
