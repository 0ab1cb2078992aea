//! What settings mean, and what is never told.

use std::path::Path;

use super::super::outside::fake::Paper;
use super::super::security::{
    Aws, Identity, Login, Material, NameCheck, Sasl, ScramHash, Tls, TokenSource, Verify,
};
use super::super::sheet::Author;
use super::*;

mod mistakes;
mod secrets;

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n";

fn paper() -> Paper {
    Paper {
        variables: vec![
            ("PW", "hunter2"),
            (
                "JAAS",
                "a.PlainLoginModule required username=\"j\" password=\"hunter2\";",
            ),
        ],
        files: vec![
            ("/ca.pem", "-----BEGIN CERTIFICATE-----", 0o644),
            ("/me.pem", "-----BEGIN CERTIFICATE-----", 0o644),
            ("/me.key", "-----BEGIN PRIVATE KEY-----", 0o600),
            ("/locked.key", ENCRYPTED, 0o600),
            ("/me.p12", "p12", 0o600),
            ("/me.jks", "jks", 0o600),
            ("/k.keytab", "keytab", 0o600),
            ("/token", "t", 0o600),
            ("/given/ca.pem", "-----BEGIN CERTIFICATE-----", 0o644),
        ],
        ..Paper::default()
    }
}

fn sheet(settings: &str) -> Sheet {
    let mut sheet = Sheet::default();
    for (at, line) in settings.lines().enumerate() {
        let (name, value) = line.trim().split_once('=').expect(line);
        let origin = Origin::line(&Arc::from("/given/x"), at + 1);
        sheet
            .put(name, &[Secret::new(value)], origin, Author::Operator)
            .expect(line);
    }
    sheet
}

fn resolved_with(settings: &str, outside: &mut Paper) -> Result<Resolved, ProfileError> {
    let settings = format!("bootstrap.servers=b:1\n{}", settings.trim());
    resolve(Some("prod"), &sheet(&settings), outside)
}

fn security(settings: &str) -> Result<Security, ProfileError> {
    Ok(resolved_with(settings, &mut paper())?.profile.security)
}

fn tls(settings: &str) -> Result<Tls, ProfileError> {
    let security = security(&format!("security.protocol=SSL\n{settings}"))?;
    Ok(security.tls.expect("TLS is spoken"))
}

fn sasl(settings: &str) -> Result<Sasl, ProfileError> {
    let security = security(&format!("security.protocol=SASL_PLAINTEXT\n{settings}"))?;
    Ok(security.sasl.expect("a login is asked for"))
}

fn file(path: &str, password: Option<&str>) -> Material {
    Material::File {
        path: path.into(),
        password: password.map(Secret::new),
    }
}

fn login(username: &str, password: &str) -> Login {
    Login {
        username: username.into(),
        password: Secret::new(password),
    }
}

#[test]
fn the_protocol_says_whether_tls_and_a_login_are_there() {
    for (protocol, wanted) in [
        ("", (false, false)),
        ("security.protocol=PLAINTEXT", (false, false)),
        ("security.protocol=ssl", (true, false)),
        (
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=GSSAPI",
            (false, true),
        ),
        (
            "security.protocol=sasl_ssl\nsasl.mechanism=GSSAPI",
            (true, true),
        ),
    ] {
        let found = security(protocol).expect(protocol);
        assert_eq!(
            (found.tls.is_some(), found.sasl.is_some()),
            wanted,
            "{protocol}"
        );
    }
}

#[test]
fn who_is_trusted() {
    for (settings, wanted) in [
        ("", vec![]),
        ("ssl.ca.location=probe", vec![]),
        ("ssl.ca.location=/ca.pem", vec![file("/ca.pem", None)]),
        ("ssl.ca.location=ca.pem", vec![file("/given/ca.pem", None)]),
        ("ssl.ca.pem=PEM", vec![Material::Pem(Secret::new("PEM"))]),
        (
            "ssl.truststore.location=/me.p12\nssl.truststore.password=${env:PW}",
            vec![file("/me.p12", Some("hunter2"))],
        ),
    ] {
        assert_eq!(tls(settings).unwrap().trust, wanted, "{settings}");
    }
}

