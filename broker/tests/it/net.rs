//! What arrives at a listener: requests in turn, and bytes that are none. The node lives on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use broker::api::{Caller, Opening, Refused, Work};
use broker::metrics::Metrics;
use broker::net::{Admission, Bound, Door, Limits, Meter, Patience, Room, Service, Serving};
use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::arbitrary::Source;
use broker::wire::messages::{APIS, ApiVersionsRequest, MetadataRequest};
use bytes::Bytes;

use crate::support::client::{Client, PATIENCE};
use crate::support::cluster::{Cluster, until};
use crate::support::secure::open_gate;

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

/// librdkafka up to 2.16 writes the null of "all topics" in four bytes where version 9 and later have one.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_bytes_to_spare_is_answered_as_kafka_does() {
    let cluster = Cluster::start(1).await;
    let mut client = cluster.client(1).await;
    let mut frame = head(ApiKey::METADATA, 13, true);
    frame.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0]);
    let length = i32::try_from(frame.len()).unwrap().to_be_bytes();
    client.send_bytes(&length).await.unwrap();
    client.send_bytes(&frame).await.unwrap();
    assert!(client.next().await.is_some());
    assert!(
        !client
            .ask(&MetadataRequest::default(), 13)
            .await
            .brokers
            .is_empty()
    );
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

/// Begins requests that are never done.
struct Never(Arc<AtomicUsize>);

impl Service for Never {
    fn begin(&self, _: &Caller, content: &Bytes) -> Result<Work, Refused> {
        Opening::read(content)?;
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Work::Meanwhile(Box::pin(std::future::pending())))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_gone_keeps_no_connection_open_for_its_answers() {
    let begun = Arc::new(AtomicUsize::new(0));
    let metrics = Metrics::default();
    let door = Door {
        service: Arc::new(Never(Arc::clone(&begun))),
        gate: open_gate(&metrics),
        patience: Patience {
            max_frame_bytes: 1000,
            max_idle: PATIENCE * 10,
        },
        room: Room::new(None, 1000),
        admission: Admission::new(Limits {
            connections: 10,
            per_ip: 10,
            ..Limits::default()
        }),
        counted: true,
        meter: Meter::new(&metrics, []),
    };
    let bound = Bound::bind("PLAINTEXT", "127.0.0.1", 0).await.unwrap();
    let address = bound.address;
    let serving = Serving::start(bound, door, std::future::ready(()));
    let mut client = Client::connect(address).await;
    client.send(&ApiVersionsRequest::default(), 0).await;
    until("the request is begun", || {
        begun.load(Ordering::Relaxed) == 1
    })
    .await;
    drop(client);
    let open = "kafka_server_socket_server_metrics_connection_count{listener=\"PLAINTEXT\"} 0";
    until("it is closed", || metrics.text().contains(open)).await;
    serving.stop(std::time::Duration::ZERO).await;
}

/// Sends `bytes` of a frame that claims 100 MiB, as far as they are taken, and stays.
async fn send_half(mut client: Client, bytes: usize, sent: Arc<AtomicUsize>) {
    let piece = vec![0; 64 << 10];
    client.send_bytes(&[6, 0x3f, 0, 0]).await.unwrap();
    let mut left = bytes / piece.len();
    while left > 0 && client.send_bytes(&piece).await.is_ok() {
        sent.fetch_add(piece.len(), Ordering::Relaxed);
        left -= 1;
    }
    std::future::pending::<()>().await;
}

/// Bytes of this process that lie in memory.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse::<usize>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn half_sent_frames_take_no_more_memory_than_all_of_them_may() {
    const EACH: usize = 80 << 20;
    let cluster = Cluster::with(1, &[("queued.max.request.bytes", "1")]).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let before = resident_bytes();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..20 {
        senders.spawn(send_half(cluster.client(1).await, EACH, Arc::clone(&sent)));
    }
    let (mut last, mut still) = (0, 0);
    while still < 50 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        let now = sent.load(Ordering::Relaxed);
        still = if now == last && now > 0 { still + 1 } else { 0 };
        last = now;
    }
    // 101 MiB for all frames, what lies in the system's buffers, and what other stories take.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 700 << 20, "{} MiB", grown >> 20);
    let mut other = cluster.client(1).await;
    let answered = other.ask(&ApiVersionsRequest::default(), 0).await;
    assert_eq!(answered.error_code, ErrorCode::NONE);
    senders.shutdown().await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_cost_little() {
    const COUNT: usize = 2_000;
    // Both ends of every connection are in this process.
    let count = COUNT.min(max_open_files() / 4);
    let cluster = Cluster::start(1).await;
    let before = resident_bytes();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..count {
        let mut client = cluster.client(1).await;
        client.ask(&ApiVersionsRequest::default(), 0).await;
        clients.push(client);
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < count * (100 << 10), "{grown} bytes for {count}");
    drop(clients);
    cluster.end().await;
}

/// Open files that this process may have.
fn max_open_files() -> usize {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    let number = line.unwrap().split_whitespace().nth(3).unwrap();
    number.parse().unwrap_or(usize::MAX)
}
