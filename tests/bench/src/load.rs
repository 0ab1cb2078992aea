//! How much one client can write and read, and how long an acknowledgement takes under that load. The same
//! client for every cluster, so that only the cluster differs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

/// A run that takes longer than this has failed.
const ENDS: Duration = Duration::from_mins(3);

/// One cell of the table.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Bytes of a value.
    pub size: usize,
    /// Records to write and to read.
    pub count: usize,
    /// `1` or `all`.
    pub acks: &'static str,
}

/// What a run of writing took.
#[derive(Debug)]
pub struct Written {
    /// From the first record handed over to the last acknowledgement.
    pub seconds: f64,
    /// From a record handed over to its acknowledgement, in milliseconds, of every record.
    pub waits_ms: Vec<f64>,
}

#[derive(Clone, Default)]
struct Waits(Arc<Mutex<Vec<f64>>>);

impl ClientContext for Waits {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
}

/// The time of handing over, in microseconds since the start.
impl ProducerContext for Waits {
    type DeliveryOpaque = Box<Instant>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<Instant>) {
        assert!(
            result.is_ok(),
            "a record failed: {:?}",
            result.as_ref().err()
        );
        let waited = sent.elapsed().as_secs_f64() * 1000.0;
        self.0.lock().expect("one thread").push(waited);
    }
}

/// Writes `load.count` records over the partitions of a topic.
pub fn write(bootstrap: &str, topic: &str, load: Load) -> Written {
    let waits = Waits::default();
    let producer: BaseProducer<Waits> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("acks", load.acks)
        .set("linger.ms", "5")
        .set("batch.size", "262144")
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "131072")
        .create_with_context(waits.clone())
        .expect("settings of a producer");
    let value = vec![b'x'; load.size];
    let began = Instant::now();
    for _ in 0..load.count {
        let mut record =
            BaseRecord::<[u8], [u8], _>::with_opaque_to(topic, Box::new(Instant::now()))
                .payload(value.as_slice());
        while let Err((error, back)) = producer.send(record) {
            let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
            assert!(error == full, "a record is refused: {error}");
            producer.poll(Duration::from_millis(1));
            record = back;
        }
    }
    producer.flush(ENDS).expect("every record acknowledged");
    let seconds = began.elapsed().as_secs_f64();
    let waits_ms = std::mem::take(&mut *waits.0.lock().expect("one thread"));
    assert_eq!(waits_ms.len(), load.count, "acknowledgements");
    Written { seconds, waits_ms }
}

/// Reads `count` records from the start of a topic; gives the seconds from the first record to the last: before it the
/// client finds its brokers, at its own pace.
pub fn read(bootstrap: &str, topic: &str, partitions: i32, count: usize) -> f64 {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "load")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "50")
        .set("queued.min.messages", "1000000")
        // It would rest for a second whenever its queue is full, and that is what would be measured.
        .set("fetch.queue.backoff.ms", "1")
        .create()
        .expect("settings of a consumer");
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("a partition");
    }
    let mut began = Instant::now();
    consumer.assign(&list).expect("an assignment");
    let mut read = 0;
    while read < count {
        assert!(began.elapsed() < ENDS, "only {read} of {count} records");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(_)) if read == 0 => (began, read) = (Instant::now(), 1),
            Some(Ok(_)) => read += 1,
            Some(Err(error)) => panic!("reading failed: {error}"),
            None => {}
        }
    }
    began.elapsed().as_secs_f64()
}
