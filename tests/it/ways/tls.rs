//! TLS: what is accepted, and the sentence for what is not.

use std::path::PathBuf;

use lookout::cluster::{DialError, Dialer};
use lookout::config::security::{Identity, Material, NameCheck, Tls, Verify};
use lookout::model::{Doubt, Rung};
use rcgen::{BasicConstraints, IsCa};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::certificates::{
    self, Authority, Pair, Version, builder, common_name, expired, for_clients, not_yet_valid,
};
use super::{HOST, dialer, refusal, target, with_tls};
use crate::support::gate::{Gate, Plan};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/data/tls")
        .join(name)
}

fn file(name: &str) -> Material {
    Material::File {
        path: data(name),
        password: None,
    }
}

fn trusting(authority: &Authority) -> Tls {
    Tls {
        trust: authority.trusted(),
        ..Tls::default()
    }
}

async fn gate(pair: &Pair) -> Gate {
    Gate::open(Plan::tls(pair.server())).await
}

/// The sentence, which must be of the rung TLS and not be taken for a broker that is down.
async fn said(tls: Tls, gate: &Gate, host: &str) -> String {
    let error = refusal(&dialer(&with_tls(tls), gate.address), host).await;
    assert_eq!((error.rung, error.refused), (Rung::Tls, true), "{error}");
    error.to_string()
}

async fn accepted(tls: Tls, gate: &Gate, host: &str) {
    let dialled = dialer(&with_tls(tls), gate.address)
        .dial(&target(host))
        .await;
    let dialled = dialled.unwrap_or_else(|error| panic!("{error}"));
    let rungs: Vec<Rung> = dialled.rungs.iter().map(|(rung, _)| *rung).collect();
    assert_eq!(rungs, [Rung::Dns, Rung::Tcp, Rung::Tls]);
}

/// What the first read says after a handshake that went well.
async fn said_at_first_read(tls: Tls, gate: &Gate) -> String {
    let dialled = match dialer(&with_tls(tls), gate.address)
        .dial(&target(HOST))
        .await
    {
        Ok(dialled) => dialled,
        Err(error) => return error.to_string(),
    };
    let mut stream = dialled.stream;
    // The write may fail or not, as the server is quicker or slower.
    let _either = stream.write_all(b"\0\0\0\x04????").await;
    let error = stream.read_u8().await.expect_err("the server refuses");
    let said = DialError::within(&error).unwrap_or_else(|| panic!("{error}"));
    assert_eq!((said.rung, said.refused), (Rung::Tls, true));
    said.to_string()
}

#[tokio::test]
async fn a_certificate_of_a_named_authority_is_accepted_for_names_and_addresses() {
    let authority = Authority::new("Paper CA");
    let gate = gate(&authority.issue(&[HOST, "*.prod.example", "10.1.2.3", "::1"], |_| {})).await;
    for host in [HOST, "kafka-7.prod.example", "10.1.2.3", "::1"] {
        accepted(trusting(&authority), &gate, host).await;
    }
}

#[tokio::test]
async fn every_bad_certificate_has_its_sentence() {
    let (ours, theirs) = (Authority::new("Paper CA"), Authority::new("Another CA"));
    let mut said_of = Vec::new();
    for (what, pair) in [
        ("expired", ours.issue(&[HOST], expired)),
        ("not yet valid", ours.issue(&[HOST], not_yet_valid)),
        ("wrong name", ours.issue(&["kafka-2", "10.0.0.2"], |_| {})),
        (
            "many names",
            ours.issue(&["a", "b", "c", "d", "e", "f"], |_| {}),
        ),
        ("common name only", ours.issue(&[], common_name(HOST))),
        (
            "no name at all",
            ours.issue(&[], |params| {
                params.distinguished_name = rcgen::DistinguishedName::default();
            }),
        ),
        ("unknown authority", theirs.issue(&[HOST], |_| {})),
        ("for clients", ours.issue(&[HOST], for_clients)),
        ("self-signed", Pair::self_signed(&[HOST], IsCa::NoCa)),
        (
            "an authority's own",
            Pair::self_signed(&[HOST], IsCa::Ca(BasicConstraints::Unconstrained)),
        ),
    ] {
        let gate = gate(&pair).await;
        said_of.push(format!(
            "{what}: {}",
            said(trusting(&ours), &gate, HOST).await
        ));
    }
    for (what, name) in [("X.509 version 1", "v1.pem"), ("SHA-1", "sha1.pem")] {
        let tls = Tls {
            trust: vec![file("old-authority.pem")],
            ..Tls::default()
        };
        let chain = vec![CertificateDer::from_pem_file(data(name)).unwrap()];
        let key = PrivateKeyDer::from_pem_file(data("old-key.pem")).unwrap();
        // rustls holds key and certificate against each other and cannot read one of the first version.
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let shown = rustls::sign::CertifiedKey::new(chain, key);
        let shown = rustls::sign::SingleCertAndKey::from(shown);
        let server = builder()
            .with_no_client_auth()
            .with_cert_resolver(std::sync::Arc::new(shown));
        let gate = Gate::open(Plan::tls(server)).await;
        said_of.push(format!("{what}: {}", said(tls, &gate, HOST).await));
    }
    insta::assert_snapshot!(said_of.join("\n"));
}

