//! What is seen of one handshake: the certificates of the other side, whether it asks for ours, what was agreed on.
//! Judges nothing; who judges is asked through it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use super::verify::Trust;
use crate::model::survey::Agreed;

/// One handshake, as it was seen.
#[derive(Debug, Default)]
pub struct Witness {
    /// Leaf first.
    chain: OnceLock<Vec<CertificateDer<'static>>>,
    agreed: OnceLock<Agreed>,
    asked: AtomicBool,
}

impl Witness {
    /// The certificates that were shown, if it got so far.
    pub fn chain(&self) -> Option<&[CertificateDer<'static>]> {
        self.chain.get().map(Vec::as_slice)
    }

    /// What was agreed on, if it was.
    pub fn agreed(&self) -> Option<Agreed> {
        self.agreed.get().cloned()
    }

    /// Whether our certificate was asked for.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The handshake succeeded.
    pub fn notes(&self, connection: &ClientConnection) {
        let version = connection
            .protocol_version()
            .and_then(|version| version.as_str());
        let cipher = connection
            .negotiated_cipher_suite()
            .map(|suite| suite.suite());
        let (Some(version), Some(cipher)) = (version, cipher.and_then(|cipher| cipher.as_str()))
        else {
            return;
        };
        // One handshake is noted once.
        let _first = self.agreed.set(Agreed {
            version: version.replacen("TLSv1_", "TLSv1.", 1).into(),
            cipher: cipher.into(),
        });
    }
}

/// Shows our certificate, and notes that it was asked for.
pub struct Presenter {
    pub key: Option<Arc<CertifiedKey>>,
    pub witness: Arc<Witness>,
}

impl fmt::Debug for Presenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presenter").finish_non_exhaustive()
    }
}

impl ResolvesClientCert for Presenter {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.witness.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

/// Lets the trust judge, and notes what it judged.
#[derive(Debug)]
pub struct Onlooker {
    pub trust: Arc<Trust>,
    pub witness: Arc<Witness>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(end_entity).chain(intermediates);
        let shown = shown.map(|certificate| certificate.clone().into_owned());
        // One handshake shows one chain.
        let _first = self.witness.chain.set(shown.collect());
        let trust = &self.trust;
        trust.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.supported_verify_schemes()
    }
}
