//! What arrives at a listener: requests in turn, and bytes that are none. The node lives on.

use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::arbitrary::Source;
use broker::wire::messages::{APIS, ApiVersionsRequest, MetadataRequest};
use bytes::Bytes;

use crate::support::cluster::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_the_order_of_the_requests() {
    let cluster = Cluster::start(1).await;
    let mut client = cluster.client(1).await;
    let mut sent = Vec::new();
    for turn in 0..50 {
        sent.push(match turn % 2 {
            0 => client.send(&ApiVersionsRequest::default(), 2).await,
            _ => client.send(&MetadataRequest::default(), 5).await,
        });
    }
    for number in sent {
        let content = client.next().await.unwrap();
        assert_eq!(
            broker::wire::frame::correlation_id(&content).unwrap(),
            number
        );
    }
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let cluster = Cluster::start(1).await;
    let mut client = cluster.client(1).await;
    client
        .send_bytes(&[0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 7, 1, 2])
        .await
        .unwrap();
    let content = client.next().await.unwrap();
    assert_eq!(
        &content[..],
        [0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4]
    );
    let named = ApiVersionsRequest {
        client_software_name: "-no-".to_owned(),
        client_software_version: "1".to_owned(),
        ..ApiVersionsRequest::default()
    };
    let refused = client.ask(&named, 3).await;
    assert_eq!(refused.error_code, ErrorCode::INVALID_REQUEST);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_close_their_connection_and_nothing_else() {
    let cluster = Cluster::with(1, &[("socket.request.max.bytes", "65536")]).await;
    let frames: [&[u8]; 8] = [
        &[0xff, 0xff, 0xff, 0xff],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0, 1, 0, 1],
        &[0, 0, 0, 0],
        &[0, 0, 0, 2, 0, 3],
        &[0, 0, 0, 8, 0x7f, 0, 0, 0, 0, 0, 0, 1],
        &[0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 0, 0],
        // Produce 2 is advertised and closes all the same (rule 5).
        &[0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0],
    ];
    for frame in frames {
        let mut client = cluster.client(1).await;
        client.send_bytes(frame).await.unwrap();
        assert!(client.is_closed().await, "{frame:?}");
    }
    // Half a frame, and one that comes byte by byte.
    let mut half = cluster.client(1).await;
    half.send_bytes(&[0, 0, 0xff, 0xff, 1]).await.unwrap();
    let mut slow = cluster.client(1).await;
    for byte in [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 9, 0, 0] {
        slow.send_bytes(&[byte]).await.unwrap();
    }
    assert!(slow.next().await.is_some());
    cluster.end().await;
}

fn head(key: ApiKey, version: i16, is_flexible: bool) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend_from_slice(&key.0.to_be_bytes());
    head.extend_from_slice(&version.to_be_bytes());
    head.extend_from_slice(&[0, 0, 0, 1, 0, 0]);
    if is_flexible {
        head.push(0);
    }
    head
}

/// Sends a request on a connection of its own and waits for nothing.
async fn send_alone(cluster: &Cluster, head: &[u8], body: &[u8]) {
    let frame = [head, body].concat();
    let length = i32::try_from(frame.len()).unwrap().to_be_bytes();
    let mut client = cluster.client(1).await;
    client.send_bytes(&length).await.unwrap();
    client.send_bytes(&frame).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_and_random_requests_of_every_api_never_end_the_node() {
    let cluster = Cluster::start(1).await;
    let mut source = Source::new(7);
    for api in APIS.iter().filter(|api| api.key != ApiKey::DELETE_TOPICS) {
        for version in api.versions.clone() {
            let whole = (api.request.generate)(&mut source, version).unwrap();
            let kept = source.below(u32::try_from(whole.len()).unwrap()) as usize;
            let head = head(api.key, version, version >= api.flexible_from);
            send_alone(&cluster, &head, &whole[..kept]).await;
            send_alone(&cluster, &head, &noise(&mut source)).await;
        }
    }
    let mut client = cluster.client(1).await;
    let answered = client.ask(&ApiVersionsRequest::default(), 0).await;
    assert_eq!(answered.error_code, ErrorCode::NONE);
    cluster.end().await;
}

fn noise(source: &mut Source) -> Bytes {
    (0..20).flat_map(|_| source.blob()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed() {
    let cluster = Cluster::with(1, &[("connections.max.idle.ms", "200")]).await;
    let mut client = cluster.client(1).await;
    client.ask(&ApiVersionsRequest::default(), 0).await;
    assert!(client.is_closed().await);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_no_more_connections_than_it_may() {
    // The node's own stream to itself does not exist; two clients are let in.
    let cluster = Cluster::with(1, &[("max.connections.per.ip", "2")]).await;
    let mut kept = [cluster.client(1).await, cluster.client(1).await];
    for client in &mut kept {
        client.ask(&ApiVersionsRequest::default(), 0).await;
    }
    assert!(cluster.client(1).await.is_closed().await);
    drop(kept);
    cluster.end().await;
}
