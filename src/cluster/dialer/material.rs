//! Certificates and keys as the operator has them: PEM, DER, PKCS#12, in a file or in place. Errors name the file and
//! what to do with it.
//!
//! Reads files and nothing else; never writes one, and never puts a key or a password into a text.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use pkcs8::{EncryptedPrivateKeyInfoRef, pkcs5};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::pem::{self, Section};
use crate::cluster::error::WayError;
use crate::config::secret::Secret;
use crate::config::security::{Identity, Material};

/// Java's own formats of key stores, by their first four bytes.
const JAVA_STORES: [[u8; 4]; 2] = [[0xFE, 0xED, 0xFE, 0xED], [0xCE, 0xCE, 0xCE, 0xCE]];
/// Labels of sections that hold a certificate.
const CERTIFICATES: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// A client certificate: the chain, leaf first, and its key.
pub struct Credentials {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    /// What errors call it.
    pub subject: String,
}

/// A piece of material, read.
struct Piece {
    /// What errors call it.
    subject: String,
    content: Content,
    password: Option<Secret>,
}

enum Content {
    Pem(Vec<Section>),
    /// One certificate or key.
    Der(Vec<u8>),
    Pkcs12(Vec<u8>),
}

/// The certificates of a piece, whatever its form.
pub fn certificates(material: &Material) -> Result<Vec<CertificateDer<'static>>, WayError> {
    let piece = read(material)?;
    let found = match &piece.content {
        Content::Pem(sections) => of_sections(sections),
        Content::Der(der) => vec![CertificateDer::from(der.clone())],
        Content::Pkcs12(bytes) => piece.all_of_store(bytes)?,
    };
    if found.is_empty() {
        return Err(piece.wrong("it holds no certificate; is it the right file?"));
    }
    Ok(found)
}

/// A client certificate with its key. Files whose permissions let others read the key are warned of.
pub fn credentials(
    identity: &Identity,
    warnings: &mut Vec<Arc<str>>,
) -> Result<Credentials, WayError> {
    match identity {
        Identity::Pair { certificate, key } => {
            warn_of_readers(key, warnings);
            let chain = certificates(certificate)?;
            let piece = read(key)?;
            let key = match &piece.content {
                Content::Pem(sections) => piece.key_of_sections(sections)?,
                Content::Der(der) => piece.key_of_der(der)?,
                Content::Pkcs12(bytes) => piece.chain_of_store(bytes)?.1,
            };
            Ok(Credentials {
                chain,
                key,
                subject: subject(certificate),
            })
        }
        Identity::Store(store) => {
            warn_of_readers(store, warnings);
            let piece = read(store)?;
            let (chain, key) = match &piece.content {
                Content::Pem(sections) => (of_sections(sections), piece.key_of_sections(sections)?),
                Content::Pkcs12(bytes) => piece.chain_of_store(bytes)?,
                Content::Der(_) => return Err(piece.wrong(
                    "it is a single certificate or key; a key store holds both, as PKCS#12 or PEM",
                )),
            };
            if chain.is_empty() {
                return Err(piece.wrong("it holds a key but no certificate"));
            }
            Ok(Credentials {
                chain,
                key,
                subject: piece.subject,
            })
        }
    }
}

fn subject(material: &Material) -> String {
    match material {
        Material::File { path, .. } => path.display().to_string(),
        Material::Pem(_) | Material::LockedPem { .. } => "the PEM text of the settings".to_owned(),
    }
}

/// A file that others can read is no place for a key.
fn warn_of_readers(material: &Material, warnings: &mut Vec<Arc<str>>) {
    if let Material::File { path, .. } = material {
        warnings.extend(readers(path));
    }
}

/// Says it where others on this host can read a file that holds a secret.
pub fn readers(path: &Path) -> Option<Arc<str>> {
    // A file that cannot be looked at cannot be read either, and that is an error of its own.
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let path = path.display();
    (mode & 0o077 != 0).then(|| {
        format!("{path} holds a secret and others on this host can read it (mode {mode:04o}): chmod 600 {path}").into()
    })
}

/// The system's words without Rust's `(os error 2)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_owned()
}

fn read(material: &Material) -> Result<Piece, WayError> {
    let (bytes, password) = match material {
        Material::File { path, password } => {
            let bytes = fs::read(path).map_err(|error| WayError::Unreadable {
                path: path.clone(),
                reason: reason(&error),
            })?;
            (bytes, password.clone())
        }
        Material::Pem(text) => (text.reveal().as_bytes().to_vec(), None),
        Material::LockedPem { text, password } => {
            (text.reveal().as_bytes().to_vec(), Some(password.clone()))
        }
    };
    let subject = subject(material);
    let wrong = |why: String| WayError::Material {
        subject: subject.clone(),
        why,
    };
    let content = if pem::is_pem(&bytes) {
        let text = String::from_utf8_lossy(&bytes);
        Content::Pem(pem::sections(&text).map_err(wrong)?)
    } else if bytes
        .first_chunk()
        .is_some_and(|first| JAVA_STORES.contains(first))
    {
        return Err(wrong(java_store(&subject)));
    } else if is_pkcs12(&bytes) {
        Content::Pkcs12(bytes)
    } else if bytes.first() == Some(&0x30) {
        Content::Der(bytes)
    } else {
        return Err(wrong(
            "it is neither PEM nor DER nor PKCS#12; is it the right file?".to_owned(),
        ));
    };
    Ok(Piece {
        subject,
        content,
        password,
    })
}

