//! Security of listeners: what one says for itself goes before what the node says, and what is lacking
//! is told with its key.

use std::path::Path;
use std::time::Duration;

use broker::NodeConfig;
use broker::config::security::{KeySource, Protocol};
use broker::peer::Credentials;
use broker::sasl::Mechanism;
use broker::tls::{ClientAuth, Kind, Names};

/// A node with the listeners `A` and `B` for clients, `IN` between brokers, `C` for controllers.
fn with(changes: &[(&str, &str)]) -> Result<NodeConfig, String> {
    let start = [
        ("node.id", "1"),
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "C"),
        ("controller.quorum.voters", "1@h:4"),
        ("listeners", "A://h:1,B://h:2,IN://h:3,C://:4"),
        ("inter.broker.listener.name", "IN"),
        (
            "listener.security.protocol.map",
            "A:SASL_SSL, b:SSL, IN:PLAINTEXT, C:PLAINTEXT",
        ),
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("log.dirs", "/a"),
    ];
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let values = start.iter().chain(changes).map(owned).collect();
    NodeConfig::from_values(&values).map_err(|all| {
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        all.join("\n")
    })
}

#[test]
fn a_listeners_own_setting_goes_before_the_nodes_and_a_mechanisms_before_both() {
    let config = with(&[
        ("ssl.keystore.location", "/node.p12"),
        ("ssl.keystore.type", "PKCS12"),
        ("listener.name.b.ssl.keystore.location", "/b.pem"),
        ("listener.name.b.ssl.keystore.type", "PEM"),
        ("ssl.client.auth", "required"),
        ("listener.name.b.ssl.endpoint.identification.algorithm", ""),
        ("connections.max.reauth.ms", "1000"),
        ("listener.name.a.connections.max.reauth.ms", "2000"),
        ("listener.name.a.plain.connections.max.reauth.ms", "3000"),
        (
            "listener.name.a.sasl.enabled.mechanisms",
            "SCRAM-SHA-256,PLAIN",
        ),
        (
            "listener.name.a.plain.sasl.jaas.config",
            "PlainLoginModule required user_alice=\"x\";",
        ),
    ])
    .unwrap();
    let [a, b, inside, _] = &config.listeners[..] else {
        panic!("four listeners");
    };
    let protocols = [a, b, inside].map(|listener| listener.security.protocol);
    let wanted = [Protocol::SaslSsl, Protocol::Ssl, Protocol::Plaintext];
    assert_eq!(protocols, wanted);
    let (tls_a, tls_b) = (
        a.security.tls.as_ref().unwrap(),
        b.security.tls.as_ref().unwrap(),
    );
    assert_eq!(tls_a.keys.location.as_deref(), Some(Path::new("/node.p12")));
    assert_eq!(
        (tls_a.keys.kind, tls_b.keys.kind),
        (Kind::Pkcs12, Kind::Pem)
    );
    assert_eq!(tls_b.keys.location.as_deref(), Some(Path::new("/b.pem")));
    // A login names the principal: certificates only where the listener itself asks (KIP-684).
    assert_eq!(tls_a.client_auth, ClientAuth::None);
    assert_eq!(tls_b.client_auth, ClientAuth::Required);
    assert_eq!((tls_a.names, tls_b.names), (Names::Checked, Names::Ignored));
    let logins = a.security.logins.as_ref().unwrap();
    assert_eq!(
        logins.mechanisms,
        [Mechanism::ScramSha256, Mechanism::Plain]
    );
    assert_eq!(logins.max_reauth[&Mechanism::Plain], Duration::from_secs(3));
    assert_eq!(
        logins.max_reauth[&Mechanism::ScramSha256],
        Duration::from_secs(2)
    );
    assert_eq!(logins.users["alice"].reveal(), "x");
    assert!(b.security.logins.is_none() && inside.security.tls.is_none());
}

#[test]
fn tokens_are_held_against_the_rules_of_their_mechanism() {
    let config = with(&[
        ("sasl.enabled.mechanisms", "OAUTHBEARER"),
        ("sasl.oauthbearer.jwks.endpoint.url", "file:///node.json"),
        (
            "listener.name.a.oauthbearer.sasl.oauthbearer.jwks.endpoint.url",
            "https://id.example/keys",
        ),
        ("sasl.oauthbearer.expected.audience", "one, two"),
        ("sasl.oauthbearer.clock.skew.seconds", "7"),
    ])
    .unwrap();
    let rules = config.listeners[0]
        .security
        .logins
        .clone()
        .unwrap()
        .tokens
        .unwrap();
    assert!(matches!(rules.keys, KeySource::Url { url, .. } if url == "https://id.example/keys"));
    assert_eq!(rules.audiences, ["one", "two"]);
    assert_eq!(rules.skew, Duration::from_secs(7));
    assert_eq!(rules.sub_claim, "sub");
}

const IN_SASL: (&str, &str) = (
    "listener.security.protocol.map",
    "A:SASL_SSL,B:SSL,IN:SASL_PLAINTEXT,C:SSL",
);

#[test]
fn a_node_enters_the_others_as_their_listeners_demand() {
    let config = with(&[
        IN_SASL,
        ("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512"),
        (
            "listener.name.in.scram-sha-512.sasl.jaas.config",
            "ScramLoginModule required username=\"node\" password=\"x\";",
        ),
        ("listener.name.c.ssl.truststore.location", "/c.pem"),
    ])
    .unwrap();
    assert!(config.to_brokers.tls.is_none() && config.to_controllers.login.is_none());
    let trust = config.to_controllers.tls.unwrap().trust;
    assert_eq!(trust.location.as_deref(), Some(Path::new("/c.pem")));
    let Some(Credentials::Password {
        mechanism, user, ..
    }) = config.to_brokers.login
    else {
        panic!("a password");
    };
    assert_eq!((mechanism, user.as_str()), (Mechanism::ScramSha512, "node"));
}

#[test]
fn what_is_lacking_or_unknown_is_told_with_its_key() {
    let cases: [(&[(&str, &str)], &str); 10] = [
        (
            &[("sasl.enabled.mechanisms", "GSSAPI")],
            "GSSAPI is not spoken here",
        ),
        (
            &[("sasl.enabled.mechanisms", "")],
            "GSSAPI is not spoken here",
        ),
        (
            &[("sasl.enabled.mechanisms", "OAUTHBEARER")],
            "jwks.endpoint.url: is missing",
        ),
        (
            &[
                ("sasl.enabled.mechanisms", "OAUTHBEARER"),
                ("sasl.oauthbearer.jwks.endpoint.url", "ftp://x"),
            ],
            "must begin with",
        ),
        (
            &[("ssl.enabled.protocols", "TLSv1.1")],
            "`TLSv1.1` is not spoken here",
        ),
        (&[("ssl.keystore.type", "BCFKS")], "PEM, PKCS12 and JKS"),
        (
            &[(
                "listener.name.a.plain.sasl.jaas.config",
                "x required a=\"secret\"",
            )],
            "listener.name.a.plain.sasl.jaas.config: it does not end",
        ),
        (
            &[IN_SASL, ("sasl.mechanism.inter.broker.protocol", "PLAIN")],
            "listener.name.in.plain.sasl.jaas.config: needs username and password",
        ),
        (&[("security.inter.broker.protocol", "SSL")], "only one of"),
        (
            &[("lookout.scram.users", "alice=secret")],
            "lookout.scram.users: user 1",
        ),
    ];
    for (changes, told) in cases {
        let refused = with(changes).expect_err(told);
        assert!(refused.contains(told), "{refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
}
