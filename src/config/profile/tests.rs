//! What settings mean, and what is never told.

use std::path::Path;

use proptest::prelude::*;

use super::super::outside::fake::Paper;
use super::super::security::{
    Aws, Identity, Login, Material, NameCheck, Sasl, ScramHash, Tls, TokenSource, Verify,
};
use super::super::sheet::Author;
use super::*;

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n";

fn paper() -> Paper {
    Paper {
        variables: vec![("PW", "hunter2"), ("JAAS", "a.PlainLoginModule required username=\"j\" password=\"hunter2\";")],
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
        ("security.protocol=SASL_PLAINTEXT\nsasl.mechanism=GSSAPI", (false, true)),
        ("security.protocol=sasl_ssl\nsasl.mechanism=GSSAPI", (true, true)),
    ] {
        let found = security(protocol).expect(protocol);
        assert_eq!((found.tls.is_some(), found.sasl.is_some()), wanted, "{protocol}");
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

#[test]
fn every_mechanism_is_understood() {
    let oidc = |scope: Option<&str>| TokenSource::Oidc {
        endpoint: "https://idp/token".to_owned(),
        client_id: "c".to_owned(),
        client_secret: Secret::new("s"),
        scope: scope.map(str::to_owned),
        trust: vec![],
    };
    let bearer = |tokens| Sasl::OAuthBearer {
        tokens,
        extensions: vec![],
    };
    let endpoint = "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://idp/token\n\
        sasl.oauthbearer.client.id=c\nsasl.oauthbearer.client.secret=s";
    for (settings, wanted) in [
        (
            "sasl.mechanism=PLAIN\nsasl.username=a\nsasl.password=${env:PW}".to_owned(),
            Sasl::Plain(login("a", "hunter2")),
        ),
        (
            "sasl.mechanism=PLAIN\nsasl.jaas.config=${env:JAAS}".to_owned(),
            Sasl::Plain(login("j", "hunter2")),
        ),
        (
            "sasl.mechanism=scram-sha-512\nsasl.username=a\nsasl.password=p\nsasl.scram.tokenauth=true".to_owned(),
            Sasl::Scram { hash: ScramHash::Sha512, login: login("a", "p"), token: true },
        ),
        (
            "sasl.kerberos.principal=a@R\nsasl.kerberos.keytab=/k.keytab".to_owned(),
            Sasl::Gssapi {
                service: "kafka".to_owned(),
                principal: Some("a@R".to_owned()),
                keytab: Some("/k.keytab".into()),
            },
        ),
        (
            "sasl.mechanism=AWS_MSK_IAM\naws.region=eu-1".to_owned(),
            Sasl::AwsMskIam(Aws { region: Some("eu-1".to_owned()), ..Aws::default() }),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.method=aws_msk_iam".to_owned(),
            Sasl::AwsMskIam(Aws { as_token: true, ..Aws::default() }),
        ),
        (endpoint.to_owned(), bearer(oidc(None))),
        (format!("{endpoint}\nsasl.oauthbearer.scope=k"), bearer(oidc(Some("k")))),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token=t".to_owned(),
            bearer(TokenSource::Fixed(Secret::new("t"))),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.file=/token".to_owned(),
            bearer(TokenSource::File("/token".into())),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=file:///token".to_owned(),
            bearer(TokenSource::File("/token".into())),
        ),
        (
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.command=get it".to_owned(),
            bearer(TokenSource::Command(["sh", "-c", "get it"].map(str::to_owned).to_vec())),
        ),
    ] {
        assert_eq!(sasl(&settings).expect(&settings), wanted, "{settings}");
    }
    let with = sasl(&format!("{endpoint}\nsasl.oauthbearer.extensions=a=b, c=d"));
    let Ok(Sasl::OAuthBearer { extensions, .. }) = with else {
        panic!("{with:?}")
    };
    assert_eq!(extensions, [("a", "b"), ("c", "d")].map(|(n, v)| (n.to_owned(), v.to_owned())));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let tls = "security.protocol=SSL\n";
    let sasl = "security.protocol=SASL_SSL\n";
    for (settings, wanted) in [
        ("security.protocol=TLS", "/given/x:2: `security.protocol` is \"TLS\"; expected PLAINTEXT, SSL"),
        ("sasl.username=a", "/given/x:2: `sasl.username`: security.protocol is not set beside it; write SASL_SSL"),
        ("ssl.ca.location=/ca.pem", "security.protocol is not set beside it; write SSL"),
        (&format!("{sasl}sasl.mechanism=PLAN"), "`sasl.mechanisms` is \"PLAN\"; expected PLAIN, SCRAM"),
        (&format!("{sasl}sasl.username=a"), "sasl.mechanism is not set beside it"),
        (&format!("{sasl}sasl.mechanism=PLAIN"), "it needs sasl.username"),
        (&format!("{sasl}sasl.mechanism=OAUTHBEARER"), "OAUTHBEARER needs a token"),
        (&format!("{tls}ssl.ca.location=/gone.pem"), "`ssl.ca.location`: cannot read /gone.pem"),
        (
            &format!("{tls}ssl.truststore.location=/me.jks"),
            "keytool -importkeystore -srckeystore /me.jks -destkeystore /me.p12 -deststoretype PKCS12",
        ),
        (&format!("{tls}ssl.key.location=/me.key"), "a certificate and its key belong together"),
        (
            &format!("{tls}ssl.key.location=/me.key\nssl.keystore.location=/me.p12"),
            "ssl.keystore.location is set too",
        ),
        (&format!("{tls}ssl.endpoint.identification.algorithm=off"), "expected https, none"),
        (&format!("{tls}ssl.enabled.protocols=TLSv1.1,TLSv1"), "expected TLSv1.2 or TLSv1.3"),
        ("client.dns.lookup=resolve_canonical_bootstrap_servers_only", "expected use_all_dns_ips"),
        ("production=perhaps", "`production` is \"perhaps\"; expected true or false"),
        ("color=chartreuse", "expected a colour like #7bd88f"),
        ("expected.brokers=5-1", "expected the ids of the brokers"),
        ("expected.brokers=0-99999999", "expected the ids of the brokers"),
        ("dial.map=a b", "`dial.map`: "),
        ("dial.via=ftp://x", "`dial.via`: "),
        ("dial.timeout=soon", "`dial.timeout`: "),
        ("schema.registry.url=http://r\nbasic.auth.credentials.source=X", "expected USER_INFO"),
    ] {
        let error = security(settings).expect_err(settings).to_string();
        assert!(error.contains(wanted), "{settings}: {error}");
    }
}

#[test]
fn a_missing_password_is_asked_for_where_somebody_can_answer() {
    let settings = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=alice";
    let mut typed = Paper {
        typed: Some("hunter2"),
        ..paper()
    };
    let found = resolved_with(settings, &mut typed).unwrap();
    assert_eq!(found.profile.security.sasl, Some(Sasl::Plain(login("alice", "hunter2"))));
    assert!(found.holds_secret);
    assert_eq!(typed.questions, ["lookout: password of alice for prod: "]);
    let error = resolved_with(settings, &mut paper()).unwrap_err().to_string();
    assert_eq!(
        error,
        "no password of alice for prod: set sasl.password (as ${file:/path}, ${env:NAME} or ${cmd:command}) or the \
         variable LOOKOUT_SASL_PASSWORD, or run in a terminal to be asked"
    );
    let key = "security.protocol=SSL\nssl.certificate.location=/me.pem\nssl.key.location=/locked.key";
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
    assert_eq!((profile.stakes, profile.permission), (Stakes::Production, Permission::Write));
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
    assert_eq!(profile.schemas.first().map(|file| file.topics.as_str()), Some("orders-*"));
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
    assert_eq!(found.notices, ["a login is set, and security.protocol says that none is asked for"]);
}

/// Every way to give a secret, with the secret in it.
fn with_secret(secret: &str) -> Vec<String> {
    let plain = "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=a\n";
    let store = "security.protocol=SSL\nssl.keystore.location=/me.p12\n";
    vec![
        format!("{plain}sasl.password={secret}"),
        format!("{plain}sasl.password={secret}\nsasl.jaas.config=a.B required password=\"{secret}\";"),
        format!("security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=a.PlainLoginModule required username=\"a\" password=\"{secret}\";"),
        format!("security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token={secret}"),
        format!("{store}ssl.keystore.password={secret}"),
        format!("{store}ssl.truststore.password={secret}\nssl.truststore.location=/gone"),
        format!("security.protocol=SSL\nssl.key.pem={secret}"),
        format!("schema.registry.url=http://u:{secret}@r\nbasic.auth.user.info=u:{secret}"),
        format!("dial.via=socks5://u:{secret}@p:1"),
        format!("dial.via=ftp://u:{secret}@p:1"),
        format!("bearer.auth.token={secret}\nsecurity.protocol=X"),
    ]
}

proptest! {
    #[test]
    fn a_secret_is_told_by_nothing_that_is_made_of_it(secret in "[A-Za-z0-9]{12,20}") {
        for settings in with_secret(&secret) {
            let sheet = sheet(&format!("bootstrap.servers=b:1\n{settings}"));
            let shown: Vec<String> = sheet.given().map(|(key, given)| given.shown(key)).collect();
            let shown = format!("{shown:?} {sheet:?}");
            prop_assert!(!shown.contains(&secret), "{}", shown);
            let told = match resolve(Some("p"), &sheet, &mut paper()) {
                Ok(resolved) => format!("{resolved:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!told.contains(&secret), "{}", told);
        }
    }

    #[test]
    fn any_value_of_any_setting_is_understood_or_refused(
        value in any::<String>(),
        at in 0..Key::all().count(),
        protocol in prop::sample::select(vec!["SSL", "SASL_SSL", "PLAINTEXT"]),
        mechanism in prop::sample::select(vec!["PLAIN", "OAUTHBEARER", "GSSAPI", "AWS_MSK_IAM"]),
    ) {
        let key = Key::all().nth(at).expect("within the table");
        let mut sheet = Sheet::default();
        sheet.set(Key::Bootstrap, "b:1", Origin::Default);
        sheet.set(Key::SecurityProtocol, protocol, Origin::Default);
        sheet.set(Key::SaslMechanism, mechanism, Origin::Default);
        sheet.set(key, &value, Origin::Default);
        let resolved = resolve(None, &sheet, &mut paper());
        prop_assert!(resolved.is_ok() || resolved.is_err_and(|error| !error.to_string().is_empty()));
    }
}

#[test]
fn the_home_directory_is_understood() {
    let paper = paper();
    assert_eq!(super::super::outside::at_home("~/x", &paper), Path::new("/somebody/x"));
}
