//! A practice cluster that asks who enters: an authority of its own, a certificate for every node, one user, and the
//! `client.properties` that lets Kafka's tools in. Everything lies in `secure/`, for the owner's eyes only; keys and
//! the password are made once. Never sent anywhere, never logged.
//!
//! | listener | for | asks for |
//! |---|---|---|
//! | `SECURE` | everybody | TLS and SCRAM-SHA-512 |
//! | `INSIDE`, `CONTROLLER` | the nodes | TLS with a certificate of this authority |
//! | `PLAINTEXT` | the demo's groups and its topics, on this machine alone | nothing |
//!
//! The screen, `lookout practice` and the demo's producer enter by `SECURE`, through the Dialer. The members of the
//! demo's groups cannot: librdkafka's consumer opens its sockets itself, and is built without OpenSSL.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use broker::secret::random_bytes;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::error::{PracticeError, file};
use super::layout::{Layout, Plan, write_secret};
use crate::config::secret::Secret;

/// Who logs in with `client.properties`.
pub(super) const USER: &str = "lookout";
/// How nodes are called by those who reach them.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Letters of the password: 32 of them, so that five bits make one.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_LETTERS: usize = 24;

/// The files of a secured cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vault {
    dir: PathBuf,
}

impl Vault {
    /// The files in this directory, which need not exist yet.
    pub(super) fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Certificates that clients and nodes trust.
    pub(super) fn authority(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    /// Key and certificate of a node.
    pub(super) fn keys(&self, node: i32) -> PathBuf {
        self.dir.join(format!("node-{node}.pem"))
    }

    /// What lets Kafka's tools in.
    pub(super) fn client_properties(&self) -> PathBuf {
        self.dir.join("client.properties")
    }

    fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    /// The user's password, as it was made.
    pub(super) fn password(&self) -> Result<Secret, PracticeError> {
        let path = self.password_file();
        let text = fs::read_to_string(&path).map_err(file(&path))?;
        Ok(Secret::new(text.trim()))
    }
}

/// Makes what is missing, and `client.properties` anew: addresses may have changed.
pub(super) fn furnish(layout: &Layout, plan: &Plan) -> Result<(), PracticeError> {
    let Some(bootstrap) = plan.secured_bootstrap() else {
        return Ok(());
    };
    let vault = layout.vault();
    fs::create_dir_all(&vault.dir).map_err(file(&vault.dir))?;
    let whole = plan.nodes.iter().all(|node| vault.keys(node.id).exists());
    if !whole || !vault.authority().exists() || !vault.password_file().exists() {
        make(&vault, plan)?;
    }
    let addresses = (bootstrap.join(","), plan.registries().join(","));
    let text = client_properties(&addresses, &vault.authority(), vault.password()?.reveal());
    write_secret(&vault.client_properties(), &text)
}

/// The authority's key is not kept: nobody else gets a certificate of it.
fn make(vault: &Vault, plan: &Plan) -> Result<(), PracticeError> {
    let refused = |error: rcgen::Error| PracticeError::File {
        path: vault.dir.clone(),
        reason: io::Error::other(error),
    };
    let (issuer, authority) = authority(&plan.cluster_id).map_err(refused)?;
    for node in &plan.nodes {
        let text = certified(&issuer, node.id).map_err(refused)?;
        write_secret(&vault.keys(node.id), &text)?;
    }
    let password = password().map_err(file(&vault.password_file()))?;
    write_secret(&vault.password_file(), &format!("{password}\n"))?;
    write_secret(&vault.authority(), &authority)
}

fn authority(cluster: &str) -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let name = format!("practice cluster {cluster}");
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

/// Key and certificate of a node, one after the other.
fn certified(issuer: &Issuer<'_, KeyPair>, node: i32) -> Result<String, rcgen::Error> {
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let name = format!("node-{node}");
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// A password that nobody guesses, of letters that no file escapes.
fn password() -> io::Result<String> {
    let bytes = random_bytes::<PASSWORD_LETTERS>()?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied();
    Ok(bytes.iter().filter_map(letter).map(char::from).collect())
}

/// Java's properties, which other clients read too.
fn client_properties(
    (bootstrap, registries): &(String, String),
    authority: &Path,
    password: &str,
) -> String {
    let mut text = String::from(
        "# Lets Kafka's tools into the practice cluster. Written anew at every start.\n",
    );
    let mut set = |key: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{key}={value}"); // a String takes any write
    };
    set("bootstrap.servers", bootstrap);
    if !registries.is_empty() {
        set("schema.registry.url", registries);
    }
    set("security.protocol", &"SASL_SSL");
    set("sasl.mechanism", &"SCRAM-SHA-512");
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
    let entry = format!("{module} required username=\"{USER}\" password=\"{password}\";");
    set("sasl.jaas.config", &entry);
    set("ssl.truststore.type", &"PEM");
    set("ssl.truststore.location", &authority.display());
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::practice::ports::{Ports, Secured};
    use crate::practice::settings;

    fn plan() -> Plan {
        let ports = |first: u16| Ports {
            clients: first,
            controller: first + 1,
            metrics: first + 2,
            registry: Some(first + 5),
            secured: Some(Secured {
                clients: first + 3,
                between: first + 4,
            }),
        };
        Plan::new("abc".into(), vec![ports(10_001), ports(10_011)])
    }

    #[test]
    fn keys_and_password_are_made_once_and_are_for_the_owner_alone() {
        let dir = std::env::temp_dir().join(format!("lookout-vault-{}", std::process::id()));
        let layout = Layout::at(&dir).unwrap();
        layout.prepare().unwrap();
        furnish(&layout, &plan()).unwrap();
        let vault = layout.vault();
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        let keys = read(vault.keys(2));
        let password = vault.password().unwrap().reveal().to_owned();
        assert!(keys.contains("PRIVATE KEY") && keys.contains("BEGIN CERTIFICATE"));
        assert_eq!(password.len(), PASSWORD_LETTERS);
        for path in [
            vault.keys(1),
            vault.client_properties(),
            vault.password_file(),
        ] {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
        // A node takes all of it.
        let node = &plan().nodes[0];
        let text = settings::properties(&plan(), node, &dir);
        let more = settings::security(&vault, node).unwrap();
        let lines = text.lines().chain(more.lines());
        let given = lines.filter_map(|line| line.split_once('='));
        let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config = broker::NodeConfig::from_values(&given.collect()).unwrap();
        assert_eq!(config.inter_broker_listener, "INSIDE");
        assert_eq!(config.listeners.len(), 4);
        furnish(&layout, &plan()).unwrap();
        assert_eq!(read(vault.keys(2)), keys);
        assert_eq!(vault.password().unwrap().reveal(), password);
        let properties = read(vault.client_properties());
        assert!(properties.contains("bootstrap.servers=127.0.0.1:10004,127.0.0.1:10014\n"));
        let registries = "schema.registry.url=http://127.0.0.1:10006,http://127.0.0.1:10016\n";
        assert!(properties.contains(registries));
        assert!(properties.contains(&format!("password=\"{password}\";\n")));
        fs::remove_dir_all(&dir).unwrap();
    }
}
