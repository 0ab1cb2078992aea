//! Writing records: librdkafka's producer over the [`Dialer`]'s pipe. Reading never goes through here.
//!
//! librdkafka opens no connection itself: each of its sockets is one end of a pair, and the other end is joined to a
//! stream that the Dialer opened (`bridge`). What is unsafe about calling C is in `native` alone.

mod bridge;
mod native;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::types::RDKafkaErrorCode;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::bridge::Bridge;
use self::native::{Context, Native};
use super::dialer::Dialer;

/// Connections librdkafka may ask for before one of them is dialled; it asks again for those that do not fit.
const ASKS: usize = 64;
/// How long one wait for reports may take; also how long the end of the producer may be late.
const POLL: Duration = Duration::from_millis(100);

/// How to write to a cluster.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// `host:port` each.
    pub bootstrap: Vec<String>,
    /// The name brokers see in their logs and quotas.
    pub client_id: Arc<str>,
    /// The way to the brokers.
    pub dialer: Dialer,
    /// Settings by librdkafka's names, such as `linger.ms`; never addresses or credentials.
    pub settings: BTreeMap<String, String>,
}

/// One record to write.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    pub topic: &'a str,
    /// `None`: by the hash of the key, or any.
    pub partition: Option<i32>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// Comes back with the report of this record.
    pub tag: usize,
}

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    pub tag: usize,
    pub partition: i32,
    /// Its offset; −1 where the broker did not say (an idempotent record that was already there).
    pub result: Result<i64, RDKafkaErrorCode>,
}

/// Takes the reports, on the producer's own thread; it must return soon.
pub type OnDelivery = Box<dyn Fn(Delivery) + Send + Sync>;

/// Why nothing can be written, or not this record.
#[derive(Debug, Error)]
pub enum WriteError {
    /// librdkafka refuses the settings.
    #[error("the producer cannot start: {0}")]
    Start(#[from] rdkafka::error::KafkaError),
    /// The thread that serves the producer cannot start.
    #[error("the producer's thread cannot start: {0}")]
    Thread(#[source] std::io::Error),
    /// As many records wait as may: wait for reports, then write it again.
    #[error("the producer's queue is full")]
    Full,
    /// The record is refused before it is sent.
    #[error("record for topic {topic} refused: {code}")]
    Refused {
        /// Where it was to go.
        topic: String,
        /// librdkafka's reason.
        code: RDKafkaErrorCode,
    },
}

/// A producer. Ends when dropped, after what it still has to send has had [`Writer::CLOSES_WITHIN`].
#[derive(Debug)]
pub struct Writer {
    native: Arc<Native>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _carriers: JoinSet<()>,
}

impl Writer {
    /// How long the end of a producer waits for records under way.
    pub const CLOSES_WITHIN: Duration = Duration::from_secs(2);

    /// Starts a producer inside the runtime this is called in. Connects when there is something to write.
    pub fn open(options: &WriterOptions, on_delivery: OnDelivery) -> Result<Self, WriteError> {
        let dialer = options.dialer.clone();
        let (asks, asked) = mpsc::channel(ASKS);
        let mut carriers = JoinSet::new();
        carriers.spawn(bridge::carry(dialer, asked));
        let context = Context {
            bridge: Bridge::new(asks),
            on_delivery,
        };
        let native = Arc::new(Native::open(&config(options), context)?);
        let ended = Arc::new(AtomicBool::new(false));
        let (served, end) = (native.clone(), ended.clone());
        let builder = std::thread::Builder::new().name("producer".into());
        let thread = builder
            .spawn(move || {
                while !end.load(Ordering::Acquire) {
                    served.poll(POLL);
                }
                served.flush(Self::CLOSES_WITHIN);
            })
            .map_err(WriteError::Thread)?;
        Ok(Self {
            native,
            ended,
            thread: Some(thread),
            _carriers: carriers,
        })
    }

    /// Hands a record over; its report comes later. [`WriteError::Full`] is the only error that passes by waiting.
    pub fn send(&self, record: &Outgoing<'_>) -> Result<(), WriteError> {
        self.native.produce(record).map_err(|code| match code {
            RDKafkaErrorCode::QueueFull => WriteError::Full,
            code => WriteError::Refused {
                topic: record.topic.to_owned(),
                code,
            },
        })
    }

    /// Records and requests that still wait for their reports.
    pub fn waiting(&self) -> usize {
        self.native.waiting()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // The carriers live in other tasks, so what is under way can still be sent while this waits.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::warn!("the producer's thread panicked");
        }
    }
}

fn config(options: &WriterOptions) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", options.bootstrap.join(","))
        .set("client.id", &*options.client_id)
        .set("enable.idempotence", "true")
        // The Dialer is the one who speaks TLS and SASL.
        .set("security.protocol", "plaintext")
        // Its sockets are pairs of this process: options of TCP mean nothing to them.
        .set("socket.nagle.disable", "false")
        .set("socket.keepalive.enable", "false")
        .set("broker.address.family", "v4")
        .set_log_level(RDKafkaLogLevel::Warning);
    for (key, value) in &options.settings {
        config.set(key, value);
    }
    config
}
