//! A cluster that only a jump host reaches, and whose names mean nothing here: three nodes of the program in a network
//! of their own (`place`), OpenSSH as server, forwarder and SOCKS5 proxy. Reading, lag and writing go through each.

mod office;
mod place;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lookout::cluster::{
    Delivery, Dialer, Outgoing, Surveyor, WatchOptions, WriteError, Writer, WriterOptions,
    bootstrap_endpoint, watch,
};
use lookout::config::route::{Route, Via, rules};
use lookout::config::security::Security;
use lookout::model::survey::{Advice, Reach, Survey};
use lookout::model::{Endpoint, Focus, Snapshot};

use self::office::{NODES, Office, TOPIC};

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_mins(3);
/// Records that one story writes.
const RECORDS: u64 = 300;

/// A new office. It closes when it is dropped.
async fn office() -> Office {
    let opened = tokio::task::spawn_blocking(Office::open).await;
    opened.expect("an open office")
}

fn route(map: &str, via: &str) -> Route {
    Route {
        rules: rules(map).expect("rules"),
        via: via.parse::<Via>().expect("a way"),
        timeout: Some(Duration::from_mins(1)),
    }
}

fn endpoints(addresses: &[String]) -> Vec<Endpoint> {
    let read = |address: &String| bootstrap_endpoint(address).expect("an address");
    addresses.iter().map(read).collect()
}

fn dialer(bootstrap: &[String], route: &Route) -> Dialer {
    Dialer::new(&Security::default(), route, &endpoints(bootstrap)).expect("a dialer")
}

fn options(bootstrap: &[String], route: &Route) -> WatchOptions {
    WatchOptions {
        dialer: dialer(bootstrap, route),
        ..WatchOptions::plain("tunnels", bootstrap.to_vec(), "lookout-interop")
    }
}

async fn climb(bootstrap: &[String], route: &Route) -> Survey {
    let dialer = dialer(bootstrap, route);
    let (surveyor, seen) = Surveyor::new(dialer, "lookout-interop".into());
    let climbed = tokio::time::timeout(PATIENCE, surveyor.run(endpoints(bootstrap))).await;
    climbed.expect("in time");
    seen.borrow().0.clone()
}