fn java_store(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    format!(
        "it is a Java key store (JKS), which only Java reads; convert it with `keytool -importkeystore -srckeystore {path} -destkeystore {stem}.p12 -deststoretype PKCS12` and name {stem}.p12"
    )
}

/// A PFX is a sequence that begins with the number 3; a certificate is a sequence that begins with a sequence.
fn is_pkcs12(bytes: &[u8]) -> bool {
    let content = match bytes {
        [0x30, length, ..] if *length < 0x80 => bytes.get(2..),
        [0x30, length, ..] => bytes.get(2 + usize::from(length & 0x7F)..),
        _ => None,
    };
    content.is_some_and(|content| content.starts_with(&[0x02, 0x01, 0x03]))
}

fn of_sections(sections: &[Section]) -> Vec<CertificateDer<'static>> {
    let certificates = sections
        .iter()
        .filter(|section| CERTIFICATES.contains(&section.label.as_str()));
    certificates
        .map(|section| CertificateDer::from(section.der.clone()))
        .collect()
}

impl Piece {
    fn wrong(&self, why: &str) -> WayError {
        WayError::Material {
            subject: self.subject.clone(),
            why: why.to_owned(),
        }
    }

    fn key_of_sections(&self, sections: &[Section]) -> Result<PrivateKeyDer<'static>, WayError> {
        let keys = |section: &&Section| section.label.ends_with("PRIVATE KEY");
        let Some(section) = sections.iter().find(keys) else {
            return Err(self.wrong("it holds no private key; is it the right file?"));
        };
        if section.old_encryption {
            let file = &self.subject;
            return Err(self.wrong(&format!(
                "its key is encrypted the way of old OpenSSL; convert it with `openssl pkcs8 -topk8 -in {file} -out {file}.p8` and name {file}.p8"
            )));
        }
        let der = section.der.clone();
        match section.label.as_str() {
            "PRIVATE KEY" => Ok(PrivateKeyDer::Pkcs8(der.into())),
            "RSA PRIVATE KEY" => Ok(PrivateKeyDer::Pkcs1(der.into())),
            "EC PRIVATE KEY" => Ok(PrivateKeyDer::Sec1(der.into())),
            "ENCRYPTED PRIVATE KEY" => self.unlock(&der),
            other => Err(self.wrong(&format!(
                "its key is a {other}, which TLS does not use; name an RSA, EC or Ed25519 key"
            ))),
        }
    }

    fn key_of_der(&self, der: &[u8]) -> Result<PrivateKeyDer<'static>, WayError> {
        match PrivateKeyDer::try_from(der.to_vec()) {
            Ok(key) => Ok(key),
            Err(_) if EncryptedPrivateKeyInfoRef::try_from(der).is_ok() => self.unlock(der),
            Err(_) => Err(self.wrong("it is no private key; is it the right file?")),
        }
    }

    fn unlock(&self, der: &[u8]) -> Result<PrivateKeyDer<'static>, WayError> {
        let Some(password) = &self.password else {
            return Err(self.wrong("its key is encrypted: set ssl.key.password"));
        };
        let unknown = || {
            let file = &self.subject;
            self.wrong(&format!(
                "its key is encrypted in a way that is not known here; convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in {file} -out {file}.p8` and name {file}.p8"
            ))
        };
        let locked = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unknown())?;
        let opened = locked.decrypt(password.reveal());
        let open = opened.map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(
                pkcs5::Error::UnsupportedAlgorithm { .. }
                | pkcs5::Error::AlgorithmParametersInvalid { .. }
                | pkcs5::Error::NoPbes1CryptSupport,
            ) => unknown(),
            _ => self.wrong("its key does not open with ssl.key.password"),
        })?;
        Ok(PrivateKeyDer::Pkcs8(open.as_bytes().to_vec().into()))
    }

    fn store(&self, bytes: &[u8]) -> Result<KeyStore, WayError> {
        let password = self.password.as_ref().map_or("", Secret::reveal);
        KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed).map_err(|error| {
            if self.password.is_some() {
                self.wrong(&format!(
                    "the store does not open with its password ({error}); check ssl.keystore.password"
                ))
            } else {
                self.wrong("it is a PKCS#12 store: set its password (ssl.keystore.password, ssl.truststore.password)")
            }
        })
    }

    fn all_of_store(&self, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, WayError> {
        let store = self.store(bytes)?;
        let mut found = Vec::new();
        for (_, entry) in store.entries() {
            match entry {
                KeyStoreEntry::Certificate(certificate) => {
                    found.push(certificate.as_der().to_vec());
                }
                KeyStoreEntry::PrivateKeyChain(chain) => {
                    found.extend(chain.certs().iter().map(|one| one.as_der().to_vec()));
                }
                KeyStoreEntry::Secret(_) => {}
            }
        }
        Ok(found.into_iter().map(CertificateDer::from).collect())
    }

    fn chain_of_store(
        &self,
        bytes: &[u8],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), WayError> {
        let store = self.store(bytes)?;
        let Some((_, entry)) = store.private_key_chain() else {
            return Err(self.wrong("the store holds no private key; is it a trust store?"));
        };
        let certificates = entry.certs().iter();
        let chain = certificates.map(|one| CertificateDer::from(one.as_der().to_vec()));
        let key = PrivateKeyDer::Pkcs8(entry.key().as_der().to_vec().into());
        Ok((chain.collect(), key))
    }
}
