//! What happens to a connection around its login: order, delays, ends.

use std::time::{Duration, Instant};

use broker::sasl::Mechanism;
use broker::sasl::plain::Plain;
use broker::secret::Secret;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{
    ApiVersionsRequest, MetadataRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
};
use tokio::io::AsyncReadExt as _;

use super::guarded;
use crate::support::client::Client;
use crate::support::cluster::Cluster;
use crate::support::secure::password;

const PLAIN: [(&str, &str); 2] = [
    ("sasl.enabled.mechanisms", "PLAIN"),
    (
        "listener.name.plaintext.plain.sasl.jaas.config",
        "PlainLoginModule required user_alice=\"wonder\" user_bob=\"builder\";",
    ),
];

async fn plain_node(set: &[(&str, &str)]) -> Cluster {
    guarded(&[&PLAIN, set].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_before_the_login_closes_the_connection() {
    let cluster = plain_node(&[]).await;
    let mut client = cluster.client(1).await;
    client.ask(&ApiVersionsRequest::default(), 2).await;
    client.send(&MetadataRequest::default(), 9).await;
    assert!(client.next().await.is_none());
    let mut client = cluster.client(1).await;
    client.send(&SaslAuthenticateRequest::default(), 2).await;
    assert!(client.next().await.is_none());
    // A frame that only somebody who is known may send.
    let mut client = cluster.client(1).await;
    client.send_bytes(&[0, 0x10, 0, 0]).await.unwrap();
    assert!(client.is_closed().await);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_answered_late_and_closes_the_connection() {
    let cluster = plain_node(&[]).await;
    let mut client = cluster.client(1).await;
    let begun = Instant::now();
    let refused = client
        .log_in(&password(Mechanism::Plain, "alice", "wrong"))
        .await;
    assert_eq!(refused.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(client.is_closed().await);

    let mut client = cluster.client(1).await;
    let begun = Instant::now();
    let request = SaslHandshakeRequest {
        mechanism: "SCRAM-SHA-256".to_owned(),
        ..SaslHandshakeRequest::default()
    };
    let refused = client.ask(&request, 1).await;
    assert_eq!(refused.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
    assert_eq!(refused.mechanisms, ["PLAIN"]);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(client.is_closed().await);

    let counted = "kafka_server_socket_server_metrics_failed_authentication_total\
                   {listener=\"PLAINTEXT\"} 2";
    let text = cluster.node(1).metrics_text();
    assert!(text.contains(counted), "{text}");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_messages_follow_version_0_of_the_handshake() {
    let cluster = plain_node(&[]).await;
    let mut client = cluster.client(1).await;
    let request = SaslHandshakeRequest {
        mechanism: "PLAIN".to_owned(),
        ..SaslHandshakeRequest::default()
    };
    assert_eq!(client.ask(&request, 0).await.error_code, ErrorCode::NONE);
    let message = Plain::message("alice", &Secret::new("wonder"));
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    client.send_bytes(&length).await.unwrap();
    client.send_bytes(&message).await.unwrap();
    let mut answer = [0xff; 4];
    client.stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0; 4]);
    let served = client.ask(&MetadataRequest::default(), 9).await;
    assert_eq!(served.brokers.len(), 1);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_unless_its_login_is_repeated() {
    let cluster = plain_node(&[("connections.max.reauth.ms", "1500")]).await;
    let alice = password(Mechanism::Plain, "alice", "wonder");
    let (mut kept, mut lost) = (cluster.client(1).await, cluster.client(1).await);
    let begun = Instant::now();
    assert_eq!(lost.log_in(&alice).await.session_lifetime_ms, 1500);
    assert_eq!(kept.log_in(&alice).await.session_lifetime_ms, 1500);
    serves(&mut kept).await;
    // Serves as long as the session lives, and not one request longer.
    let ended = loop {
        lost.send(&MetadataRequest::default(), 9).await;
        if lost.next().await.is_none() {
            break begun.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(ended >= Duration::from_millis(1500), "{ended:?}");
    // A login can be repeated even then.
    let again = kept.log_in(&alice).await;
    assert_eq!(
        (again.error_code, again.session_lifetime_ms),
        (ErrorCode::NONE, 1500)
    );
    serves(&mut kept).await;
    let text = cluster.node(1).metrics_text();
    assert!(
        text.contains("successful_reauthentication_total{listener=\"PLAINTEXT\"} 1"),
        "{text}"
    );
    assert!(
        text.contains("expired_connections_killed_count{listener=\"PLAINTEXT\"} 1"),
        "{text}"
    );
    cluster.end().await;
}

async fn serves(client: &mut Client) {
    let answer = client.ask(&MetadataRequest::default(), 9).await;
    assert_eq!(answer.brokers.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_logins_the_requests_of_a_login_are_answered_with_34() {
    let cluster = Cluster::start(1).await;
    let mut client = cluster.client(1).await;
    assert_eq!(client.choose("PLAIN").await, ErrorCode::ILLEGAL_SASL_STATE);
    let said = client.say(b"\0alice\0wonder".to_vec()).await;
    assert_eq!(said.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    serves(&mut client).await;
    cluster.end().await;
}
