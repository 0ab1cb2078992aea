//! What one broker says of the cluster, asked over a connection of its own, and how long until all is as it should be.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use broker::wire::frame::{read_response, request_frame};
use broker::wire::messages::metadata::MetadataResponsePartition;
use broker::wire::messages::{MetadataRequest, MetadataResponse};
use bytes::Bytes;

/// What a broker that does not serve yet, or hangs, is given to answer.
const ANSWERS: Duration = Duration::from_secs(5);
/// Between two questions: what a figure may be too long by.
const PAUSE: Duration = Duration::from_millis(20);
/// A cluster that takes longer has failed.
const SETTLES: Duration = Duration::from_mins(5);
/// More bytes than any answer here has.
const LARGEST: usize = 64 << 20;
const VERSION: i16 = 4;

/// Asks for the brokers, and for all topics if `topics`.
pub fn ask(address: &str, topics: bool) -> Option<MetadataResponse> {
    let request = MetadataRequest {
        topics: (!topics).then(Vec::new),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    let frame = request_frame(&request, VERSION, 1, Some("bench")).expect("a request");
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(ANSWERS)).ok()?;
    stream.write_all(&frame).ok()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = usize::try_from(i32::from_be_bytes(length)).ok()?;
    assert!(length <= LARGEST, "{length} bytes of metadata");
    let mut content = vec![0; length];
    stream.read_exact(&mut content).ok()?;
    let (_, said) = read_response(&Bytes::from(content), VERSION).expect("an answer");
    Some(said)
}

/// Waits until every partition with a replica elsewhere has a leader that is not `dead`.
pub fn led_without(bootstrap: &str, dead: i32) -> Instant {
    settled(bootstrap, |partition| {
        partition.replica_nodes == [dead]
            || (partition.leader_id >= 0 && partition.leader_id != dead)
    })
}

/// Waits until every replica is in sync.
pub fn in_sync(bootstrap: &str) -> Instant {
    settled(bootstrap, |partition| {
        partition.isr_nodes.len() == partition.replica_nodes.len()
    })
}

fn settled(bootstrap: &str, is_right: impl Fn(&MetadataResponsePartition) -> bool) -> Instant {
    let began = Instant::now();
    loop {
        let said = bootstrap.split(',').find_map(|address| ask(address, true));
        let mut partitions = said.iter().flat_map(|said| &said.topics);
        let right = partitions.all(|topic| topic.partitions.iter().all(&is_right));
        if said.is_some() && right {
            return Instant::now();
        }
        assert!(began.elapsed() < SETTLES, "the cluster does not settle");
        thread::sleep(PAUSE);
    }
}
