//! Files of other tools, as they lie on operators' machines.

use proptest::prelude::*;

use super::*;

/// A file from `tests/it/data/import`.
macro_rules! given {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../tests/it/data/import/", $name)),
        )
    };
}

fn read_file((name, text): (&str, &str)) -> Import {
    read(text, Path::new(name)).unwrap()
}

/// The settings of a sheet, secrets too.
fn told(sheet: &Sheet) -> Vec<String> {
    let line = |(key, given): (Key, &super::super::sheet::Given)| {
        format!("{}={}", key.name(), given.value.reveal())
    };
    sheet.given().map(line).collect()
}

fn one((name, text): (&str, &str), tool: Tool) -> Vec<String> {
    let mut import = read_file((name, text));
    assert_eq!((import.tool, import.clusters.len()), (tool, 1), "{name}");
    told(&import.clusters.remove(0).sheet.unwrap())
}

#[test]
fn a_login_by_password_over_tls_is_read_from_a_java_clients_file() {
    let wanted = [
        "bootstrap.servers=kafka-1.example.com:9094,kafka-2.example.com:9094",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=PLAIN",
        "sasl.username=orders",
        "sasl.password=hunter2;x=1",
        "ssl.truststore.location=/etc/kafka/truststore.p12",
        "ssl.truststore.password=changeit",
        "ssl.truststore.type=PKCS12",
    ];
    assert_eq!(one(given!("plain.properties"), Tool::Java), wanted);
}