#[test]
fn who_we_are() {
    let pair = |key| Identity::Pair {
        certificate: file("/me.pem", None),
        key,
    };
    for (settings, wanted) in [
        ("", None),
        (
            "ssl.certificate.location=/me.pem\nssl.key.location=/me.key",
            Some(pair(file("/me.key", None))),
        ),
        (
            "ssl.certificate.location=/me.pem\nssl.key.location=/locked.key\nssl.key.password=p",
            Some(pair(file("/locked.key", Some("p")))),
        ),
        (
            "ssl.certificate.location=/me.pem\nssl.key.pem=K\nssl.key.password=p",
            Some(pair(Material::LockedPem {
                text: Secret::new("K"),
                password: Secret::new("p"),
            })),
        ),
        (
            "ssl.keystore.location=/me.p12\nssl.keystore.password=p",
            Some(Identity::Store(file("/me.p12", Some("p")))),
        ),
        (
            "ssl.keystore.location=/locked.key\nssl.keystore.type=PEM\nssl.key.password=p",
            Some(Identity::Store(file("/locked.key", Some("p")))),
        ),
    ] {
        assert_eq!(tls(settings).unwrap().identity, wanted, "{settings}");
    }
}

#[test]
fn what_is_held_against_a_certificate() {
    for (value, wanted) in [
        ("https", NameCheck::Strict),
        ("none", NameCheck::Off),
        ("", NameCheck::Off),
        ("common-name", NameCheck::CommonName),
    ] {
        let settings = format!("ssl.endpoint.identification.algorithm={value}");
        assert_eq!(tls(&settings).unwrap().names, wanted, "{value}");
    }
    assert_eq!(tls("").unwrap().verify, Verify::On);
    let off = tls("enable.ssl.certificate.verification=false").unwrap();
    assert_eq!((off.names, off.verify), (NameCheck::Strict, Verify::Off));
}

fn assert_sasl(cases: &[(&str, Sasl)]) {
    for (settings, wanted) in cases {
        assert_eq!(sasl(settings).expect(settings), *wanted, "{settings}");
    }
}

#[test]
fn logins_by_password_are_understood() {
    assert_sasl(&[
        (
            "sasl.mechanism=PLAIN\nsasl.username=a\nsasl.password=${env:PW}",
            Sasl::Plain(login("a", "hunter2")),
        ),
        (
            "sasl.mechanism=PLAIN\nsasl.jaas.config=${env:JAAS}",
            Sasl::Plain(login("j", "hunter2")),
        ),
        (
            "sasl.mechanism=scram-sha-512\nsasl.username=a\nsasl.password=p\nsasl.scram.tokenauth=true",
            Sasl::Scram {
                hash: ScramHash::Sha512,
                login: login("a", "p"),
                token: true,
            },
        ),
    ]);
}

#[test]
fn kerberos_and_amazon_msk_are_understood() {
    assert_sasl(&[
        (
            "sasl.kerberos.principal=a@R\nsasl.kerberos.keytab=/k.keytab",
            Sasl::Gssapi {
                service: "kafka".to_owned(),
                principal: Some("a@R".to_owned()),
                keytab: Some("/k.keytab".into()),
            },
        ),
        (
            "sasl.mechanism=AWS_MSK_IAM\naws.region=eu-1",
            Sasl::AwsMskIam(Aws {
                region: Some("eu-1".to_owned()),
                ..Aws::default()
            }),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.method=aws_msk_iam",
            Sasl::AwsMskIam(Aws {
                as_token: true,
                ..Aws::default()
            }),
        ),
    ]);
}

#[test]
fn tokens_come_from_where_the_settings_say() {
    let bearer = |tokens| Sasl::OAuthBearer {
        tokens,
        extensions: vec![],
    };
    assert_sasl(&[
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token=t",
            bearer(TokenSource::Fixed(Secret::new("t"))),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.file=/token",
            bearer(TokenSource::File("/token".into())),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=file:///token",
            bearer(TokenSource::File("/token".into())),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.command=get it",
            bearer(TokenSource::Command(
                ["sh", "-c", "get it"].map(str::to_owned).to_vec(),
            )),
        ),
    ]);
}

