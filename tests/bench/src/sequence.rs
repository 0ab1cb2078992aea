//! Writers that number what they write, and the reading that finds what was lost, doubled or reordered.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Pause between two records of one writer: enough for batches, little enough for many rounds.
const PAUSE: Duration = Duration::from_micros(400);
/// After the last fault is healed everything must be acknowledged within this.
const SETTLES: Duration = Duration::from_mins(2);
const READS: Duration = Duration::from_mins(2);

/// What a writer was promised: its number, the life of its producer, and the number of the record.
pub type Name = (u32, u32, u32);

/// How a topic is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// `acks=all` and idempotence: nothing acknowledged may be lost, doubled or reordered.
    Everything,
    /// `acks=1`: what is acknowledged may be lost with its leader.
    LeaderOnly,
}

/// What one round found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Records that were acknowledged.
    pub acknowledged: usize,
    /// Records that failed or are unknown: they may be there or not.
    pub unknown: usize,
    /// Records that were read.
    pub read: usize,
    /// Acknowledged and not there.
    pub lost: Vec<Name>,
    /// There more than once.
    pub doubled: Vec<Name>,
    /// There before an earlier one of the same producer.
    pub reordered: Vec<Name>,
}

impl Findings {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.reordered.is_empty()
    }
}

/// What all writers of a topic were told.
#[derive(Debug, Default)]
pub struct Promised {
    /// Names of the records that were acknowledged.
    pub acknowledged: Vec<Name>,
    /// How many records failed or are unknown.
    pub unknown: usize,
    /// The errors they ended with.
    pub errors: BTreeSet<String>,
}

#[derive(Default)]
struct Account {
    acknowledged: Vec<Name>,
    unknown: usize,
    fatal: bool,
    /// How often each error ended a record.
    errors: BTreeMap<String, u32>,
}

struct Keeper(Arc<Mutex<Account>>);

impl ClientContext for Keeper {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, error: KafkaError, _: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            self.0.lock().expect("no writer panics").fatal = true;
        }
    }
}

impl ProducerContext for Keeper {
    type DeliveryOpaque = Box<Name>;

    fn delivery(&self, result: &DeliveryResult<'_>, name: Box<Name>) {
        let mut account = self.0.lock().expect("no writer panics");
        match result {
            Ok(_) => account.acknowledged.push(*name),
            Err((error, _)) => {
                account.unknown += 1;
                *account.errors.entry(error.to_string()).or_default() += 1;
            }
        }
    }
}

/// Writers at work on one topic, one thread each.
pub struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<Account>>,
}

impl Writers {
    /// Starts writers of these numbers; writer `w` writes to partition `w % partitions`.
    pub fn start(
        bootstrap: &str,
        topic: &str,
        numbers: Range<u32>,
        partitions: u32,
        promise: Promise,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = numbers
            .map(|writer| {
                let (stop, topic) = (Arc::clone(&stop), topic.to_owned());
                let config = producer_config(bootstrap, promise);
                let partition = i32::try_from(writer % partitions).expect("a small number");
                thread::spawn(move || write(&config, &topic, (writer, partition), &stop))
            })
            .collect();
        Self { stop, threads }
    }

    /// Ends the writing and waits until every record has its answer.
    pub fn finish(self) -> Promised {
        self.stop.store(true, Ordering::Release);
        let mut all = Promised::default();
        for thread in self.threads {
            let account = thread.join().expect("no writer panics");
            all.acknowledged.extend(account.acknowledged);
            all.unknown += account.unknown;
            all.errors.extend(account.errors.into_keys());
        }
        all
    }
}

fn producer_config(bootstrap: &str, promise: Promise) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("linger.ms", "5")
        .set("message.timeout.ms", "110000")
        .set("socket.timeout.ms", "5000")
        .set("request.timeout.ms", "4000")
        .set("reconnect.backoff.max.ms", "500")
        .set("retry.backoff.max.ms", "500")
        .set("topic.metadata.refresh.interval.ms", "2000");
    match promise {
        Promise::Everything => config.set("acks", "all").set("enable.idempotence", "true"),
        Promise::LeaderOnly => config.set("acks", "1"),
    };
    config
}

fn write(
    config: &ClientConfig,
    topic: &str,
    (writer, partition): (u32, i32),
    stop: &AtomicBool,
) -> Account {
    let account = Arc::new(Mutex::new(Account::default()));
    let mut life = 0;
    while !stop.load(Ordering::Acquire) {
        account.lock().expect("no writer panics").fatal = false;
        let producer: BaseProducer<Keeper> = config
            .create_with_context(Keeper(Arc::clone(&account)))
            .expect("settings of a producer");
        let mut number = 0;
        while !stop.load(Ordering::Acquire) && !account.lock().expect("no writer panics").fatal {
            let text = format!("{writer} {life} {number}");
            let record =
                BaseRecord::<str, str, _>::with_opaque_to(topic, Box::new((writer, life, number)))
                    .partition(partition)
                    .payload(&text);
            match producer.send(record) {
                Ok(()) => number += 1,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {}
                Err(_) => break,
            }
            producer.poll(Duration::ZERO);
            thread::sleep(PAUSE);
        }
        let began = Instant::now();
        while producer.in_flight_count() > 0 && began.elapsed() < SETTLES {
            producer.poll(Duration::from_millis(50));
        }
        life += 1;
    }
    std::mem::take(&mut *account.lock().expect("no writer panics"))
}

/// Reads a topic from its start to its end and compares it with what was promised.
pub fn check(bootstrap: &str, topic: &str, partitions: u32, promised: &Promised) -> Findings {
    let mut findings = Findings {
        acknowledged: promised.acknowledged.len(),
        unknown: promised.unknown,
        ..Findings::default()
    };
    let mut seen: BTreeMap<Name, u32> = BTreeMap::new();
    let mut last: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for name in read(bootstrap, topic, partitions) {
        findings.read += 1;
        *seen.entry(name).or_default() += 1;
        let (writer, life, number) = name;
        let before = last.insert((writer, life), number);
        if before.is_some_and(|before| before > number) {
            findings.reordered.push(name);
        }
    }
    findings.doubled = seen
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(name, _)| *name)
        .collect();
    findings.lost = promised
        .acknowledged
        .iter()
        .filter(|name| !seen.contains_key(*name))
        .copied()
        .collect();
    findings
}

fn read(bootstrap: &str, topic: &str, partitions: u32) -> Vec<Name> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "checker")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .create()
        .expect("settings of a consumer");
    let mut names = Vec::new();
    for partition in 0..i32::try_from(partitions).expect("a small number") {
        let began = Instant::now();
        let end = loop {
            match consumer.fetch_watermarks(topic, partition, Duration::from_secs(5)) {
                Ok((_, end)) => break end,
                Err(error) => assert!(
                    began.elapsed() < READS,
                    "no end of {topic}-{partition}: {error}"
                ),
            }
        };
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("a partition");
        consumer.assign(&list).expect("an assignment");
        let mut next = 0;
        while next < end {
            assert!(
                began.elapsed() < READS,
                "{topic}-{partition} ends at {next} of {end}"
            );
            let Some(Ok(message)) = consumer.poll(Duration::from_millis(200)) else {
                continue;
            };
            next = message.offset() + 1;
            names.push(name(message.payload().unwrap_or_default()));
        }
    }
    names
}

fn name(payload: &[u8]) -> Name {
    let text = std::str::from_utf8(payload).expect("our own record");
    let numbers: Vec<u32> = text
        .split(' ')
        .map(|n| n.parse().expect("a number"))
        .collect();
    (numbers[0], numbers[1], numbers[2])
}
