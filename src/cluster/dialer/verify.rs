//! Whether a certificate is good enough, and the sentence if it is not. Stricter nowhere and laxer only where the
//! operator says so: a certificate that is itself trusted, a common name, no name, nothing at all.
//!
//! Never dials and reads no file.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use thiserror::Error as ThisError;

use super::certificate::{self, Card};
use crate::cluster::error::printable;
use crate::config::security::{self, NameCheck, Verify};
use crate::model::Moment;
use crate::model::survey::Anchor;

/// Why a certificate is not good enough, in words that continue "TLS fails: ".
#[derive(Debug, ThisError)]
#[error("{0}")]
pub struct Rejection(String);

/// What certificates are held against.
pub struct Trust {
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    /// Certificates trusted by themselves, whatever they say of being an authority.
    trusted: HashSet<CertificateDer<'static>>,
    names: NameCheck,
    verify: Verify,
    source: Source,
}

/// Who chose the authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Operator,
    System,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("roots", &self.roots.len())
            .field("names", &self.names)
            .field("verify", &self.verify)
            .finish_non_exhaustive()
    }
}

impl Trust {
    /// Trusts these authorities, and each of these certificates when a server shows that very one.
    pub fn new(
        provider: Arc<CryptoProvider>,
        roots: RootCertStore,
        trusted: impl IntoIterator<Item = CertificateDer<'static>>,
        options: &security::Tls,
    ) -> Self {
        Self {
            provider,
            roots,
            trusted: trusted.into_iter().collect(),
            names: options.names,
            verify: options.verify,
            source: if options.trust.is_empty() {
                Source::System
            } else {
                Source::Operator
            },
        }
    }

    /// Who speaks for a certificate at this time, whatever its names.
    pub fn anchor(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Anchor {
        if self.verify == Verify::Off {
            return Anchor::Unchecked;
        }
        if self.trusted.contains(leaf) {
            return Anchor::Itself;
        }
        let Ok(parsed) = ParsedCertificate::try_from(leaf) else {
            return Anchor::Nobody;
        };
        let algorithms = self.provider.signature_verification_algorithms.all;
        // rustls does not say which authority it was: the one that suffices alone.
        let suffices = |root: &&TrustAnchor<'static>| {
            let alone = RootCertStore {
                roots: vec![(*root).clone()],
            };
            verify_server_cert_signed_by_trust_anchor(&parsed, &alone, chain, now, algorithms)
                .is_ok()
        };
        let Some(root) = self.roots.roots.iter().find(suffices) else {
            return Anchor::Nobody;
        };
        let name = printable(&certificate::subject_of(root));
        match self.source {
            Source::Operator => Anchor::Named(name),
            Source::System => Anchor::System(name),
        }
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), String> {
        let card = Card::read(leaf);
        let parsed =
            ParsedCertificate::try_from(leaf).map_err(|error| odd(card.as_ref(), &error))?;
        let card = card.ok_or_else(|| "its certificate cannot be read".to_owned())?;
        if self.trusted.contains(leaf) {
            in_time(&card, now)?;
        } else {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, chain, now, algorithms)
                .map_err(|error| self.untrusted(&error, &card, chain, now))?;
        }
        let host = name.to_str();
        match self.names {
            NameCheck::Off => Ok(()),
            NameCheck::CommonName if card.common_name_is(&host) => Ok(()),
            NameCheck::CommonName | NameCheck::Strict => {
                verify_server_name(&parsed, name).map_err(|_| self.another(&card, &host))
            }
        }
    }

    fn untrusted(
        &self,
        error: &Error,
        card: &Card,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> String {
        // Of all that may be wrong with it, what time alone tells is the likeliest and the easiest to mend.
        if let Err(out_of_time) = in_time(card, now) {
            return out_of_time;
        }
        let upper: Vec<Card> = chain.iter().filter_map(|der| Card::read(der)).collect();
        if let Some(old) = upper.iter().find_map(|card| in_time(card, now).err()) {
            return old.replacen("its certificate", "a certificate of its chain", 1);
        }
        let weak = std::iter::once(card)
            .chain(&upper)
            .find_map(|card| card.weak_hash);
        let issuer = &upper.last().unwrap_or(card).issuer;
        match error {
            Error::InvalidCertificate(
                CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
            ) => match weak {
                Some(hash) => format!(
                    "its certificate is signed with {hash}, which proves nothing any more; have it issued anew with SHA-256"
                ),
                None => "its certificate is signed in a way that is not known here; have it issued anew with RSA or ECDSA and SHA-256".to_owned(),
            },
            Error::InvalidCertificate(
                CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
            ) => "its certificate is not meant for servers (extended key usage); have it issued anew for server authentication".to_owned(),
            Error::InvalidCertificate(CertificateError::BadSignature) => format!(
                "its certificate names the issuer '{issuer}', but that authority's key did not sign it; is ssl.ca.location an older certificate of the same name?"
            ),
            Error::InvalidCertificate(CertificateError::UnknownIssuer) if self.roots.is_empty() => {
                "its certificate is not one of those that are trusted here".to_owned()
            }
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => unknown(issuer),
            Error::InvalidCertificate(CertificateError::Other(other)) if says(other, "CaUsedAsEndEntity") => {
                format!(
                    "it shows the certificate of an authority ('{issuer}') as its own and that one is not trusted here; if it is meant so, name this very certificate with ssl.ca.location"
                )
            }
            error => odd(Some(card), error),
        }
    }

    fn another(&self, card: &Card, host: &str) -> String {
        let nameless = card.names.is_empty() && self.names == NameCheck::Strict;
        if nameless && card.common_name_is(host) {
            return format!(
                "its certificate has no subject alternative names, only the common name {host}; have it issued anew with one, or accept common names with ssl.endpoint.identification.algorithm=common-name"
            );
        }
        let names = card.names_in_words();
        format!(
            "its certificate is for {names}, not for {host}; have it issued anew for this name, or let the broker advertise a name it has"
        )
    }
}

