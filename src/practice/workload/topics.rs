//! The demo topics: how many partitions and copies, how much they keep, how fast they grow.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;

use super::CLIENT_ID;
use super::records::Kind;
use super::schemas::Format;

/// What one partition keeps, and in what portions it goes: all of it together stays below what a node may take.
const RETENTION_BYTES: &str = "4194304";
const SEGMENT_BYTES: &str = "1048576";

/// A topic and the producer that fills it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub(super) name: &'static str,
    pub(super) partitions: i32,
    pub(super) copies: usize,
    pub(super) per_second: u64,
    pub(super) kind: Kind,
    pub(super) format: Format,
}

const fn stream(
    name: &'static str,
    partitions: i32,
    copies: usize,
    per_second: u64,
    (kind, format): (Kind, Format),
) -> Stream {
    Stream {
        name,
        partitions,
        copies,
        per_second,
        kind,
        format,
    }
}

/// All of them. `audit` has one copy only: every broker that fails takes some of it away.
pub(super) const TOPICS: [Stream; 5] = [
    stream("orders", 12, 3, 50, (Kind::Order, Format::Json)),
    stream("payments", 6, 3, 20, (Kind::Payment, Format::Avro)),
    stream("clicks", 6, 3, 200, (Kind::Click, Format::Json)),
    stream("customers", 3, 3, 10, (Kind::Customer, Format::Protobuf)),
    stream("audit", 5, 1, 10, (Kind::Audit, Format::Json)),
];

/// How long a node is given to say which nodes serve.
const ANSWERS: Duration = Duration::from_secs(2);

/// Which nodes have to serve before topics are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All: copies lie on those alone that serve, and a topic made too early would lie on the first to start.
    All,
    /// Those that do: the others have had their time.
    Any,
}

/// Creates those that are missing; the error says what stands in the way.
pub(super) async fn create(bootstrap: &[String], wanted: Wanted) -> Result<(), String> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap.join(","))
        .set("client.id", CLIENT_ID)
        .create()
        .map_err(|error| error.to_string())?;
    let admin = Arc::new(admin);
    if wanted == Wanted::All {
        let serve = serving(admin.clone()).await?;
        let nodes = bootstrap.len();
        if serve < nodes {
            return Err(format!("{serve} of {nodes} nodes serve yet"));
        }
    }
    let made: Vec<NewTopic<'_>> = TOPICS
        .iter()
        .map(|stream| topic(stream, bootstrap.len()))
        .collect();
    let answers = admin.create_topics(&made, &AdminOptions::new()).await;
    for answer in answers.map_err(|error| error.to_string())? {
        match answer {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(format!("{name}: {code}")),
        }
    }
    Ok(())
}

/// How many nodes the cluster lists.
async fn serving(admin: Arc<AdminClient<DefaultClientContext>>) -> Result<usize, String> {
    let asked = tokio::task::spawn_blocking(move || admin.inner().fetch_metadata(None, ANSWERS));
    let told = asked.await.map_err(|error| error.to_string())?;
    told.map(|metadata| metadata.brokers().len())
        .map_err(|error| error.to_string())
}

fn topic(stream: &Stream, nodes: usize) -> NewTopic<'_> {
    let copies = stream.copies.min(nodes);
    let replication = TopicReplication::Fixed(i32::try_from(copies).unwrap_or(1));
    let topic = NewTopic::new(stream.name, stream.partitions, replication)
        .set("retention.bytes", RETENTION_BYTES)
        .set("segment.bytes", SEGMENT_BYTES)
        .set("min.insync.replicas", if copies == 3 { "2" } else { "1" });
    match stream.kind {
        Kind::Customer => topic.set("cleanup.policy", "compact"),
        Kind::Order | Kind::Payment | Kind::Click | Kind::Audit => topic,
    }
}
