//! TLS by rustls: streams that are encrypted or not, key stores and trust stores as Kafka's keys name
//! them, both sides of a handshake. Knows no listener and no login.

pub mod client;
pub mod server;
pub mod store;
mod stream;
mod subject;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{SupportedProtocolVersion, version};
use thiserror::Error;

pub use client::Connector;
pub use server::Acceptor;
pub use store::{Kind, Store};
pub use stream::{ReadSide, Stream, WriteSide};
pub use subject::distinguished_name;

/// Why there can be no TLS with what was given.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Java's own format.
    #[error(
        "{0} is a JKS store, which only Java reads; make a PKCS12 store of it: \
         keytool -importkeystore -srckeystore {0} -destkeystore {0}.p12 -deststoretype PKCS12"
    )]
    Jks(PathBuf),
    /// A store that cannot be opened.
    #[error("{what}: {why}")]
    Store {
        /// The file, or the key that holds it in place.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// Something is needed that is not given.
    #[error("{0}")]
    Missing(&'static str),
    /// rustls refuses the settings.
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

/// `ssl.client.auth`: whether clients show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    None,
    /// They are asked, and may have none.
    Requested,
    /// They must.
    Required,
}

/// `ssl.endpoint.identification.algorithm`: whether a server's name is held against its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// It is.
    #[default]
    Checked,
    /// Every name is taken.
    Ignored,
}

/// The settings of TLS on one listener, and of connections that are opened to such listeners.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `ssl.keystore.*` and `ssl.key.password`.
    pub keys: Store,
    /// `ssl.truststore.*`.
    pub trust: Store,
    /// `ssl.client.auth`.
    pub client_auth: ClientAuth,
    /// `ssl.endpoint.identification.algorithm`.
    pub names: Names,
    /// `ssl.enabled.protocols`.
    pub versions: Vec<Version>,
    /// `ssl.cipher.suites` by their registered names; empty takes all.
    pub suites: Vec<String>,
}

/// A version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// The version that Java calls so.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "TLSv1.2" => Some(Self::Tls12),
            "TLSv1.3" => Some(Self::Tls13),
            _ => None,
        }
    }
}

impl Settings {
    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let of = |known: &Version| match known {
            Version::Tls12 => &version::TLS12,
            Version::Tls13 => &version::TLS13,
        };
        self.versions.iter().map(of).collect()
    }

    /// ring, with the cipher suites that are wanted.
    fn provider(&self) -> Result<Arc<CryptoProvider>, TlsError> {
        let mut provider = rustls::crypto::ring::default_provider();
        if !self.suites.is_empty() {
            provider.cipher_suites.retain(|suite| {
                let name = format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1);
                self.suites.contains(&name)
            });
        }
        if provider.cipher_suites.is_empty() {
            return Err(TlsError::Missing(
                "ssl.cipher.suites names no suite that is known here",
            ));
        }
        Ok(Arc::new(provider))
    }
}
