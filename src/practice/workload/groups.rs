//! The demo groups: one keeps up, one falls behind, one has stopped, and of one the member hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaResult;

use super::CLIENT_ID;

/// How long one look for a record takes; also how late the end may be.
const POLL: Duration = Duration::from_millis(200);
/// How long the reader that stops reads before.
const READS_FOR: Duration = Duration::from_secs(10);
/// How long the members may take to leave their groups, and how often that is looked at.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(20);
/// Records that the member that hangs takes before.
const TAKES: u64 = 50;

/// How a member fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    KeepsUp,
    /// It rests this long after each record.
    FallsBehind(Duration),
    /// It reads for a while, commits and leaves.
    Stops,
    /// It takes some records, stays a member, and never asks for more.
    Hangs,
}

/// Group, topic, members and their fate.
const GROUPS: [(&str, &str, usize, Fate); 4] = [
    ("billing", "orders", 2, Fate::KeepsUp),
    (
        "analytics",
        "clicks",
        1,
        // 125 records a second of 200.
        Fate::FallsBehind(Duration::from_millis(8)),
    ),
    ("search", "orders", 1, Fate::Stops),
    ("exports", "payments", 1, Fate::Hangs),
];

/// All members at work, until this is dropped.
#[derive(Debug)]
pub(super) struct Groups {
    ended: Arc<AtomicBool>,
    members: Vec<JoinHandle<()>>,
}

impl Groups {
    /// Starts all members, a thread each.
    pub(super) fn start(bootstrap: &[String]) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let mut members = Vec::new();
        for (group, topic, count, fate) in GROUPS {
            for member in 1..=count {
                let (ended, bootstrap) = (ended.clone(), bootstrap.join(","));
                let name = format!("{group}-{member}");
                let builder = std::thread::Builder::new().name(name.clone());
                let started =
                    builder.spawn(move || live(&bootstrap, (group, &name), topic, fate, &ended));
                match started {
                    Ok(thread) => members.push(thread),
                    Err(error) => log::warn!("group {group} cannot start: {error}"),
                }
            }
        }
        Self { ended, members }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Leaving a group asks its coordinator, which may be gone for good: then the process ends without an answer.
        let deadline = Instant::now() + LEAVES_WITHIN;
        while self.members.iter().any(|member| !member.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
    }
}

/// The life of one member.
fn live(bootstrap: &str, who: (&str, &str), topic: &str, fate: Fate, ended: &AtomicBool) {
    let (group, name) = who;
    let done = reader(bootstrap, group, name).and_then(|reader| read(&reader, topic, fate, ended));
    if let Err(error) = done {
        log::warn!("{name}: {error}");
    }
}

fn reader(bootstrap: &str, group: &str, name: &str) -> KafkaResult<BaseConsumer> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("client.id", format!("{CLIENT_ID}-{name}"))
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("auto.commit.interval.ms", "2000")
        // The one that hangs stays a member for a day.
        .set("max.poll.interval.ms", "86400000")
        .set("queued.max.messages.kbytes", "512")
        .set("fetch.message.max.bytes", "131072")
        .create()
}

fn read(reader: &BaseConsumer, topic: &str, fate: Fate, ended: &AtomicBool) -> KafkaResult<()> {
    reader.subscribe(&[topic])?;
    let began = Instant::now();
    let mut taken = 0;
    while !ended.load(Ordering::Acquire) {
        match reader.poll(POLL) {
            Some(Ok(_)) => taken += 1,
            // Brokers come and go here; librdkafka goes on by itself.
            Some(Err(error)) => log::info!("{topic}: {error}"),
            None => {}
        }
        match fate {
            Fate::FallsBehind(rest) => std::thread::sleep(rest),
            Fate::Stops if taken > 0 && began.elapsed() > READS_FOR => {
                return reader.commit_consumer_state(CommitMode::Sync);
            }
            Fate::Hangs if taken >= TAKES => {
                reader.commit_consumer_state(CommitMode::Sync)?;
                while !ended.load(Ordering::Acquire) {
                    std::thread::sleep(POLL);
                }
            }
            Fate::KeepsUp | Fate::Stops | Fate::Hangs => {}
        }
    }
    Ok(())
}
