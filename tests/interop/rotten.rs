//! Proof of the producer's pipe: idempotent records through connections that break at random all the time. Every record
//! must arrive once and in order.

use std::env;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lookout::cluster::{Delivery, Dialer, Outgoing, WriteError, Writer, WriterOptions};
use lookout::config::route::Route;
use lookout::config::security::Security;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

const PARTITIONS: i32 = 6;
/// A connection lives between these, in milliseconds.
const SHORTEST_MS: u64 = 2;
const LONGEST_MS: u64 = 150;
/// Nothing arriving for this long means that it never will.
const PATIENCE: Duration = Duration::from_mins(2);

pub fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Random enough to break connections, and the same again for the same seed.
#[derive(Clone)]
struct Dice(Arc<AtomicU64>);

impl Dice {
    fn roll(&self, below: u64) -> u64 {
        let mut x = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % below
    }
}

/// A way to one broker that breaks every connection after a random time, in the midst of whatever goes through.
fn rotten_way(to: String, dice: Dice, broken: Arc<AtomicU64>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(&to) else {
                continue;
            };
            carry(client.try_clone().unwrap(), server.try_clone().unwrap());
            carry(server.try_clone().unwrap(), client.try_clone().unwrap());
            let life = Duration::from_millis(SHORTEST_MS + dice.roll(LONGEST_MS - SHORTEST_MS));
            let broken = broken.clone();
            thread::spawn(move || {
                thread::sleep(life);
                broken.fetch_add(1, Ordering::Relaxed);
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    address
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

async fn create(bootstrap: &str, topic: &str, replicas: i32) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .unwrap();
    let topic = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(replicas))
        .set("min.insync.replicas", if replicas > 1 { "2" } else { "1" });
    let made = admin.create_topics([&topic], &AdminOptions::new());
    made.await.unwrap().remove(0).unwrap();
}

/// Reads every record and checks that partition p holds p, p + 6, p + 12, … once each and in this order.
fn check(bootstrap: &str, topic: &str, records: u64) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "proof")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&all).unwrap();
    let mut next: Vec<u64> = (0..PARTITIONS).map(|p| p.cast_unsigned().into()).collect();
    let mut count = 0;
    let mut last = Instant::now();
    while count < records {
        assert!(last.elapsed() < PATIENCE, "{count} of {records} records");
        let Some(message) = consumer.poll(Duration::from_millis(200)) else {
            continue;
        };
        let message = message.unwrap();
        last = Instant::now();
        let bytes: [u8; 8] = message.payload().unwrap()[..8].try_into().unwrap();
        let place = usize::try_from(message.partition()).unwrap();
        assert_eq!(
            u64::from_be_bytes(bytes),
            next[place],
            "partition {place} at offset {}",
            message.offset()
        );
        next[place] += u64::from(PARTITIONS.cast_unsigned());
        count += 1;
    }
    // Nothing may follow.
    for partition in 0..PARTITIONS {
        let (_, end) = consumer
            .fetch_watermarks(topic, partition, Duration::from_secs(30))
            .unwrap();
        let share = (partition.cast_unsigned()..).step_by(6);
        let share = share.take_while(|i| u64::from(*i) < records).count();
        assert_eq!(u64::try_from(end).unwrap(), share as u64);
    }
}

/// The options of a producer whose every connection goes a rotten way.
fn rotten_options(proof: &Proof, dice: &Dice, broken: &Arc<AtomicU64>) -> WriterOptions {
    let brokers = proof.bootstrap.split(',').map(str::to_owned);
    let rotten = |broker: String| {
        let way = rotten_way(broker.clone(), dice.clone(), broken.clone());
        format!("{broker} -> {way}").parse().unwrap()
    };
    let route = Route {
        rules: brokers.clone().map(rotten).collect(),
        ..Route::default()
    };
    let settings = [
        ("message.timeout.ms", "0"),
        ("reconnect.backoff.max.ms", "200"),
    ];
    WriterOptions {
        dialer: Dialer::new(&proof.security, &route, &[]).unwrap(),
        bootstrap: brokers.collect(),
        client_id: "proof".into(),
        settings: settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

/// Record i goes to partition i mod 6 and begins with i.
async fn write_all(writer: &Writer, topic: &str, records: u64) {
    for i in 0..records {
        let mut value = [b'.'; 100];
        value[..8].copy_from_slice(&i.to_be_bytes());
        let record = Outgoing {
            topic,
            partition: Some(i32::try_from(i % 6).unwrap()),
            key: None,
            value: Some(&value),
            tag: usize::try_from(i).unwrap(),
        };
        while let Err(error) = writer.send(&record) {
            assert!(matches!(error, WriteError::Full), "{error}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn await_reports(done: &AtomicU64, records: u64) {
    let (mut before, mut last) = (0, Instant::now());
    while done.load(Ordering::Relaxed) < records {
        let now = done.load(Ordering::Relaxed);
        if now > before {
            (before, last) = (now, Instant::now());
        }
        assert!(last.elapsed() < PATIENCE, "{now} of {records} reported");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What is to be proven.
pub struct Proof {
    /// Where the records are written, as the brokers advertise it.
    pub bootstrap: String,
    /// How these brokers are entered.
    pub security: Security,
    /// Where anybody may look at what came of it.
    pub open: String,
    pub replicas: i32,
    pub records: u64,
    pub seed: u64,
}

impl Proof {
    /// Writes every record and finds it again, or fails.
    pub async fn give(self) {
        let topic = format!("proof-{}", std::process::id());
        create(&self.open, &topic, self.replicas).await;
        let dice = Dice(Arc::new(AtomicU64::new(self.seed)));
        let broken = Arc::new(AtomicU64::new(0));
        let options = rotten_options(&self, &dice, &broken);
        let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (counted, bad) = (done.clone(), failed.clone());
        let report = Box::new(move |delivery: Delivery| {
            counted.fetch_add(1, Ordering::Relaxed);
            if let Err(code) = delivery.result {
                bad.fetch_add(1, Ordering::Relaxed);
                eprintln!("record {}: {code}", delivery.tag);
            }
        });
        let began = Instant::now();
        let writer = Writer::open(&options, report).unwrap();
        write_all(&writer, &topic, self.records).await;
        await_reports(&done, self.records).await;
        let took = began.elapsed();
        drop(writer);
        assert_eq!(failed.load(Ordering::Relaxed), 0, "records were given up");
        let breaks = broken.load(Ordering::Relaxed);
        let (open, records, seed) = (self.open, self.records, self.seed);
        tokio::task::spawn_blocking(move || check(&open, &topic, records))
            .await
            .unwrap();
        eprintln!(
            "{records} records, each once and in order, through {breaks} broken connections in {:.1} s (seed {seed})",
            took.as_secs_f64()
        );
    }
}