#[test]
fn scram_with_a_client_certificate_is_read_from_a_java_clients_file() {
    let wanted = [
        "bootstrap.servers=kafka-1.example.com:9095",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=SCRAM-SHA-512",
        "sasl.username=ops",
        "sasl.password=hunter2",
        "ssl.truststore.location=/etc/kafka/ca.pem",
        "ssl.truststore.type=PEM",
        "ssl.key.password=hunter3",
        "ssl.keystore.location=/etc/kafka/ops.p12",
        "ssl.keystore.password=hunter3",
        "ssl.endpoint.identification.algorithm=",
        "ssl.enabled.protocols=TLSv1.2,TLSv1.3",
    ];
    let mut found = one(given!("scram_mtls.properties"), Tool::Java);
    let mut wanted = wanted.map(str::to_owned).to_vec();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn openid_connect_is_read_from_a_java_clients_file() {
    let wanted = [
        "bootstrap.servers=kafka.example.com:9096",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=OAUTHBEARER",
        "sasl.oauthbearer.method=oidc",
        "sasl.oauthbearer.client.id=lkc-client",
        "sasl.oauthbearer.client.secret=hunter2",
        "sasl.oauthbearer.scope=kafka",
        "sasl.oauthbearer.token.endpoint.url=https://idp.example.com/oauth2/token",
        "sasl.oauthbearer.extensions=logicalCluster=lkc-1,identityPoolId=pool-7",
    ];
    assert_eq!(one(given!("oauth.properties"), Tool::Java), wanted);
}

#[test]
fn amazon_msk_is_read_from_a_java_clients_file() {
    let wanted = [
        "bootstrap.servers=b-1.demo.abc123.c2.kafka.eu-central-1.amazonaws.com:9098",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=AWS_MSK_IAM",
        "aws.region=eu-central-1",
        "aws.profile=ops",
        "aws.role.arn=arn:aws:iam::123456789012:role/kafka",
    ];
    assert_eq!(one(given!("msk.properties"), Tool::Java), wanted);
}

#[test]
fn kerberos_is_read_from_a_java_clients_file() {
    let wanted = [
        "bootstrap.servers=kafka-1.example.com:9093",
        "security.protocol=SASL_PLAINTEXT",
        "sasl.mechanisms=GSSAPI",
        "sasl.kerberos.service.name=kafka",
        "sasl.kerberos.principal=ops@EXAMPLE.COM",
        "sasl.kerberos.keytab=/etc/security/ops.keytab",
    ];
    assert_eq!(one(given!("kerberos.properties"), Tool::Java), wanted);
}

#[test]
fn kcats_values_are_taken_as_they_are_written() {
    let wanted = [
        "bootstrap.servers=kafka-1.example.com:9094",
        "security.protocol=sasl_ssl",
        "sasl.mechanisms=SCRAM-SHA-256",
        "sasl.username=ops",
        "sasl.password=hun\\ter2=",
        "ssl.ca.location=/etc/ssl/certs/kafka.pem",
        "enable.ssl.certificate.verification=false",
    ];
    assert_eq!(one(given!("kcat.conf"), Tool::Librdkafka), wanted);
}

/// The clusters of a file that has several: name and settings, or the reason why not.
fn several(file: (&str, &str), tool: Tool, current: &str) -> Vec<(String, Vec<String>)> {
    let import = read_file(file);
    assert_eq!(
        (import.tool, import.current.as_deref()),
        (tool, Some(current))
    );
    let told = |cluster: Cluster| {
        let name = cluster.name.unwrap_or_default();
        let lines = match cluster.sheet {
            Ok(sheet) => told(&sheet),
            Err(error) => vec![error.to_string()],
        };
        (name, lines)
    };
    import.clusters.into_iter().map(told).collect()
}

fn assert_clusters(found: &[(String, Vec<String>)], wanted: &[(&str, &[&str])]) {
    assert_eq!(found.len(), wanted.len());
    for ((name, lines), (wanted_name, wanted)) in found.iter().zip(wanted) {
        assert_eq!(name, wanted_name);
        assert_eq!(lines, wanted, "{name}");
    }
}

#[test]
fn the_profiles_of_rpk_are_read() {
    let found = several(given!("rpk.yaml"), Tool::Rpk, "cloud");
    let cloud = [
        "bootstrap.servers=seed-1.example.com:9092,seed-2.example.com:9092",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=SCRAM-SHA-256",
        "sasl.username=ops",
        "sasl.password=hunter2",
        "ssl.ca.location=/etc/redpanda/ca.crt",
        "ssl.certificate.location=/etc/redpanda/ops.crt",
        "ssl.key.location=/etc/redpanda/ops.key",
        "schema.registry.url=https://registry.example.com:30081",
    ];
    let local = ["bootstrap.servers=127.0.0.1:9092"];
    assert_clusters(&found, &[("local", &local), ("cloud", &cloud)]);
}

#[test]
fn the_clusters_of_kaf_are_read() {
    let found = several(given!("kaf.yaml"), Tool::Kaf, "staging");
    let local = [
        "bootstrap.servers=localhost:9092",
        "schema.registry.url=http://localhost:8081",
    ];
    let staging = [
        "bootstrap.servers=kafka-1.example.com:9094,kafka-2.example.com:9094",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=SCRAM-SHA-512",
        "sasl.username=ops",
        "sasl.password=hunter2",
        "ssl.ca.location=/etc/kafka/ca.pem",
        "schema.registry.url=https://registry.example.com",
        "schema.registry.basic.auth.user.info=reader:hunter3",
    ];
    let oauth = [
        "bootstrap.servers=kafka-3.example.com:9094",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=OAUTHBEARER",
        "sasl.oauthbearer.method=oidc",
        "sasl.oauthbearer.client.id=ops",
        "sasl.oauthbearer.client.secret=hunter4",
        "sasl.oauthbearer.scope=kafka read",
        "sasl.oauthbearer.token.endpoint.url=https://idp.example.com/token",
        "enable.ssl.certificate.verification=false",
    ];
    assert_clusters(
        &found,
        &[("local", &local), ("staging", &staging), ("oauth", &oauth)],
    );
}

#[test]
fn the_contexts_of_kafkactl_are_read_and_what_it_does_by_plugins_is_refused() {
    let found = several(given!("kafkactl.yaml"), Tool::Kafkactl, "prod");
    let prod = [
        "bootstrap.servers=kafka-1.example.com:9094",
        "client.id=ops",
        "security.protocol=SASL_SSL",
        "sasl.mechanisms=SCRAM-SHA-512",
        "sasl.username=ops",
        "sasl.password=hunter2",
        "ssl.ca.location=/etc/kafka/ca.pem",
        "ssl.certificate.location=/etc/kafka/ops.pem",
        "ssl.key.location=/etc/kafka/ops.key",
        "schema.registry.url=http://registry.example.com:8081",
        "schema.registry.basic.auth.user.info=reader:hunter3",
    ];
    let default = ["bootstrap.servers=localhost:9092"];
    let k8s = [
        "kafkactl.yaml:30: `kubernetes.enabled` cannot be honoured: a cluster inside of Kubernetes cannot be \
        reached through kubectl run; forward a port of a broker (`kubectl port-forward`) and write dial.map = \
        \"* -> bootstrap\"",
    ];
    let token = [
        "kafkactl.yaml:40: `sasl.tokenprovider` cannot be honoured: plugins of kafkactl cannot be run here; \
        let another program write tokens to the file of sasl.oauthbearer.token.file",
    ];
    assert_clusters(
        &found,
        &[
            ("default", &default),
            ("prod", &prod),
            ("k8s", &k8s),
            ("token", &token),
        ],
    );
}

#[test]
fn of_several_clusters_the_current_one_is_opened() {
    let import = read_file(given!("kaf.yaml"));
    assert_eq!(import.only("x").unwrap().name.as_deref(), Some("staging"));
    let mut import = read_file(given!("kaf.yaml"));
    import.current = None;
    let error = import.only("kaf.yaml").unwrap_err().to_string();
    assert!(error.contains("local, staging, oauth"), "{error}");
}

#[test]
fn what_is_something_else_is_told_so() {
    for (text, wanted) in [
        ("", "no setting of a Kafka client"),
        ("hello world", "no setting of a Kafka client"),
        ("-----BEGIN CERTIFICATE-----\nMII", "a certificate or key"),
        ("{\"a\": 1}", "it is JSON"),
        ("KafkaClient {\n a.B required;\n};", "a JAAS file"),
        ("clusters: []\n", "names no cluster"),
        ("contexts:\n  a: [\n", "not valid YAML"),
    ] {
        let error = read(text, Path::new("x")).unwrap_err().to_string();
        assert!(
            error.starts_with("x: ") && error.contains(wanted),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn nothing_of_a_file_that_was_handed_on_is_run() {
    for text in [
        "bootstrap.servers=a:1\nsasl.password=${cmd:touch x}\n",
        "bootstrap.servers=a:1\nsasl.oauthbearer.token.command=touch x\n",
        "bootstrap.servers=a:1\nsasl.jaas.config=a.PlainLoginModule required password=\"${cmd:touch x}\";\n",
    ] {
        let import = read(text, Path::new("x")).unwrap();
        let error = import.only("x").unwrap().sheet.unwrap_err().to_string();
        assert!(error.contains("runs a command"), "{error}");
    }
    let kaf = "clusters:\n- name: a\n  brokers: [b:1]\n  SASL:\n    mechanism: PLAIN\n    password: ${cmd:x}\n";
    let import = read(kaf, Path::new("x")).unwrap();
    assert!(import.only("x").unwrap().sheet.is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let import = read(&text, Path::new("x"));
        prop_assert!(import.is_err() || !text.is_empty());
    }

    #[test]
    fn any_text_in_place_of_values_is_read_or_refused(
        value in "[^\\n]{0,30}",
        head in prop::sample::select(vec!["profiles", "clusters", "contexts", "rpk"]),
    ) {
        let text = format!("{head}:\n- name: {value}\n  brokers: {value}\n  SASL: {value}\n  kafka_api: {value}\n");
        let import = read(&text, Path::new("x"));
        prop_assert!(import.is_err() || import.is_ok_and(|import| import.clusters.len() < 3));
        let text = format!("bootstrap.servers=a:1\nsasl.jaas.config={value}\nssl.protocol={value}\n");
        prop_assert!(read(&text, Path::new("x")).is_ok());
    }
}
