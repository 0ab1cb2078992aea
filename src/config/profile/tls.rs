//! The settings of TLS: whom to trust, who we are, and what is held against what.

use super::ProfileError;
use super::reader::{Reader, is_locked};
use crate::config::property::Key;
use crate::config::secret::Secret;
use crate::config::security::{Identity, Material, NameCheck, Tls, Verify};

/// Settings that only TLS has a use for.
pub const KEYS: &[Key] = &[
    Key::CaLocation,
    Key::CaPem,
    Key::TruststoreLocation,
    Key::CertificateLocation,
    Key::CertificatePem,
    Key::KeyLocation,
    Key::KeyPem,
    Key::KeystoreLocation,
];

/// librdkafka's word for the authorities of the system.
const OF_THE_SYSTEM: &str = "probe";

/// Reads them.
pub fn read(reader: &mut Reader<'_>) -> Result<Tls, ProfileError> {
    check_versions(reader)?;
    Ok(Tls {
        trust: trust(reader)?,
        identity: identity(reader)?,
        names: names(reader)?,
        verify: match reader.truth(Key::Verification)? {
            Some(false) => Verify::Off,
            Some(true) | None => Verify::On,
        },
    })
}

fn trust(reader: &mut Reader<'_>) -> Result<Vec<Material>, ProfileError> {
    let mut trust = Vec::new();
    let of_the_system = reader.text(Key::CaLocation)?.as_deref() == Some(OF_THE_SYSTEM);
    if !of_the_system && let Some(path) = reader.file(Key::CaLocation)? {
        let password = None;
        trust.push(Material::File { path, password });
    }
    if let Some(pem) = reader.text(Key::CaPem)? {
        trust.push(Material::Pem(Secret::new(&pem)));
    }
    if let Some(path) = reader.file(Key::TruststoreLocation)? {
        let password = reader.secret(Key::TruststorePassword)?;
        trust.push(Material::File { path, password });
    }
    Ok(trust)
}

fn names(reader: &Reader<'_>) -> Result<NameCheck, ProfileError> {
    let Some(text) = reader.text(Key::Identification)? else {
        return Ok(NameCheck::Strict);
    };
    match text.to_ascii_lowercase().as_str() {
        "https" => Ok(NameCheck::Strict),
        "common-name" => Ok(NameCheck::CommonName),
        "none" | "" => Ok(NameCheck::Off),
        _ => {
            let expected = "https, none, or common-name for old certificates without subject alternative names";
            Err(reader.wrong(Key::Identification, expected))
        }
    }
}

fn identity(reader: &mut Reader<'_>) -> Result<Option<Identity>, ProfileError> {
    let pair = [
        Key::CertificateLocation,
        Key::CertificatePem,
        Key::KeyLocation,
        Key::KeyPem,
    ];
    match (
        reader.first_of(&pair),
        reader.sheet().has(Key::KeystoreLocation),
    ) {
        (Some(key), true) => {
            let reason = "ssl.keystore.location is set too; keep one of the two";
            Err(reader.reason(key, reason))
        }
        (None, true) => Ok(keystore(reader)?.map(Identity::Store)),
        (Some(key), false) => {
            let certificate = certificate(reader)?;
            let private = key_material(reader)?;
            let Some((certificate, private)) = certificate.zip(private) else {
                let reason = "a certificate and its key belong together; set ssl.certificate.location and \
                    ssl.key.location, or ssl.keystore.location";
                return Err(reader.reason(key, reason));
            };
            Ok(Some(Identity::Pair {
                certificate,
                key: private,
            }))
        }
        (None, false) => Ok(None),
    }
}

fn certificate(reader: &Reader<'_>) -> Result<Option<Material>, ProfileError> {
    if let Some(path) = reader.file(Key::CertificateLocation)? {
        let password = None;
        return Ok(Some(Material::File { path, password }));
    }
    let pem = reader.text(Key::CertificatePem)?;
    Ok(pem.map(|pem| Material::Pem(Secret::new(&pem))))
}

fn key_material(reader: &mut Reader<'_>) -> Result<Option<Material>, ProfileError> {
    if let Some(path) = reader.file(Key::KeyLocation)? {
        let locked = reader.is_locked(&path);
        let password = key_password(reader, locked)?;
        return Ok(Some(Material::File { path, password }));
    }
    let Some(text) = reader.secret(Key::KeyPem)? else {
        return Ok(None);
    };
    let locked = is_locked(text.reveal());
    Ok(Some(match key_password(reader, locked)? {
        Some(password) => Material::LockedPem { text, password },
        None => Material::Pem(text),
    }))
}

fn key_password(reader: &mut Reader<'_>, locked: bool) -> Result<Option<Secret>, ProfileError> {
    if locked {
        let password = reader.secret_or_ask(Key::KeyPassword, "password of the private key");
        return password.map(Some);
    }
    reader.secret(Key::KeyPassword)
}

fn keystore(reader: &mut Reader<'_>) -> Result<Option<Material>, ProfileError> {
    let Some(path) = reader.file(Key::KeystoreLocation)? else {
        return Ok(None);
    };
    let kind = reader.text(Key::KeystoreType)?.unwrap_or_default();
    let password = if kind.eq_ignore_ascii_case("PEM") {
        let locked = reader.is_locked(&path);
        key_password(reader, locked)?
    } else {
        let whose = "password of the key store";
        Some(reader.secret_or_ask(Key::KeystorePassword, whose)?)
    };
    Ok(Some(Material::File { path, password }))
}

/// Java's list of versions of TLS: one that is spoken must be in it.
fn check_versions(reader: &Reader<'_>) -> Result<(), ProfileError> {
    let spoken = ["TLS", "TLSv1.2", "TLSv1.3"];
    for key in [Key::SslProtocol, Key::SslProtocols] {
        let wanted = reader.list(key)?;
        let is_spoken = |version: &String| spoken.contains(&version.as_str());
        if !wanted.is_empty() && !wanted.iter().any(is_spoken) {
            let expected = "TLSv1.2 or TLSv1.3: older versions are broken and not spoken here";
            return Err(reader.wrong(key, expected));
        }
    }
    Ok(())
}
