//! Key stores and trust stores: PEM in files or in place, PKCS12 in files. JKS is refused in words.
//! Never shows a key or a password.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::TlsError;
use crate::secret::Secret;

/// How Java's own stores begin.
const JKS_MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];

/// What an encrypted key in PEM stands between.
const ENCRYPTED: (&str, &str) = (
    "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "-----END ENCRYPTED PRIVATE KEY-----",
);

/// `ssl.keystore.type` and `ssl.truststore.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Kafka's default. As in Java, such a file may be PKCS12 all the same; here PEM too.
    #[default]
    Jks,
    /// PKCS#12.
    Pkcs12,
    /// PEM.
    Pem,
}

impl Kind {
    /// The kind that Kafka calls so.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "JKS" => Some(Self::Jks),
            "PKCS12" => Some(Self::Pkcs12),
            "PEM" => Some(Self::Pem),
            _ => None,
        }
    }
}

/// Where keys or trusted certificates are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Store {
    /// The file.
    pub location: Option<PathBuf>,
    /// Its format.
    pub kind: Kind,
    /// Its password.
    pub password: Option<Secret>,
    /// Certificates as PEM, in place of a file.
    pub certificates: Option<Secret>,
    /// The key as PEM, in place of a file.
    pub key: Option<Secret>,
    /// The key's own password.
    pub key_password: Option<Secret>,
}

/// A certificate with those that lead to its authority, and its key.
pub struct Identity {
    /// The own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates)", self.chain.len())
    }
}

/// What a file holds.
enum Content {
    Pem(Vec<u8>),
    Pkcs12(Vec<u8>),
}

impl Store {
    /// Whether anything is named.
    pub fn is_empty(&self) -> bool {
        self.location.is_none() && self.certificates.is_none() && self.key.is_none()
    }

    /// The certificate and its key.
    pub fn identity(&self) -> Result<Identity, TlsError> {
        let Some(path) = &self.location else {
            let (Some(chain), Some(key)) = (&self.certificates, &self.key) else {
                return Err(TlsError::Missing(
                    "ssl.keystore.location is missing, and so is ssl.keystore.key \
                     or ssl.keystore.certificate.chain",
                ));
            };
            let chain = certificates(chain.reveal().as_bytes(), "ssl.keystore.certificate.chain")?;
            let key = self.pem_key(key.reveal().as_bytes(), "ssl.keystore.key")?;
            return Ok(Identity { chain, key });
        };
        let what = path.display().to_string();
        match self.read(path)? {
            Content::Pem(text) => Ok(Identity {
                chain: certificates(&text, &what)?,
                key: self.pem_key(&text, &what)?,
            }),
            Content::Pkcs12(bytes) => {
                let store = self.pkcs12(&bytes, &what, Pkcs12ImportPolicy::Strict)?;
                let (_, keys) = store
                    .private_key_chain()
                    .ok_or_else(|| refused(&what, "it holds no key with its certificate"))?;
                let chain = keys.certs().iter();
                let key = keys.key().as_der().to_vec();
                Ok(Identity {
                    chain: chain
                        .map(|certificate| certificate.as_der().to_vec().into())
                        .collect(),
                    key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
                })
            }
        }
    }

    /// The trusted certificates; at least one.
    pub fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let Some(path) = &self.location else {
            let given = self.certificates.as_ref().ok_or(TlsError::Missing(
                "ssl.truststore.location is missing, and so is ssl.truststore.certificates",
            ))?;
            return certificates(given.reveal().as_bytes(), "ssl.truststore.certificates");
        };
        let what = path.display().to_string();
        match self.read(path)? {
            Content::Pem(text) => certificates(&text, &what),
            Content::Pkcs12(bytes) => {
                let store = self.pkcs12(&bytes, &what, Pkcs12ImportPolicy::Raw)?;
                let mut trusted = Vec::new();
                for (_, entry) in store.entries() {
                    match entry {
                        KeyStoreEntry::Certificate(one) => trusted.push(one.as_der()),
                        KeyStoreEntry::PrivateKeyChain(keys) => {
                            trusted.extend(keys.certs().iter().map(|one| one.as_der()));
                        }
                        KeyStoreEntry::Secret(_) => {}
                    }
                }
                if trusted.is_empty() {
                    return Err(refused(&what, "it holds no certificate"));
                }
                Ok(trusted.into_iter().map(|der| der.to_vec().into()).collect())
            }
        }
    }

    fn read(&self, path: &Path) -> Result<Content, TlsError> {
        let bytes = fs::read(path).map_err(|source| TlsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        if bytes.starts_with(&JKS_MAGIC) {
            return Err(TlsError::Jks(path.to_owned()));
        }
        let is_pem = || bytes.windows(11).any(|text| text == b"-----BEGIN ");
        match self.kind {
            Kind::Pem => Ok(Content::Pem(bytes)),
            Kind::Jks if is_pem() => Ok(Content::Pem(bytes)),
            Kind::Jks | Kind::Pkcs12 => Ok(Content::Pkcs12(bytes)),
        }
    }

    fn pkcs12(
        &self,
        bytes: &[u8],
        what: &str,
        policy: Pkcs12ImportPolicy,
    ) -> Result<KeyStore, TlsError> {
        let password = self.password.as_ref().map_or("", Secret::reveal);
        KeyStore::from_pkcs12(bytes, password, policy).map_err(|error| {
            refused(
                what,
                &format!("no PKCS12 store, or another password: {error}"),
            )
        })
    }

    fn pem_key(&self, text: &[u8], what: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
        if let Some(block) = encrypted_block(text) {
            let password = self.key_password.as_ref().ok_or_else(|| {
                refused(
                    what,
                    "its key is encrypted, and ssl.key.password is missing",
                )
            })?;
            return decrypted(block, password).map_err(|why| refused(what, &why));
        }
        PrivateKeyDer::from_pem_slice(text)
            .map_err(|error| refused(what, &format!("it holds no private key: {error}")))
    }
}

fn refused(what: &str, why: &str) -> TlsError {
    TlsError::Store {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

fn certificates(text: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = read.map_err(|error| refused(what, &error.to_string()))?;
    if found.is_empty() {
        return Err(refused(what, "it holds no certificate"));
    }
    Ok(found)
}

/// The encrypted key in a PEM text, if that is what it holds.
fn encrypted_block(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    let begin = text.find(ENCRYPTED.0)?;
    let end = text.get(begin..)?.find(ENCRYPTED.1)? + ENCRYPTED.1.len();
    text.get(begin..begin + end)
}

fn decrypted(block: &str, password: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    let words = |error: &dyn fmt::Display| format!("its encrypted key cannot be opened: {error}");
    let (_, whole) = SecretDocument::from_pem(block).map_err(|error| words(&error))?;
    let locked =
        EncryptedPrivateKeyInfoRef::try_from(whole.as_bytes()).map_err(|error| words(&error))?;
    let key = locked
        .decrypt(password.reveal())
        .map_err(|error| words(&error))?;
    let key = key.as_bytes().to_vec();
    Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)))
}
