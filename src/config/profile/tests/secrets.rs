//! No secret is told by anything that is made of it, and no value breaks anything.

use proptest::prelude::*;

use super::*;

/// Every way to give a secret, with the secret in it.
fn with_secret(secret: &str) -> Vec<String> {
    let plain = "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=a\n";
    let store = "security.protocol=SSL\nssl.keystore.location=/me.p12\n";
    vec![
        format!("{plain}sasl.password={secret}"),
        format!(
            "{plain}sasl.password={secret}\nsasl.jaas.config=a.B required password=\"{secret}\";"
        ),
        format!(
            "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=a.PlainLoginModule required username=\"a\" password=\"{secret}\";"
        ),
        format!(
            "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token={secret}"
        ),
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
