//! Producing through TLS and a login: librdkafka over the same dialer, with sessions that end under its hands.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker::NodeConfig;
use lookout::cluster::{Delivery, Dialer, Outgoing, WriteError, Writer, WriterOptions, watch};
use lookout::config::route::Route;
use lookout::config::security::{Sasl, ScramHash, Security, Tls};
use lookout::model::{Focus, TopicName};

use super::certificates::Authority;
use super::session::{PATIENCE, options};
use super::user;
use crate::support::gate::{Doorman, Gate, Plan, Tally};

const TOPIC: &str = "orders";
const RECORDS: u64 = 20_000;
/// Short enough that several sessions end while the records are written.
const SESSION: Duration = Duration::from_millis(400);

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A broker of this process, plain, with a directory of its own.
fn settings(dir: &std::path::Path) -> BTreeMap<String, String> {
    let (client, controller) = (free_port(), free_port());
    let listeners = format!("PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}");
    let values = [
        ("node.id", "1".to_owned()),
        ("process.roles", "broker,controller".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        (
            "controller.quorum.voters",
            format!("1@127.0.0.1:{controller}"),
        ),
        ("listeners", listeners),
        ("log.dirs", dir.display().to_string()),
        ("auto.create.topics.enable", "true".to_owned()),
    ];
    values.map(|(key, value)| (key.to_owned(), value)).into()
}

/// Through TLS and a login.
fn secured(authority: &Authority) -> Security {
    Security {
        tls: Some(Tls {
            trust: authority.trusted(),
            ..Tls::default()
        }),
        sasl: Some(Sasl::Scram {
            hash: ScramHash::Sha256,
            login: user("pencil"),
            token: false,
        }),
    }
}

async fn write_all(options: &WriterOptions) -> u64 {
    let (done, failed) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let (counted, bad) = (done.clone(), failed.clone());
    let report = move |delivery: Delivery| {
        counted.fetch_add(1, Ordering::SeqCst);
        bad.fetch_add(u64::from(delivery.result.is_err()), Ordering::SeqCst);
    };
    let writer = Writer::open(options, Box::new(report)).unwrap();
    for number in 0..RECORDS {
        let value = number.to_be_bytes();
        let record = Outgoing {
            topic: TOPIC,
            partition: None,
            key: None,
            value: Some(&value),
            tag: 0,
        };
        while let Err(error) = writer.send(&record) {
            assert!(matches!(error, WriteError::Full), "{error}");
            tokio::task::yield_now().await;
        }
        // Not all at once: sessions are to end in between.
        if number % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let all = async {
        while done.load(Ordering::SeqCst) < RECORDS {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .expect("all reported");
    failed.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_arrive_once_each_through_tls_and_logins_that_end() {
    let dir = std::env::temp_dir().join(format!("lookout-ways-node-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let config = NodeConfig::from_values(&settings(&dir)).unwrap();
    let node = broker::run(config).await.unwrap();
    tokio::time::timeout(PATIENCE, node.serving())
        .await
        .expect("a member");
    let advertised = node.addresses()["PLAINTEXT"].to_string();
    let authority = Authority::new("Paper CA");
    let gate = Gate::open(Plan {
        behind: Some(advertised.clone()),
        lifetime: SESSION,
        doorman: Doorman::Scram("pencil", "pencil"),
        ..Plan::tls(authority.issue(&["127.0.0.1"], |_| {}).server())
    })
    .await;
    let rule = format!("{advertised} -> {}", gate.address);
    let route = Route {
        rules: vec![rule.parse().unwrap()],
        ..Route::default()
    };
    let security = secured(&authority);
    let failed = write_all(&WriterOptions {
        bootstrap: vec![advertised.clone()],
        client_id: "lookout-test".into(),
        dialer: Dialer::new(&security, &route, &[]).unwrap(),
        settings: BTreeMap::from([("reconnect.backoff.max.ms".to_owned(), "100".to_owned())]),
    })
    .await;
    assert_eq!(failed, 0);
    assert!(Tally::of(&gate.tally.late) > 0, "no session ended");
    let topic = TopicName::from(TOPIC);
    let (_eyes, focus) = tokio::sync::watch::channel(Focus::Topic(topic.clone()));
    let mut watching = watch(options(vec![advertised], &security, &route), focus);
    let counted = watching.snapshots.wait_for(|snapshot| {
        let ranges = snapshot
            .facts
            .ranges
            .get(&topic)
            .and_then(|ranges| ranges.value());
        let ends = ranges.into_iter().flat_map(|ranges| ranges.values());
        let total: i64 = ends.filter_map(|range| range.end).sum();
        u64::try_from(total) == Ok(RECORDS)
    });
    let counted = tokio::time::timeout(PATIENCE, counted).await.is_ok();
    assert!(
        counted,
        "not each once: {:?}",
        watching.snapshots.borrow().facts.ranges
    );
    drop(watching);
    node.shut_down(Duration::from_secs(5)).await;
    let _gone = std::fs::remove_dir_all(&dir);
}