#[test]
fn tokens_come_by_openid_connect() {
    let extensions = [("a", "b"), ("c", "d")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_sasl(&[(
        "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://idp/token\n\
         sasl.oauthbearer.client.id=c\nsasl.oauthbearer.client.secret=s\nsasl.oauthbearer.scope=k\n\
         sasl.oauthbearer.extensions=a=b, c=d\nhttps.ca.location=/ca.pem",
        Sasl::OAuthBearer {
            tokens: TokenSource::Oidc {
                endpoint: "https://idp/token".to_owned(),
                client_id: "c".to_owned(),
                client_secret: Secret::new("s"),
                scope: Some("k".to_owned()),
                trust: vec![file("/ca.pem", None)],
            },
            extensions: extensions.to_vec(),
        },
    )]);
}

#[test]
fn a_missing_password_is_asked_for_where_somebody_can_answer() {
    let settings = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=alice";
    let mut typed = Paper {
        typed: Some("hunter2"),
        ..paper()
    };
    let found = resolved_with(settings, &mut typed).unwrap();
    assert_eq!(
        found.profile.security.sasl,
        Some(Sasl::Plain(login("alice", "hunter2")))
    );
    assert!(found.holds_secret);
    assert_eq!(typed.questions, ["lookout: password of alice for prod: "]);
    let error = resolved_with(settings, &mut paper())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "no password of alice for prod: set sasl.password (as ${file:/path}, ${env:NAME} or ${cmd:command}) or the \
         variable LOOKOUT_SASL_PASSWORD, or run in a terminal to be asked"
    );
    let key =
        "security.protocol=SSL\nssl.certificate.location=/me.pem\nssl.key.location=/locked.key";
    resolved_with(key, &mut typed).unwrap();
    assert_eq!(typed.questions.len(), 2);
}

#[test]
fn all_else_that_a_profile_says() {
    let found = resolved_with(
        "client.id=ops\nproduction=true\nwrite=true\ncolor=red\nexpected.brokers=1-3,7\ndial.map=* -> bootstrap\n\
         dial.timeout=500ms\nschema.registry.url=http://r1,http://r2\nschema.registry.basic.auth.user.info=u:p\n\
         connect.url=http://c\nschemas.avro.orders-*=/o.avsc\nacks=all",
        &mut paper(),
    )
    .unwrap();
    let profile = found.profile;
    assert_eq!((&*profile.name, &*profile.client_id), ("prod", "ops"));
    assert_eq!(
        (profile.stakes, profile.permission),
        (Stakes::Production, Permission::Write)
    );
    assert_eq!(profile.expected, [1, 2, 3, 7].map(BrokerId).into());
    assert!(profile.color.is_some());
    assert_eq!(profile.route.rules.len(), 1);
    assert_eq!(profile.route.timeout, Some(Duration::from_millis(500)));
    assert_eq!(
        profile.registry,
        Some(Registry {
            addresses: vec![HttpAddress::new("http://r1"), HttpAddress::new("http://r2")],
            login: Some(RegistryLogin::Basic(Secret::new("u:p"))),
        })
    );
    assert_eq!(profile.connect, [HttpAddress::new("http://c")]);
    let address = HttpAddress::new("https://u:p@h:1/x@y");
    assert_eq!(address.url, "https://h:1/x@y");
    assert_eq!(address.login, Some(Secret::new("u:p")));
    assert_eq!(
        profile.schemas.first().map(|file| file.topics.as_str()),
        Some("orders-*")
    );
    assert_eq!(
        found.notices,
        [
            "understood, but nothing of this version uses it: schema.registry.url, connect.urls, schemas.*, write",
            "accepted, but changes nothing here is: acks",
        ]
    );
}

#[test]
fn a_cluster_without_a_name_is_called_by_its_address() {
    let unnamed = |servers: &str| {
        let sheet = sheet(&format!("bootstrap.servers={servers}"));
        resolve(None, &sheet, &mut paper()).unwrap().profile.name
    };
    assert_eq!(&*unnamed("a:1"), "a:1");
    assert_eq!(&*unnamed("a:1, b:2,c:3"), "a:1 +2");
}

#[test]
fn settings_for_a_login_that_is_not_asked_for_are_noted() {
    let found = resolved_with("security.protocol=SSL\nsasl.username=a", &mut paper()).unwrap();
    assert_eq!(
        found.notices,
        ["a login is set, and security.protocol says that none is asked for"]
    );
}

#[test]
fn the_home_directory_is_understood() {
    let paper = paper();
    assert_eq!(
        super::super::outside::at_home("~/x", &paper),
        Path::new("/somebody/x")
    );
}
