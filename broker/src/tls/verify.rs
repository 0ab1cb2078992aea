//! Certificates that are trusted by themselves, though they are no authority's: the usual way of small
//! set-ups, which Java allows and plain rustls refuses. Everything else is left to rustls.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::{ClientAuth, Names, Settings, TlsError};

/// The authorities among trusted certificates; a certificate that none can be made of is left out,
/// unless all are.
fn roots(trusted: &[CertificateDer<'static>]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(trusted.iter().cloned());
    if added == 0 {
        return Err(TlsError::Missing(
            "the trust store holds no certificate that can be read",
        ));
    }
    Ok(Arc::new(roots))
}

/// Whether a certificate is itself trusted and of this time.
fn is_pinned(
    trusted: &[CertificateDer<'static>],
    shown: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    if !trusted.iter().any(|known| known.as_ref() == shown.as_ref()) {
        return Err(CertificateError::UnknownIssuer.into());
    }
    let (_, parsed) = x509_parser::parse_x509_certificate(shown)
        .map_err(|_| Error::from(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now > parsed.validity().not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    if now < parsed.validity().not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    Ok(())
}

/// Holds a server's certificate against what is trusted.
#[derive(Debug)]
pub struct Servers {
    inner: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
    names: Names,
}

impl Servers {
    /// By the trust store of these settings.
    pub fn of(settings: &Settings) -> Result<Arc<Self>, TlsError> {
        let trusted = settings.trust.trusted()?;
        let roots = roots(&trusted)?;
        let inner = WebPkiServerVerifier::builder_with_provider(roots, settings.provider()?)
            .build()
            .map_err(|error| TlsError::Rustls(Error::General(error.to_string())))?;
        Ok(Arc::new(Self {
            inner,
            trusted,
            names: settings.names,
        }))
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Ok(verified) => Ok(verified),
            // The name is looked at last: everything else is right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.names == Names::Ignored => Ok(ServerCertVerified::assertion()),
            Err(error) => {
                is_pinned(&self.trusted, end_entity, now).map_err(|_| error)?;
                if self.names == Names::Checked {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Holds a client's certificate against what is trusted.
#[derive(Debug)]
pub struct Clients {
    inner: Arc<dyn ClientCertVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Clients {
    /// By the trust store of these settings; `None` where clients are not asked.
    pub fn of(settings: &Settings) -> Result<Option<Arc<Self>>, TlsError> {
        if settings.client_auth == ClientAuth::None {
            return Ok(None);
        }
        let trusted = settings.trust.trusted()?;
        let roots = roots(&trusted)?;
        let builder = WebPkiClientVerifier::builder_with_provider(roots, settings.provider()?);
        let builder = match settings.client_auth {
            ClientAuth::Requested => builder.allow_unauthenticated(),
            ClientAuth::None | ClientAuth::Required => builder,
        };
        let inner = builder
            .build()
            .map_err(|error| TlsError::Rustls(Error::General(error.to_string())))?;
        Ok(Some(Arc::new(Self { inner, trusted })))
    }
}

impl ClientCertVerifier for Clients {
    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .inner
            .verify_client_cert(end_entity, intermediates, now);
        verified.or_else(|error| {
            is_pinned(&self.trusted, end_entity, now).map_err(|_| error)?;
            Ok(ClientCertVerified::assertion())
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
