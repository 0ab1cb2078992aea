//! Clusters whose nodes log in at each other: through TLS with SCRAM, with PLAIN, with tokens.

use broker::sasl::Mechanism;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_topics::CreatableTopic;
use broker::wire::messages::{CreateTopicsRequest, MetadataRequest};

use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};
use crate::support::secure::{Authority, Signer, connect, now_s, password};

async fn replicated(client: &mut Client, cluster: &Cluster) {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "orders".to_owned(),
            num_partitions: 3,
            replication_factor: 3,
            ..CreatableTopic::default()
        }],
        timeout_ms: 30_000,
        ..CreateTopicsRequest::default()
    };
    let made = client.ask(&request, 7).await;
    assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
    let metadata = client.ask(&MetadataRequest::default(), 9).await;
    assert_eq!(metadata.brokers.len(), 3);
    let whole = || {
        cluster
            .node(1)
            .image()
            .topics
            .get("orders")
            .is_some_and(|topic| {
                topic
                    .partitions
                    .iter()
                    .all(|partition| partition.isr.len() == 3)
            })
    };
    until("all replicas in sync", whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_form_a_cluster_through_tls_with_scram() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let map = "PLAINTEXT:SASL_SSL,CONTROLLER:SASL_SSL";
    let jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required \
                username=\"node\" password=\"between us\";";
    let users = "SCRAM-SHA-512=[name=node,password=between us]; \
                 SCRAM-SHA-256=[name=alice,password=wonder]";
    let trust = dir.path().join("authority.pem");
    let mut cluster = Cluster::planned(
        3,
        &[
            ("listener.security.protocol.map", map),
            ("sasl.enabled.mechanisms", "SCRAM-SHA-512,SCRAM-SHA-256"),
            ("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512"),
            ("sasl.mechanism.controller.protocol", "SCRAM-SHA-512"),
            (
                "listener.name.plaintext.scram-sha-512.sasl.jaas.config",
                jaas,
            ),
            (
                "listener.name.controller.scram-sha-512.sasl.jaas.config",
                jaas,
            ),
            ("lookout.scram.users", users),
            ("ssl.keystore.type", "PEM"),
            ("ssl.truststore.type", "PEM"),
            ("ssl.truststore.location", trust.to_str().unwrap()),
            ("connections.max.reauth.ms", "2500"),
        ],
    );
    for id in cluster.ids() {
        let (keys, _) = authority.files(dir.path(), &format!("node-{id}"));
        cluster.set(id, "ssl.keystore.location", keys.to_str().unwrap());
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    let connector = authority.connector(None);
    let mut client = connect(&connector, cluster.address(2)).await.unwrap();
    let alice = password(Mechanism::ScramSha256, "alice", "wonder");
    assert_eq!(client.log_in(&alice).await.error_code, ErrorCode::NONE);
    replicated(&mut client, &cluster).await;

    // A node that was away comes back in, with what it knows of the users.
    cluster.stop(3).await;
    cluster.launch(3).await;
    cluster.all_serving().await;
    let in_sync = || {
        let image = cluster.node(1).image();
        let mut partitions = image.topics["orders"].partitions.iter();
        partitions.all(|partition| partition.isr.len() == 3)
    };
    until("the node is in sync again", in_sync).await;
    // Nodes log in again before their sessions end: nobody is thrown out.
    let text = || cluster.node(1).metrics_text();
    let again = "successful_reauthentication_total{listener=\"PLAINTEXT\"} 0";
    until("a node logged in again", || !text().contains(again)).await;
    assert!(text().contains("expired_connections_killed_count{listener=\"PLAINTEXT\"} 0"));
    // Registrations say how the listeners are entered.
    let image = cluster.node(1).image();
    let mut brokers = image.brokers.values();
    assert!(brokers.all(|broker| {
        let mut listeners = broker.registration.listeners.iter();
        listeners.all(|listener| listener.security_protocol == 3)
    }));
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_log_in_with_plain_and_with_tokens_of_a_file() {
    let (signer, dir) = (Signer::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("jwks"), signer.jwks("k")).unwrap();
    let now = now_s();
    let claims = format!(r#"{{"sub":"node","iat":{now},"exp":{}}}"#, now + 3600);
    std::fs::write(path("token"), signer.sign("k", &claims)).unwrap();
    let url = |name: &str| format!("file://{}", path(name).display());
    let (jwks, token) = (url("jwks"), url("token"));
    let plain = "PlainLoginModule required username=\"node\" password=\"x\" user_node=\"x\";";
    let set = [
        (
            "listener.security.protocol.map",
            "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        ),
        (
            "listener.name.plaintext.sasl.enabled.mechanisms",
            "OAUTHBEARER",
        ),
        ("listener.name.controller.sasl.enabled.mechanisms", "PLAIN"),
        ("sasl.mechanism.inter.broker.protocol", "OAUTHBEARER"),
        ("sasl.mechanism.controller.protocol", "PLAIN"),
        ("listener.name.controller.plain.sasl.jaas.config", plain),
        ("sasl.oauthbearer.jwks.endpoint.url", jwks.as_str()),
        ("sasl.oauthbearer.token.endpoint.url", token.as_str()),
    ];
    let cluster = Cluster::with(3, &set).await;
    let mut client = cluster.client(1).await;
    let login = crate::support::secure::token(&signer.sign("k", &claims));
    assert_eq!(client.log_in(&login).await.error_code, ErrorCode::NONE);
    replicated(&mut client, &cluster).await;
    cluster.end().await;
}
