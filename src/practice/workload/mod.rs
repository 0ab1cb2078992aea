//! The demo clients: producers at different rates and consumer groups that fare differently, so that there is
//! something to look at and something to lose. Runs as a process of its own until a signal or its lifeline ends it.
//!
//! Records go in over the Dialer's pipe, by TLS and login where the cluster asks for them. The groups use librdkafka's
//! own sockets, because its consumer takes no callbacks, and topics are made the same way: both need a listener of this
//! machine that asks nothing.

mod groups;
mod records;
mod registry;
mod schemas;
mod topics;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use self::groups::Groups;
use self::registry::Registered;
use self::topics::{Stream, TOPICS, Wanted};
use super::cluster::Cluster;
use super::entrance::Entrance;
use super::error::PracticeError;
use super::node::Lifeline as NodeLifeline;
use crate::cluster::{Delivery, Outgoing, Writer, WriterOptions};
use crate::node::{Lifeline, cut};
use crate::terminal::{Signal, Signals};

/// How brokers know these clients.
const CLIENT_ID: &str = "practice-demo";
/// A node that does not serve after this long is not waited for any more.
const NODES_START: Duration = Duration::from_secs(30);
/// After this long what could not be done is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// Producers are woken so often; records that fell due meanwhile go out together.
const BEAT: Duration = Duration::from_millis(100);
/// Beats between two lines in the log about what went wrong.
const BEATS_PER_LINE: u64 = 300;

/// Is the demo clients until the end comes.
pub(super) async fn run(dir: &Path, lifeline: bool) -> Result<(), PracticeError> {
    let cluster = Cluster::open(dir, NodeLifeline::None)?;
    let (bootstrap, entrance) = (cluster.bootstrap(), cluster.entrance()?);
    let registries = cluster.registries();
    let lifeline = if lifeline {
        Lifeline::Stdin
    } else {
        Lifeline::None
    };
    let mut signals = Signals::listen().map_err(|reason| PracticeError::Spawn {
        id: crate::model::BrokerId(0),
        reason,
    })?;
    tokio::select! {
        () = work(&bootstrap, &entrance, registries) => {}
        () = cut(lifeline) => {}
        () = async { while signals.next().await == Signal::Continue {} } => {}
    }
    Ok(())
}

async fn work(bootstrap: &[String], entrance: &Entrance, registries: Vec<String>) {
    let began = Instant::now();
    loop {
        let wanted = if began.elapsed() < NODES_START {
            Wanted::All
        } else {
            Wanted::Any
        };
        match topics::create(bootstrap, wanted).await {
            Ok(()) => break,
            Err(why) => log::info!("the demo topics are not there yet: {why}"),
        }
        sleep(AGAIN).await;
    }
    let _groups = Groups::start(bootstrap);
    let registered = Registered::start(registries);
    loop {
        match produce(entrance, &registered).await {
            Ok(never) => match never {},
            Err(why) => log::warn!("the demo producer: {why}"),
        }
        sleep(AGAIN).await;
    }
}

async fn produce(
    entrance: &Entrance,
    registered: &Registered,
) -> Result<std::convert::Infallible, crate::cluster::WriteError> {
    let lost = Arc::new(AtomicU64::new(0));
    let counted = lost.clone();
    let report = Box::new(move |delivery: Delivery| {
        if delivery.result.is_err() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let settings = [
        ("linger.ms", "50"),
        ("compression.type", "zstd"),
        ("message.timeout.ms", "60000"),
        ("queue.buffering.max.messages", "50000"),
        ("queue.buffering.max.kbytes", "16384"),
    ];
    let options = WriterOptions {
        bootstrap: entrance.bootstrap.clone(),
        client_id: CLIENT_ID.into(),
        dialer: entrance.dialer.clone(),
        settings: settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    };
    let writer = Writer::open(&options, report)?;
    let mut beats = interval(BEAT);
    // What was missed is not made up for: a paused machine does not bring a flood.
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut made = [0_u64; TOPICS.len()];
    let mut dropped = 0_u64;
    for beat in 1_u64.. {
        beats.tick().await;
        for (stream, made) in TOPICS.iter().zip(&mut made) {
            let due = beat * stream.per_second / 10;
            while *made < due {
                dropped += u64::from(!send(&writer, registered, stream, *made));
                *made += 1;
            }
        }
        let lost = lost.swap(0, Ordering::Relaxed) + std::mem::take(&mut dropped);
        if beat % BEATS_PER_LINE == 0 && lost > 0 {
            log::info!("{lost} records could not be written in the last beats");
        }
    }
    // Beats are counted for longer than any machine lives.
    std::future::pending().await
}

/// Whether the producer took the record; with a full queue it is dropped, as a sensor's would be. What has a schema
/// that is not registered yet is not due.
fn send(writer: &Writer, registered: &Registered, stream: &Stream, number: u64) -> bool {
    let Some(format) = registered.frame(stream) else {
        return true;
    };
    let (key, value) = records::make(stream.kind, format, number);
    let record = Outgoing {
        topic: stream.name,
        partition: None,
        key: Some(key.as_bytes()),
        value: Some(&value),
        tag: 0,
    };
    writer.send(&record).is_ok()
}
