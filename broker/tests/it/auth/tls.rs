//! TLS listeners: certificates of both sides, principals by their subjects, stores in every format,
//! and bytes that are no handshake.

use std::path::Path;

use broker::auth::Gate;
use broker::auth::gate::Surroundings;
use broker::clock::Clock;
use broker::config::NodeConfig;
use broker::meta::image::Image;
use broker::metrics::Metrics;
use broker::secret::Secret;
use broker::tls::{Acceptor, ClientAuth, Connector, Kind, Settings, Store, TlsError, Version};
use broker::wire::messages::{ApiVersionsRequest, MetadataRequest};
use rcgen::DnType;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::guarded;
use crate::support::client::{Client, PATIENCE};
use crate::support::cluster::Cluster;
use crate::support::secure::{Authority, connect};

async fn node(authority: &Authority, dir: &Path, set: &[(&str, &str)]) -> Cluster {
    let (keys, trust) = authority.files(dir, "node-1");
    let base = [
        (
            "listener.security.protocol.map",
            "PLAINTEXT:SSL,CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT",
        ),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", keys.to_str().unwrap()),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", trust.to_str().unwrap()),
    ];
    guarded(&[&base, set].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_the_authority_is_served_through_tls() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let cluster = node(&authority, dir.path(), &[]).await;
    let connector = authority.connector(None);
    let mut client = connect(&connector, cluster.address(1)).await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..50 {
        sent.push(client.send(&MetadataRequest::default(), 9).await);
    }
    for number in sent {
        let content = client.next().await.unwrap();
        let answered = broker::wire::frame::correlation_id(&content).unwrap();
        assert_eq!(answered, number);
    }
    drop(client);
    let stranger = Authority::new().connector(None);
    assert!(connect(&stranger, cluster.address(1)).await.is_err());
    let text = cluster.node(1).metrics_text();
    let counted = "successful_authentication_total{listener=\"PLAINTEXT\"} 1";
    assert!(text.contains(counted), "{text}");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_handshake_close_their_connection_and_nothing_else() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let cluster = node(&authority, dir.path(), &[]).await;
    let mut kept = connect(&authority.connector(None), cluster.address(1))
        .await
        .unwrap();
    let hostile: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0, 0],
        &[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0xff],
        &[0x15, 3, 3, 0, 2, 2, 40],
        &[0xff; 4096],
    ];
    for bytes in hostile {
        let mut client = cluster.client(1).await;
        let _gone = client.send_bytes(bytes).await;
        assert!(client.is_closed().await, "{bytes:?}");
    }
    kept.ask(&ApiVersionsRequest::default(), 2).await;
    let failed = "failed_authentication_total{listener=\"PLAINTEXT\"} 5";
    let text = cluster.node(1).metrics_text();
    assert!(text.contains(failed), "{text}");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_show_a_certificate_and_has_none_is_not_served() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let required = [("ssl.client.auth", "required")];
    let cluster = node(&authority, dir.path(), &required).await;
    let alice = authority.certify(&[(DnType::CommonName, "alice")]);
    let mut client = connect(&authority.connector(Some(&alice)), cluster.address(1))
        .await
        .unwrap();
    client.ask(&ApiVersionsRequest::default(), 2).await;
    // With TLS 1.3 the client is done before it hears of the refusal.
    let forged = Authority::new().certify(&[(DnType::CommonName, "alice")]);
    for shown in [None, Some(&forged)] {
        if let Ok(mut client) = connect(&authority.connector(shown), cluster.address(1)).await {
            let head = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0, 0];
            let _gone = client.send_bytes(&head).await;
            assert!(client.is_closed().await);
        }
    }
    cluster.end().await;
}

