//! Certificates and keys as operators have them, and what is said of those that cannot be used.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lookout::cluster::{Dialer, WayError};
use lookout::config::route::Route;
use lookout::config::secret::Secret;
use lookout::config::security::{Identity, Material, Tls};

use super::certificates::Authority;
use super::with_tls;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/data/tls")
        .join(name)
}

fn locked(path: &Path, password: Option<&str>) -> Material {
    Material::File {
        path: path.to_owned(),
        password: password.map(Secret::new),
    }
}

fn load(tls: Tls) -> Result<Dialer, WayError> {
    Dialer::new(&with_tls(tls), &Route::default(), &[])
}

fn trusting(material: Material) -> Tls {
    Tls {
        trust: vec![material],
        ..Tls::default()
    }
}

/// Shows what is loaded; what is trusted does not matter here.
fn showing(identity: Identity) -> Result<Dialer, WayError> {
    load(Tls {
        trust: Authority::new("Paper CA").trusted(),
        identity: Some(identity),
        ..Tls::default()
    })
}

fn pair(certificate: &str, key: &Path, password: Option<&str>) -> Identity {
    Identity::Pair {
        certificate: locked(&data(certificate), None),
        key: locked(key, password),
    }
}

/// A directory of this test's own; gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lookout-ways-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn encrypted_keys_open_with_their_password() {
    for name in ["locked.pem", "locked-3des.pem"] {
        let loaded = showing(pair("sha1.pem", &data(name), Some("changeit")));
        assert!(loaded.is_ok(), "{name}: {loaded:?}");
    }
}

#[test]
fn key_stores_of_new_and_old_tools_open_with_their_password() {
    for name in ["store.p12", "store-legacy.p12"] {
        let store = locked(&data(name), Some("changeit"));
        let loaded = showing(Identity::Store(store.clone()));
        assert!(loaded.is_ok(), "{name}: {loaded:?}");
        assert!(load(trusting(store)).is_ok(), "{name} as a trust store");
    }
}

#[test]
fn what_cannot_be_used_is_named_with_what_to_do() {
    let folder = Folder::new("bad");
    let der = folder.file("leaf.der", &Authority::new("Paper CA").der);
    let store = folder.file("client.jks", b"\xFE\xED\xFE\xED\0\0\0\x02");
    let noise = folder.file("noise.pem", b"hello");
    let cut = folder.file("cut.pem", b"-----BEGIN CERTIFICATE-----\nMIIB");
    let empty = folder.file("empty.pem", b"-----BEGIN X-----\nAAAA\n-----END X-----\n");
    let key = data("old-key.pem");
    let other = Authority::new("x").issue(&["x"], |_| {}).key;
    let other_key = folder.file("other.pem", other.serialize_pem().as_bytes());
    let trust = |path: &Path| load(trusting(locked(path, None)));
    let mut said = Vec::new();
    for (what, loaded) in [
        ("not there", trust(Path::new("/nonexistent/ca.pem"))),
        ("not PEM", trust(&noise)),
        ("cut off", trust(&cut)),
        ("no certificate", trust(&empty)),
        ("a key as trust", trust(&key)),
        ("a Java store", trust(&store)),
        ("PKCS#12 without password", trust(&data("store.p12"))),
        (
            "PKCS#12 with a wrong password",
            load(trusting(locked(&data("store.p12"), Some("x")))),
        ),
        ("no key", showing(pair("sha1.pem", &data("sha1.pem"), None))),
        ("another key", showing(pair("sha1.pem", &other_key, None))),
        (
            "a locked key without password",
            showing(pair("sha1.pem", &data("locked.pem"), None)),
        ),
        (
            "a locked key with a wrong password",
            showing(pair("sha1.pem", &data("locked.pem"), Some("x"))),
        ),
        (
            "a key locked by PKCS#12",
            showing(pair("sha1.pem", &data("locked-old.pem"), Some("changeit"))),
        ),
        (
            "a key locked by old OpenSSL",
            showing(pair(
                "sha1.pem",
                &data("locked-traditional.pem"),
                Some("changeit"),
            )),
        ),
        (
            "a store that is a certificate",
            showing(Identity::Store(locked(&der, None))),
        ),
    ] {
        let error = loaded.expect_err(what).to_string();
        let error = error.replace(&*folder.0.to_string_lossy(), "FOLDER");
        let error = error.replace(&*data("").to_string_lossy(), "DATA/");
        said.push(format!("{what}: {error}"));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_certificate_in_binary_is_read_as_well_as_one_in_text() {
    let folder = Folder::new("der");
    let der = folder.file("ca.der", &Authority::new("Paper CA").der);
    assert!(load(trusting(locked(&der, None))).is_ok());
}

#[test]
fn a_key_that_others_can_read_is_warned_of() {
    let folder = Folder::new("open");
    let key = folder.file("key.pem", &fs::read(data("old-key.pem")).unwrap());
    let warnings = |path: &Path| {
        let loaded = showing(pair("sha1.pem", path, None)).unwrap();
        loaded
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings(&key), [""; 0]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let path = key.display();
    assert_eq!(
        warnings(&key),
        [format!(
            "{path} holds a secret and others on this host can read it (mode 0644): chmod 600 {path}"
        )]
    );
}