#[tokio::test]
async fn a_self_signed_certificate_that_is_named_as_trusted_is_accepted_for_its_names_alone() {
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for pair in [
        Pair::self_signed(&[HOST], ca),
        Pair::self_signed(&[HOST], IsCa::NoCa),
    ] {
        let gate = gate(&pair).await;
        let tls = Tls {
            trust: vec![Material::Pem(lookout::config::secret::Secret::new(
                &pair.pem,
            ))],
            ..Tls::default()
        };
        accepted(tls.clone(), &gate, HOST).await;
        let error = said(tls, &gate, "kafka-2").await;
        assert!(
            error.contains("its certificate is for kafka-1, not for kafka-2"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_common_name_is_accepted_only_where_the_operator_says_so() {
    let authority = Authority::new("Paper CA");
    let gate = gate(&authority.issue(&[], common_name(HOST))).await;
    let lax = Tls {
        names: NameCheck::CommonName,
        ..trusting(&authority)
    };
    accepted(lax.clone(), &gate, HOST).await;
    let error = said(lax, &gate, "kafka-2").await;
    assert!(error.contains("not for kafka-2"), "{error}");
}

#[tokio::test]
async fn without_name_check_the_authority_still_counts_and_without_verification_nothing_does() {
    let (ours, theirs) = (Authority::new("Paper CA"), Authority::new("Another CA"));
    let foreign = gate(&theirs.issue(&["kafka-9"], expired)).await;
    let own = gate(&ours.issue(&["kafka-9"], |_| {})).await;
    let nameless = Tls {
        names: NameCheck::Off,
        ..trusting(&ours)
    };
    accepted(nameless.clone(), &own, HOST).await;
    assert!(
        said(nameless.clone(), &foreign, HOST)
            .await
            .contains("expired on 2024-02-29")
    );
    let blind = Tls {
        verify: Verify::Off,
        ..Tls::default()
    };
    accepted(blind.clone(), &foreign, HOST).await;
    let doubt = |tls: Tls| dialer(&with_tls(tls), own.address).doubt();
    assert_eq!(doubt(nameless), Some(Doubt::AnyName));
    assert_eq!(doubt(blind), Some(Doubt::Anybody));
    assert_eq!(doubt(trusting(&ours)), None);
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let authority = Authority::new("Paper CA");
    let server = authority.issue(&[HOST], |_| {});
    let client = authority.issue(&["alice"], for_clients);
    for version in [Version::Tls12, Version::Tls13] {
        let config = server.asking_server(&authority, version);
        let gate = Gate::open(Plan::tls(config)).await;
        let tls = Tls {
            identity: Some(client.identity()),
            ..trusting(&authority)
        };
        accepted(tls, &gate, HOST).await;
    }
}

#[tokio::test]
async fn a_client_certificate_that_is_missing_or_refused_has_its_sentence() {
    let (ours, theirs) = (Authority::new("Paper CA"), Authority::new("Another CA"));
    let server = ours.issue(&[HOST], |_| {});
    let mut said_of = Vec::new();
    for version in [Version::Tls12, Version::Tls13] {
        let gate = Gate::open(Plan::tls(server.asking_server(&ours, version))).await;
        for (what, identity) in [
            ("none", None),
            (
                "of another authority",
                Some(theirs.issue(&["alice"], for_clients).identity()),
            ),
            ("expired", Some(ours.issue(&["alice"], expired).identity())),
        ] {
            let tls = Tls {
                identity,
                ..trusting(&ours)
            };
            let said = said_at_first_read(tls, &gate).await;
            said_of.push(format!("{version:?}, {what}: {said}"));
        }
    }
    insta::assert_snapshot!(said_of.join("\n"));
}

/// A listener that answers whatever comes first with these bytes and closes.
async fn blurting(words: &'static [u8]) -> (std::net::SocketAddr, tokio::task::JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut listening = tokio::task::JoinSet::new();
    listening.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 1024];
            let _hello = stream.read(&mut hello).await;
            let _said = stream.write_all(words).await;
        }
    });
    (address, listening)
}

#[tokio::test]
async fn what_does_not_speak_tls_has_its_sentence() {
    let mut said_of = Vec::new();
    for (what, words) in [
        ("closes", &b""[..]),
        ("a web server", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        // An alert: protocol_version, as a server of TLS 1.1 answers.
        ("TLS 1.1 only", b"\x15\x03\x01\x00\x02\x02\x46"),
        ("no shared cipher", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("unknown name", b"\x15\x03\x03\x00\x02\x02\x70"),
    ] {
        let (address, _listening) = blurting(words).await;
        let tls = trusting(&Authority::new("Paper CA"));
        let error = refusal(&dialer(&with_tls(tls), address), HOST).await;
        said_of.push(format!("{what}: {error}"));
    }
    insta::assert_snapshot!(said_of.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_never_answers_the_handshake_is_silent_and_not_a_refusal() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let tls = trusting(&Authority::new("Paper CA"));
    let dialer: Dialer = dialer(&with_tls(tls), listener.local_addr().unwrap());
    let error = refusal(&dialer, HOST).await;
    assert_eq!((error.rung, error.refused), (Rung::Tls, false));
    assert_eq!(
        error.to_string(),
        "kafka-1:9093: port is open, TLS fails: no answer to the handshake within 3 s; the broker hangs, or the port does not speak TLS"
    );
}

#[tokio::test]
async fn keys_in_every_usual_form_are_shown() {
    let authority = Authority::new("Paper CA");
    let server = authority.issue(&[HOST], |_| {});
    let client = authority.issue(&["alice"], for_clients);
    let config = server.asking_server(&authority, certificates::Version::Tls13);
    let gate = Gate::open(Plan::tls(config)).await;
    let both = format!("{}{}", client.key.serialize_pem(), client.pem);
    let secret = lookout::config::secret::Secret::new;
    for identity in [
        client.identity(),
        Identity::Store(Material::Pem(secret(&both))),
        Identity::Store(Material::LockedPem {
            text: secret(&both),
            password: secret("not needed"),
        }),
    ] {
        let tls = Tls {
            identity: Some(identity),
            ..trusting(&authority)
        };
        accepted(tls, &gate, HOST).await;
    }
}