/// The principal of a client with this certificate on a listener with these settings.
async fn principal(set: &[(&str, &str)], subject: &[(DnType, &str)]) -> Result<String, String> {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let (keys, trust) = authority.files(dir.path(), "node-1");
    let mut values: Vec<(&str, &str)> = vec![
        ("node.id", "1"),
        ("process.roles", "broker"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.voters", "2@localhost:1"),
        ("listeners", "SSL://localhost:0"),
        ("inter.broker.listener.name", "SSL"),
        (
            "listener.security.protocol.map",
            "SSL:SSL,CONTROLLER:PLAINTEXT",
        ),
        ("log.dirs", "/none"),
        (
            "listener.name.ssl.ssl.keystore.location",
            keys.to_str().unwrap(),
        ),
        (
            "listener.name.ssl.ssl.truststore.location",
            trust.to_str().unwrap(),
        ),
        ("ssl.client.auth", "requested"),
    ];
    values.extend(set);
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let config = NodeConfig::from_values(&values.iter().map(owned).collect()).unwrap();
    let (_images, images) = watch::channel(std::sync::Arc::new(Image::empty()));
    let around = Surroundings {
        images,
        first: std::sync::Arc::default(),
        clock: Clock::System,
        metrics: Metrics::default(),
    };
    let gate = Gate::of(&config.listeners[0], &around).map_err(|error| error.to_string())?;
    let gate = std::sync::Arc::new(gate);
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let shown = authority.certify(subject);
    let connector = authority.connector(Some(&shown).filter(|_| !subject.is_empty()));
    let client = tokio::spawn(async move { connect(&connector, address).await });
    let (tcp, _) = socket.accept().await.unwrap();
    let entered = timeout(PATIENCE, gate.enter(tcp)).await.unwrap();
    let _client: Result<Client, _> = client.await.unwrap();
    let (_, session) = entered.map_err(|error| error.to_string())?;
    Ok(session.principal().to_string())
}

#[tokio::test]
async fn a_certificate_names_its_principal_as_java_writes_it_and_as_the_rules_say() {
    let subject = [
        (DnType::CountryName, "DE"),
        (DnType::OrganizationName, "Lookout, Inc."),
        (DnType::CommonName, "Alice"),
    ];
    let whole = principal(&[], &subject).await.unwrap();
    assert_eq!(whole, "User:CN=Alice,O=Lookout\\, Inc.,C=DE");
    let rules = [(
        "ssl.principal.mapping.rules",
        "RULE:^CN=([^,]+),.*$/$1/L,DEFAULT",
    )];
    assert_eq!(principal(&rules, &subject).await.unwrap(), "User:alice");
    assert_eq!(principal(&rules, &[]).await.unwrap(), "User:ANONYMOUS");
    let none = [("ssl.principal.mapping.rules", "RULE:^CN=bob$/bob/")];
    let why = principal(&none, &subject).await.unwrap_err();
    assert!(why.contains("no rule"), "{why}");
}

fn settings(keys: Store) -> Settings {
    Settings {
        keys,
        client_auth: ClientAuth::None,
        versions: vec![Version::Tls12, Version::Tls13],
        ..Settings::default()
    }
}

/// A key that OpenSSL encrypted, with a certificate of its own that no authority signed.
const ENCRYPTED: &str = include_str!("../data/encrypted_key.pem");

#[tokio::test]
async fn an_encrypted_key_opens_with_its_password_and_a_pinned_certificate_is_trusted() {
    let store = |password: Option<&str>| Store {
        kind: Kind::Pem,
        certificates: Some(Secret::new(ENCRYPTED)),
        key: Some(Secret::new(ENCRYPTED)),
        key_password: password.map(Secret::new),
        ..Store::default()
    };
    for (password, told) in [
        (None, "ssl.key.password is missing"),
        (Some("x"), "cannot be opened"),
    ] {
        let refused = Acceptor::of(&settings(store(password)))
            .unwrap_err()
            .to_string();
        assert!(refused.contains(told), "{refused}");
    }
    let own = Settings {
        trust: store(None),
        client_auth: ClientAuth::Required,
        ..settings(store(Some("open-sesame")))
    };
    // Each side shows the certificate, and each trusts it by itself.
    let acceptor = Acceptor::of(&own).unwrap();
    let connector = Connector::of(&own).unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let shake = async |name: &str| {
        let tcp = TcpStream::connect(address).await.unwrap();
        let (accepted, _) = socket.accept().await.unwrap();
        let (client, server) = tokio::join!(
            connector.connect(name, tcp),
            acceptor.accept(accepted, PATIENCE)
        );
        client.is_ok() && server.is_ok()
    };
    assert!(shake("localhost").await);
    assert!(
        !shake("elsewhere.example").await,
        "the name is checked all the same"
    );
}

#[tokio::test]
async fn keys_come_from_pem_in_place_and_from_pkcs12() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let node = authority.certify(&[(DnType::CommonName, "node")]);
    let in_place = Store {
        certificates: Some(Secret::new(&node.chain)),
        key: Some(Secret::new(&node.key)),
        ..Store::default()
    };
    assert!(Acceptor::of(&settings(in_place)).is_ok());

    let der = |pem: &str| {
        use rustls::pki_types::pem::PemObject as _;
        rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    };
    let key = rcgen::KeyPair::from_pem(&node.key).unwrap().serialize_der();
    let mut store = p12_keystore::KeyStore::new();
    let own = p12_keystore::Certificate::from_der(&der(&node.chain)).unwrap();
    let authority_of = p12_keystore::Certificate::from_der(&der(&authority.pem)).unwrap();
    let chain = p12_keystore::PrivateKeyChain::new(
        vec![1, 2, 3],
        p12_keystore::PrivateKey::from_der(&key).unwrap(),
        vec![own, authority_of],
    );
    store.add_entry("node", p12_keystore::KeyStoreEntry::PrivateKeyChain(chain));
    let path = dir.path().join("node.p12");
    std::fs::write(&path, store.writer("changeit").write().unwrap()).unwrap();
    let pkcs12 = |password: &str| Store {
        location: Some(path.clone()),
        kind: Kind::Pkcs12,
        password: Some(Secret::new(password)),
        ..Store::default()
    };
    assert!(Acceptor::of(&settings(pkcs12("changeit"))).is_ok());
    let wrong = Acceptor::of(&settings(pkcs12("wrong")))
        .unwrap_err()
        .to_string();
    assert!(
        wrong.contains("another password") && !wrong.contains("wrong"),
        "{wrong}"
    );
    let as_trust = Store {
        kind: Kind::Jks,
        ..pkcs12("changeit")
    };
    assert_eq!(as_trust.trusted().unwrap().len(), 2);

    let jks = dir.path().join("node.jks");
    std::fs::write(&jks, [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).unwrap();
    let refused = Acceptor::of(&settings(Store {
        location: Some(jks),
        ..Store::default()
    }));
    let refused = refused.unwrap_err();
    assert!(matches!(refused, TlsError::Jks(_)));
    assert!(refused.to_string().contains("keytool -importkeystore"));
}

#[tokio::test]
async fn a_handshake_is_not_waited_for_for_ever() {
    let authority = Authority::new();
    let node = authority.certify(&[(DnType::CommonName, "node")]);
    let acceptor = Acceptor::of(&settings(Store {
        certificates: Some(Secret::new(&node.chain)),
        key: Some(Secret::new(&node.key)),
        ..Store::default()
    }));
    let acceptor = acceptor.unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _silent = TcpStream::connect(socket.local_addr().unwrap())
        .await
        .unwrap();
    let (tcp, _) = socket.accept().await.unwrap();
    let within = std::time::Duration::from_millis(20);
    let late = timeout(PATIENCE, acceptor.accept(tcp, within))
        .await
        .unwrap();
    assert_eq!(late.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
}