fn unknown(issuer: &str) -> String {
    format!(
        "its certificate was issued by '{issuer}', an authority that is not trusted here; name that authority's certificate with ssl.ca.location"
    )
}

fn says(other: &OtherError, what: &str) -> bool {
    other.to_string().contains(what) || format!("{other:?}").contains(what)
}

/// What is left: certificates that cannot be used as they are made.
fn odd(card: Option<&Card>, error: &Error) -> String {
    match card {
        Some(card) if card.first_version => {
            "its certificate is of X.509 version 1, which carries no names; have it issued anew as version 3".to_owned()
        }
        _ => format!("its certificate cannot be used: {error}"),
    }
}

fn in_time(card: &Card, now: UnixTime) -> Result<(), String> {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let now = Moment::from_unix_ms(seconds.saturating_mul(1000));
    if now > card.not_after {
        let date = card.not_after.date_utc();
        return Err(format!(
            "its certificate expired on {date}; the broker needs a new one"
        ));
    }
    if now < card.not_before {
        let date = card.not_before.date_utc();
        return Err(format!(
            "its certificate is not valid before {date}; is a clock wrong?"
        ));
    }
    Ok(())
}

fn rejected(why: String) -> Error {
    let rejection: Arc<dyn std::error::Error + Send + Sync> = Arc::new(Rejection(why));
    Error::InvalidCertificate(CertificateError::Other(OtherError(rejection)))
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verify == Verify::On {
            self.judge(end_entity, intermediates, server_name, now)
                .map_err(rejected)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match self.verify {
            Verify::On => verify_tls12_signature(message, certificate, signed, algorithms),
            // Where anybody may be the broker, whose key signed says nothing.
            Verify::Off => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match self.verify {
            Verify::On => verify_tls13_signature(message, certificate, signed, algorithms),
            Verify::Off => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
