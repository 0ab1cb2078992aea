//! A client logs in with each mechanism, through a socket.

use std::sync::Arc;

use broker::sasl::Mechanism;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{ApiVersionsRequest, MetadataRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::guarded;
use crate::support::client::{Client, PATIENCE};
use crate::support::cluster::Cluster;
use crate::support::secure::{Signer, now_s, password, token};

const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                     user_alice=\"wonder\" user_bob=\"builder\";";
const USERS: &str = "SCRAM-SHA-256=[name=alice,password=wonder]; \
                     SCRAM-SHA-512=[name=alice,password=land,iterations=8192]";

async fn serves(client: &mut Client) {
    let answer = client.ask(&MetadataRequest::default(), 9).await;
    assert_eq!(answer.brokers.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_lets_in_the_users_of_its_jaas_entry() {
    let set = [
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("listener.name.plaintext.plain.sasl.jaas.config", PLAIN),
    ];
    let cluster = guarded(&set).await;
    for (user, word, enters) in [
        ("alice", "wonder", true),
        ("bob", "builder", true),
        ("bob", "wonder", false),
    ] {
        let mut client = cluster.client(1).await;
        client.ask(&ApiVersionsRequest::default(), 2).await;
        let last = client.log_in(&password(Mechanism::Plain, user, word)).await;
        assert_eq!(last.error_code == ErrorCode::NONE, enters, "{user}");
        if enters {
            serves(&mut client).await;
        } else {
            let told = last.error_message.unwrap();
            assert_eq!(told, "Authentication failed: Invalid username or password");
        }
    }
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_lets_in_the_users_that_a_new_cluster_begins_with() {
    let set = [
        ("sasl.enabled.mechanisms", "SCRAM-SHA-256,SCRAM-SHA-512"),
        ("lookout.scram.users", USERS),
    ];
    let cluster = guarded(&set).await;
    for (mechanism, word, enters) in [
        (Mechanism::ScramSha256, "wonder", true),
        (Mechanism::ScramSha512, "land", true),
        (Mechanism::ScramSha512, "wonder", false),
    ] {
        let mut client = cluster.client(1).await;
        let last = client.log_in(&password(mechanism, "alice", word)).await;
        assert_eq!(
            last.error_code == ErrorCode::NONE,
            enters,
            "{mechanism} {word}"
        );
        if enters {
            serves(&mut client).await;
        }
    }
    let mut stranger = cluster.client(1).await;
    let last = stranger
        .log_in(&password(Mechanism::ScramSha256, "eve", "x"))
        .await;
    assert_eq!(last.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert!(stranger.is_closed().await);
    cluster.end().await;
}

async fn token_story(cluster: Cluster, signer: &Signer) {
    let claims = |name: &str, end: i64| {
        let now = now_s();
        format!(
            r#"{{"sub":"{name}","iat":{now},"exp":{},"aud":["kafka"]}}"#,
            now + end
        )
    };
    let good = token(&signer.sign("k1", &claims("alice", 600)));
    // The keys are read when the node starts, beside everything else.
    let entered = async {
        loop {
            let mut client = cluster.client(1).await;
            let last = client.log_in(&good).await;
            if last.error_code == ErrorCode::NONE {
                assert!((1..=600_000).contains(&last.session_lifetime_ms));
                return serves(&mut client).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, entered).await.unwrap();
    let mut client = cluster.client(1).await;
    let late = token(&signer.sign("k1", &claims("alice", -600)));
    let last = client.log_in(&late).await;
    assert_eq!(last.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert_eq!(
        last.error_message.as_deref(),
        Some(r#"{"status":"invalid_token"}"#)
    );
    let mut client = cluster.client(1).await;
    let forged = token(&Signer::new().sign("k1", &claims("alice", 600)));
    let last = client.log_in(&forged).await;
    assert_eq!(last.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    cluster.end().await;
}

const TOKENS: [(&str, &str); 2] = [
    ("sasl.enabled.mechanisms", "OAUTHBEARER"),
    ("sasl.oauthbearer.expected.audience", "kafka"),
];

#[tokio::test(flavor = "multi_thread")]
async fn oauthbearer_takes_tokens_signed_by_keys_of_a_file() {
    let (signer, dir) = (Signer::new(), tempfile::tempdir().unwrap());
    let path = dir.path().join("jwks.json");
    std::fs::write(&path, signer.jwks("k1")).unwrap();
    let url = format!("file://{}", path.display());
    let key = ("sasl.oauthbearer.jwks.endpoint.url", url.as_str());
    let cluster = guarded(&[TOKENS[0], TOKENS[1], key]).await;
    token_story(cluster, &signer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oauthbearer_fetches_keys_from_their_provider() {
    let signer = Signer::new();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", socket.local_addr().unwrap());
    let jwks = Arc::new(signer.jwks("k1"));
    let provider = tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let body = Arc::clone(&jwks);
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    let key = ("sasl.oauthbearer.jwks.endpoint.url", url.as_str());
    let cluster = guarded(&[TOKENS[0], TOKENS[1], key]).await;
    token_story(cluster, &signer).await;
    provider.abort();
}
