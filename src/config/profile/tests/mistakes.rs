//! What is wrong is told with its place.

use super::*;

fn assert_wrong(before: &str, cases: &[(&str, &str)]) {
    for (settings, wanted) in cases {
        let settings = format!("{before}{settings}");
        let error = security(&settings).expect_err(&settings).to_string();
        assert!(error.contains(wanted), "{settings}: {error}");
    }
}

#[test]
fn without_a_protocol_nothing_is_guessed() {
    assert_wrong(
        "",
        &[
            (
                "security.protocol=TLS",
                "/given/x:2: `security.protocol` is \"TLS\"; expected PLAINTEXT, SSL",
            ),
            (
                "sasl.username=a",
                "/given/x:2: `sasl.username`: security.protocol is not set beside it; write SASL_SSL",
            ),
            (
                "ssl.ca.location=/ca.pem",
                "security.protocol is not set beside it; write SSL",
            ),
        ],
    );
}

#[test]
fn a_login_that_lacks_something_is_told() {
    assert_wrong(
        "security.protocol=SASL_SSL\n",
        &[
            (
                "sasl.mechanism=PLAN",
                "`sasl.mechanisms` is \"PLAN\"; expected PLAIN, SCRAM",
            ),
            ("sasl.username=a", "sasl.mechanism is not set beside it"),
            ("sasl.mechanism=PLAIN", "it needs sasl.username"),
            ("sasl.mechanism=OAUTHBEARER", "OAUTHBEARER needs a token"),
            (
                "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://u:p@idp",
                "without a login",
            ),
        ],
    );
}

#[test]
fn certificates_and_keys_that_cannot_be_used_are_told() {
    assert_wrong(
        "security.protocol=SSL\n",
        &[
            (
                "ssl.ca.location=/gone.pem",
                "`ssl.ca.location`: cannot read /gone.pem",
            ),
            (
                "ssl.truststore.location=/me.jks",
                "keytool -importkeystore -srckeystore /me.jks -destkeystore /me.p12 -deststoretype PKCS12",
            ),
            (
                "ssl.key.location=/me.key",
                "a certificate and its key belong together",
            ),
            (
                "ssl.key.location=/me.key\nssl.keystore.location=/me.p12",
                "ssl.keystore.location is set too",
            ),
            (
                "ssl.endpoint.identification.algorithm=off",
                "expected https, none",
            ),
            (
                "ssl.enabled.protocols=TLSv1.1,TLSv1",
                "expected TLSv1.2 or TLSv1.3",
            ),
        ],
    );
}

#[test]
fn values_of_other_settings_that_cannot_be_read_are_told() {
    assert_wrong(
        "",
        &[
            (
                "client.dns.lookup=resolve_canonical_bootstrap_servers_only",
                "expected use_all_dns_ips",
            ),
            (
                "production=perhaps",
                "`production` is \"perhaps\"; expected true or false",
            ),
            ("color=chartreuse", "expected a colour like #7bd88f"),
            ("expected.brokers=5-1", "expected the ids of the brokers"),
            (
                "expected.brokers=0-99999999",
                "expected the ids of the brokers",
            ),
            ("dial.map=a b", "`dial.map`: "),
            ("dial.via=ftp://x", "`dial.via`: "),
            ("dial.timeout=soon", "`dial.timeout`: "),
            (
                "schema.registry.url=http://r\nbasic.auth.credentials.source=X",
                "expected USER_INFO",
            ),
        ],
    );
}