/// Writes records through the pipe; every one is confirmed.
async fn write(bootstrap: &[String], route: &Route) {
    let (written, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (good, bad) = (written.clone(), failed.clone());
    let report = Box::new(move |delivery: Delivery| {
        let count = if delivery.result.is_ok() { &good } else { &bad };
        count.fetch_add(1, Ordering::Relaxed);
    });
    let options = WriterOptions {
        bootstrap: bootstrap.to_vec(),
        client_id: "lookout-interop".into(),
        dialer: dialer(bootstrap, route),
        settings: [("message.timeout.ms".to_owned(), "120000".to_owned())].into(),
    };
    let writer = Writer::open(&options, report).expect("a writer");
    for number in 0..RECORDS {
        let partition = i32::try_from(number % u64::from(NODES)).expect("small");
        let record = Outgoing {
            topic: TOPIC,
            partition: Some(partition),
            key: None,
            value: Some(b"through"),
            tag: 0,
        };
        while let Err(error) = writer.send(&record) {
            assert!(matches!(error, WriteError::Full), "{error}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let all = async {
        while written.load(Ordering::Relaxed) + failed.load(Ordering::Relaxed) < RECORDS {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let reported = tokio::time::timeout(PATIENCE, all).await;
    assert!(
        reported.is_ok(),
        "{} written",
        written.load(Ordering::Relaxed)
    );
    assert_eq!(failed.load(Ordering::Relaxed), 0, "records were given up");
    tokio::task::spawn_blocking(move || drop(writer))
        .await
        .expect("an end");
}

fn lag(snapshot: &Snapshot) -> Option<i64> {
    let groups = snapshot.facts.groups.value()?;
    groups.by_id.get(office::GROUP)?.lag().0
}

/// Watches until every broker has answered itself and the group lags by as many records as it must.
async fn read(bootstrap: &[String], route: &Route, lags: u64) {
    let focus = tokio::sync::watch::channel(Focus::Cluster).1;
    let mut watch = watch(options(bootstrap, route), focus);
    let complete = watch.snapshots.wait_for(|snapshot| {
        let facts = &snapshot.facts;
        let reached = facts.probes.values().filter(|p| p.reachable == Some(true));
        let disks = facts
            .log_dirs
            .values()
            .filter(|dirs| dirs.value().is_some());
        reached.count() == NODES as usize
            && disks.count() == NODES as usize
            && lag(snapshot) == i64::try_from(lags).ok()
    });
    let read = tokio::time::timeout(PATIENCE, complete).await.is_ok();
    let seen = watch.snapshots.borrow().clone();
    assert!(
        read,
        "lag {:?} of {lags}; {:#?} {:#?}",
        lag(&seen),
        seen.facts.probes,
        seen.facts.groups.failure()
    );
}

/// Reading, writing, and lag that grows by what was written.
async fn works(office: &mut Office, bootstrap: &[String], route: &Route) {
    let survey = climb(bootstrap, route).await;
    assert_eq!(survey.reach(), Reach::All, "{survey:#?}");
    read(bootstrap, route, office.unread).await;
    write(bootstrap, route).await;
    office.unread += RECORDS;
    read(bootstrap, route, office.unread).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarder_is_the_only_way_and_the_rules_for_it_are_found() {
    let mut office = office().await;
    let forwards = office.forwards();
    // What is advertised leads nowhere from here.
    let named: Vec<String> = forwards.iter().map(|(_, here)| here.clone()).collect();
    let survey = climb(&named, &Route::default()).await;
    assert_eq!(survey.reach(), Reach::Some, "{survey:#?}");
    assert!(
        survey
            .brokers
            .iter()
            .all(lookout::model::survey::Ladder::is_astray)
    );
    let tried = survey.advice.iter().map(|advice| match advice {
        Advice::Tried { rule, .. } => rule.to_string(),
        Advice::Open { rule, .. } => panic!("nothing leads to it: {rule}"),
    });
    let tried: Vec<String> = tried.collect();
    assert_eq!(tried.len(), NODES as usize);
    // Pasted, they lead everywhere.
    works(&mut office, &named, &route(&tried.join("\n"), "direct")).await;
    misleads(&office).await;
}

/// One forward alone shows one broker, and what answers for the others is said.
async fn misleads(office: &Office) {
    let (_, here) = office.forwards().remove(0);
    let survey = climb(&[here], &route("* -> bootstrap", "direct")).await;
    assert_eq!(survey.reach(), Reach::Some, "{survey:#?}");
    let said = |ladder: &lookout::model::survey::Ladder| {
        ladder
            .failure
            .as_ref()
            .map(|failure| failure.text.to_string())
    };
    let said: Vec<String> = survey.brokers.iter().filter_map(said).collect();
    assert_eq!(said.len(), NODES as usize - 1);
    assert!(
        said.iter()
            .all(|text| text.contains("broker 1 answers there")),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_socks5_proxy() {
    let mut office = office().await;
    let (via, map) = (office.socks(), office.map());
    let advertised = office.advertised();
    works(&mut office, &advertised, &route(&map, &via)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_an_http_proxy() {
    let mut office = office().await;
    let (via, map) = (office.connect(), office.map());
    let advertised = office.advertised();
    works(&mut office, &advertised, &route(&map, &via)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_ssh_to_a_jump_host() {
    let mut office = office().await;
    let map = office.map();
    let advertised = office.advertised();
    works(&mut office, &advertised, &route(&map, "ssh://jump")).await;
    complains(&office).await;
    office.await_no_tunnels();
}

/// What ssh says is what the operator reads.
async fn complains(office: &Office) {
    let advertised = office.advertised();
    let complaint = |survey: Survey| {
        let failure = survey.bootstrap[0].failure.clone().expect("no way in");
        failure.text.to_string()
    };
    // The jump host reaches nobody at this port.
    let closed = format!("{}:1", office.a_host());
    let said = complaint(climb(&[closed], &route("", "ssh://jump")).await);
    assert!(said.starts_with("ssh jump cannot reach"), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
    // It does not know us.
    let said = complaint(climb(&advertised[..1], &route("", "ssh://stranger")).await);
    assert!(said.contains("Permission denied"), "{said}");
    assert!(said.contains("agent"), "{said}");
    // There is no such host.
    let said = complaint(climb(&advertised[..1], &route("", "ssh://nobody.invalid")).await);
    assert!(
        said.starts_with("ssh nobody.invalid does not lead to"),
        "{said}"
    );
}
