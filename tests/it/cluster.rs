//! Watching a cluster, against paper clusters on loopback: what is learned, what it costs, and what is said when
//! something is wrong.

mod contact;
mod roster;
mod survey;
mod tunnels;

use std::sync::Arc;
use std::time::Duration;

use broker::wire::api_key::ApiKey;
use lookout::cluster::{Dialer, Paces, Watch, WatchOptions, bootstrap_endpoint, watch};
use lookout::config::route::Route;
use lookout::config::security::Security;
use lookout::model::observed::FailureKind;
use lookout::model::{BrokerId, Endpoint, Focus, Group, Observed, Rung, Snapshot};
use tokio::net::TcpListener;

use crate::support::canned::{Canned, Mood, World};

/// Long enough for any machine; a story that waits for this long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

fn paces(every: Duration) -> Paces {
    Paces {
        cheap: every,
        probes: every,
        groups: every,
        focus: every,
        slow: every,
    }
}

fn options(bootstrap: Vec<String>) -> WatchOptions {
    WatchOptions {
        paces: paces(Duration::from_millis(200)),
        ..WatchOptions::plain("paper", bootstrap, "lookout-test")
    }
}

fn endpoints(addresses: &[String]) -> Vec<Endpoint> {
    let read = |address: &String| bootstrap_endpoint(address).unwrap();
    addresses.iter().map(read).collect()
}

/// A dialer that goes this route from these addresses.
fn dialer(route: &Route, bootstrap: &[String]) -> Dialer {
    Dialer::new(&Security::default(), route, &endpoints(bootstrap)).unwrap()
}

fn look(bootstrap: Vec<String>) -> Watch {
    watch(
        options(bootstrap),
        tokio::sync::watch::channel(Focus::Cluster).1,
    )
}

/// Waits for a snapshot of which `wanted` holds.
async fn until(watch: &mut Watch, wanted: impl FnMut(&Arc<Snapshot>) -> bool) -> Arc<Snapshot> {
    let found = tokio::time::timeout(PATIENCE, watch.snapshots.wait_for(wanted)).await;
    let found = found.map(|found| found.unwrap().clone());
    found.unwrap_or_else(|_| panic!("did not come: {:#?}", watch.snapshots.borrow().facts))
}

fn reachable(snapshot: &Snapshot, id: i32) -> Option<bool> {
    snapshot.facts.probes.get(&BrokerId(id))?.reachable
}

fn groups(snapshot: &Snapshot) -> Vec<Arc<Group>> {
    let groups = snapshot.facts.groups.value();
    groups
        .map(|groups| groups.by_id.values().cloned().collect())
        .unwrap_or_default()
}

fn kind_of<T>(fact: &Observed<T>) -> Option<FailureKind> {
    fact.failure().map(|failure| failure.kind)
}

/// The sentence that says why nothing answers.
async fn complaint(bootstrap: &str) -> String {
    let mut watch = look(vec![bootstrap.to_owned()]);
    let seen = until(&mut watch, |s| {
        s.no_contact() && !s.facts.contact_failures.is_empty()
    })
    .await;
    assert!(seen.facts.topology.value().is_none());
    seen.facts.contact_failures[0].to_string()
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named() {
    let said = complaint("no-such-host.invalid:9092").await;
    assert!(
        said.starts_with("name no-such-host.invalid (port 9092) does not resolve"),
        "{said}"
    );
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_named() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let said = complaint(&address).await;
    assert!(
        said.starts_with(&format!("{address}: host answers, nothing listens on")),
        "{said}"
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    let said = complaint("kafka-1:notaport").await;
    assert!(
        said.contains("'kafka-1:notaport' is not host:port"),
        "{said}"
    );
}

#[tokio::test]
async fn whatever_is_not_kafka_is_named() {
    let strangers: [(&[u8], &str); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "web server"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH server"),
        (&[0x15, 3, 3, 0, 2, 2, 40], "this listener speaks TLS"),
        (b"220 mail.example ESMTP\r\n", "not a Kafka listener"),
    ];
    for (words, wanted) in strangers {
        let canned = Canned::start(World::empty(1)).await;
        canned.mood(1, Mood::Blurt(words.to_vec()));
        let said = complaint(&canned.address(1)).await;
        assert!(
            said.starts_with(&canned.address(1)) && said.contains(wanted),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_listener_that_hangs_up_is_said_to_expect_tls_or_sasl() {
    let canned = Canned::start(World::empty(1)).await;
    canned.mood(1, Mood::Slam);
    let said = complaint(&canned.address(1)).await;
    assert!(
        said.contains("usually means that TLS or SASL is expected"),
        "{said}"
    );
}

#[tokio::test]
async fn one_good_bootstrap_address_is_enough() {
    let canned = Canned::start(World::empty(2).topics(3, 2)).await;
    let addresses = ["no-such-host.invalid:1".to_owned(), canned.address(2)];
    let mut watch = look(addresses.to_vec());
    let seen = until(&mut watch, |s| s.facts.topology.value().is_some()).await;
    assert_eq!(seen.facts.topology.value().unwrap().topics.len(), 3);
    assert!(seen.facts.contact_failures.is_empty() && !seen.no_contact());
}

#[tokio::test]
async fn an_empty_cluster_is_known_to_be_empty() {
    let canned = Canned::start(World::empty(3)).await;
    let mut watch = look(canned.bootstrap());
    let seen = until(&mut watch, |s| {
        s.facts.groups.value().is_some()
            && s.facts.configs.value().is_some()
            && s.facts.log_dirs.len() == 3
            && s.facts.coverage.answered.len() == 3
            && s.facts.moves.value().is_some()
    })
    .await;
    assert!(groups(&seen).is_empty());
    assert!(!seen.facts.groups.value().unwrap().coverage.partial());
    assert!(seen.facts.topology.value().unwrap().topics.is_empty());
}

#[tokio::test]
async fn what_is_not_permitted_is_told_apart_from_what_is_not_there() {
    let canned = Canned::start(World::empty(3).topics(2, 3).groups(4, 2)).await;
    for key in [
        ApiKey::DESCRIBE_CLUSTER,
        ApiKey::DESCRIBE_QUORUM,
        ApiKey::DESCRIBE_CONFIGS,
        ApiKey::DESCRIBE_LOG_DIRS,
        ApiKey::OFFSET_FETCH,
    ] {
        canned.deny(key);
    }
    let mut watch = look(canned.bootstrap());
    let refused = Some(FailureKind::NotPermitted);
    let seen = until(&mut watch, |s| {
        kind_of(&s.facts.registrations) == refused
            && kind_of(&s.facts.quorum) == refused
            && kind_of(&s.facts.configs) == refused
            && s.facts.log_dirs.len() == 3
            && groups(s).len() == 4
    })
    .await;
    assert!(
        seen.facts
            .log_dirs
            .values()
            .all(|dirs| kind_of(dirs) == refused)
    );
    assert!(
        groups(&seen)
            .iter()
            .all(|group| kind_of(&group.offsets) == refused)
    );
    let said = seen.facts.quorum.failure().unwrap().text.clone();
    assert!(
        said.contains("DescribeQuorum") && said.contains("no permission"),
        "{said}"
    );
}

#[tokio::test]
async fn a_hanging_broker_delays_nothing_else() {
    let canned = Canned::start(World::empty(3).topics(4, 3).groups(6, 3)).await;
    let mut watch = look(canned.bootstrap());
    until(&mut watch, |s| {
        groups(s).len() == 6 && s.facts.coverage.answered.len() == 3
    })
    .await;
    canned.mood(3, Mood::Hang);
    let hung = until(&mut watch, |s| reachable(s, 3) == Some(false)).await;
    let failure = hung.facts.probes[&BrokerId(3)].failure.clone().unwrap();
    assert_eq!(failure.rung, Rung::ApiVersions);
    assert!(
        failure
            .text
            .contains("port is open, the broker does not answer"),
        "{}",
        failure.text
    );
    // Everything that does not need broker 3 goes on.
    let after = until(&mut watch, |s| {
        let later = |at: Option<_>| at > Some(hung.at);
        later(s.facts.topology.at())
            && later(s.facts.groups.at())
            && later(s.facts.configs.at())
            && later(s.facts.quorum.at())
            && later(s.facts.log_dirs[&BrokerId(1)].at())
    })
    .await;
    let coverage = &after.facts.groups.value().unwrap().coverage;
    assert_eq!(coverage.answered, [BrokerId(1), BrokerId(2)]);
    // Its groups stay, as old as they are.
    assert_eq!(groups(&after).len(), 6);
    assert!(!after.no_contact());
    assert_eq!(reachable(&after, 1), Some(true));
}

#[tokio::test]
async fn a_controller_that_hangs_delays_only_what_it_must_answer() {
    let canned = Canned::start(World::empty(3).topics(4, 3).groups(6, 3)).await;
    canned.mute(ApiKey::DESCRIBE_QUORUM);
    canned.mute(ApiKey::LIST_PARTITION_REASSIGNMENTS);
    let mut watch = look(canned.bootstrap());
    let seen = until(&mut watch, |s| kind_of(&s.facts.quorum).is_some()).await;
    assert_eq!(kind_of(&seen.facts.quorum), Some(FailureKind::NoAnswer));
    let groups_seen = seen.facts.groups.clone();
    assert!(!groups_seen.value().unwrap().coverage.partial());
    assert_eq!(groups_seen.failure(), None);
    assert_eq!(seen.facts.topology.failure(), None);
    assert!(
        seen.facts
            .probes
            .values()
            .all(|probe| probe.reachable == Some(true))
    );
}

#[tokio::test]
async fn a_restarted_broker_is_followed_to_its_new_address() {
    let mut canned = Canned::start(World::empty(3).topics(2, 3)).await;
    let mut watch = look(canned.bootstrap());
    until(&mut watch, |s| reachable(s, 2) == Some(true)).await;
    let old = canned.address(2);
    canned.serve(2).await;
    let new = canned.address(2);
    assert_ne!(old, new);
    let seen = until(&mut watch, |s| {
        let dialled = s.facts.probes[&BrokerId(2)].dialled.clone();
        dialled.as_deref() == Some(new.as_str()) && reachable(s, 2) == Some(true)
    })
    .await;
    assert_eq!(seen.facts.probes.len(), 3);
}

#[tokio::test]
async fn a_broker_that_goes_away_is_unreachable_and_comes_back() {
    let mut canned = Canned::start(World::empty(3)).await;
    let mut watch = look(canned.bootstrap());
    until(&mut watch, |s| s.facts.coverage.answered.len() == 3).await;
    canned.mood(1, Mood::Away);
    let gone = until(&mut watch, |s| reachable(s, 1) == Some(false)).await;
    let failure = gone.facts.probes[&BrokerId(1)].failure.clone().unwrap();
    assert!(
        failure.refused && failure.text.contains("nothing listens on"),
        "{}",
        failure.text
    );
    canned.serve(1).await;
    until(&mut watch, |s| s.facts.coverage.answered.len() == 3).await;
}

#[tokio::test]
async fn a_slow_question_that_was_refused_at_first_contact_is_asked_again_soon() {
    let canned = Canned::start(World::empty(2).topics(3, 2)).await;
    let slow = [ApiKey::DESCRIBE_CONFIGS, ApiKey::DESCRIBE_LOG_DIRS];
    for key in slow {
        canned.deny(key);
    }
    let options = WatchOptions {
        paces: Paces {
            slow: Duration::from_hours(1),
            ..paces(Duration::from_millis(200))
        },
        ..options(canned.bootstrap())
    };
    let mut watch = watch(options, tokio::sync::watch::channel(Focus::Cluster).1);
    until(&mut watch, |s| {
        kind_of(&s.facts.configs).is_some() && canned.count(ApiKey::DESCRIBE_LOG_DIRS) > 0
    })
    .await;
    for key in slow {
        canned.allow(key);
    }
    until(&mut watch, |s| {
        let disks = s.facts.log_dirs.values();
        let told = disks.filter(|disks| disks.value().is_some()).count();
        s.facts.configs.value().is_some() && told == 2
    })
    .await;
}

#[tokio::test]
async fn with_every_broker_away_contact_is_lost_and_found_again() {
    let mut canned = Canned::start(World::empty(2).topics(5, 1)).await;
    let mut watch = look(canned.bootstrap());
    until(&mut watch, |s| s.facts.coverage.answered.len() == 2).await;
    canned.mood(1, Mood::Away);
    canned.mood(2, Mood::Away);
    let lost = until(&mut watch, |s| {
        s.no_contact() && s.facts.contact_failures.len() == 2
    })
    .await;
    // The last state stays, with its age.
    assert_eq!(lost.facts.topology.value().unwrap().topics.len(), 5);
    canned.serve(1).await;
    // The bootstrap list is old; broker 1 is where it says it is only once somebody answers there.
    let mut fresh = look(vec![canned.address(1)]);
    until(&mut fresh, |s| {
        !s.no_contact() && s.facts.topology.value().is_some()
    })
    .await;
}

#[tokio::test]
async fn topics_are_never_created() {
    let canned = Canned::start(World::empty(2).topics(2, 2).groups(2, 2)).await;
    let (focus, focused) = tokio::sync::watch::channel(Focus::Topic("nobody-made-this".into()));
    let mut watch = watch(options(canned.bootstrap()), focused);
    until(&mut watch, |s| {
        s.facts.ranges.contains_key("nobody-made-this") && groups(s).len() == 2
    })
    .await;
    focus.send_replace(Focus::Group("nobody".into()));
    watch.refresh();
    let asked = canned.count(ApiKey::METADATA);
    until(&mut watch, |_| canned.count(ApiKey::METADATA) > asked + 4).await;
    assert_eq!(canned.creating(), 0);
}

#[tokio::test]
async fn the_topic_in_focus_has_its_ranges() {
    let canned = Canned::start(World::empty(3).topics(3, 4)).await;
    let (focus, focused) = tokio::sync::watch::channel(Focus::Topic("topic-00001".into()));
    let mut watch = watch(options(canned.bootstrap()), focused);
    let seen = until(&mut watch, |s| !s.facts.ranges.is_empty()).await;
    let ranges = seen.facts.ranges["topic-00001"].value().unwrap();
    assert_eq!(ranges.len(), 4);
    assert!(
        ranges
            .values()
            .all(|range| (range.start, range.end) == (Some(0), Some(500)))
    );
    focus.send_replace(Focus::Cluster);
    until(&mut watch, |s| s.facts.ranges.is_empty()).await;
}

#[tokio::test]
async fn the_lag_of_a_thousand_groups_costs_a_few_requests_per_broker() {
    let canned = Canned::start(World::empty(3).topics(200, 6).groups(1000, 100)).await;
    let mut once = options(canned.bootstrap());
    once.paces = paces(Duration::from_hours(1));
    let mut watch = watch(once, tokio::sync::watch::channel(Focus::Cluster).1);
    let seen = until(&mut watch, |s| groups(s).len() == 1000).await;
    assert!(
        groups(&seen)
            .iter()
            .all(|group| group.lag() == (Some(100 * 200), 0))
    );
    // 334 groups per coordinator are two slices of 200; the 1 200 partitions are one slice per leader.
    assert_eq!(canned.count(ApiKey::OFFSET_FETCH), 3 * 2);
    assert_eq!(canned.count(ApiKey::LIST_OFFSETS), 3);
    assert_eq!(canned.count(ApiKey::LIST_GROUPS), 3);
    assert_eq!(canned.count(ApiKey::DESCRIBE_GROUPS), 3 * 2);
}

#[tokio::test]
async fn old_brokers_are_asked_in_their_own_versions() {
    let world = World::empty(2)
        .topics(2, 2)
        .groups(6, 2)
        .offering(ApiKey::API_VERSIONS, Some((0, 2)))
        .offering(ApiKey::METADATA, Some((0, 3)))
        .offering(ApiKey::OFFSET_FETCH, Some((1, 5)))
        .offering(ApiKey::LIST_OFFSETS, Some((1, 2)))
        .offering(ApiKey::LIST_GROUPS, Some((0, 2)))
        .offering(ApiKey::DESCRIBE_LOG_DIRS, Some((1, 1)))
        .offering(ApiKey::DESCRIBE_CLUSTER, None)
        .offering(ApiKey::DESCRIBE_QUORUM, None);
    let canned = Canned::start(world).await;
    let mut watch = look(canned.bootstrap());
    let missing = Some(FailureKind::NotOffered);
    let seen = until(&mut watch, |s| {
        groups(s).len() == 6
            && kind_of(&s.facts.registrations) == missing
            && kind_of(&s.facts.quorum) == missing
            && s.facts
                .log_dirs
                .values()
                .filter(|dirs| dirs.value().is_some())
                .count()
                == 2
    })
    .await;
    assert!(
        groups(&seen)
            .iter()
            .all(|group| group.lag() == (Some(2 * 200), 0))
    );
    let said = seen.facts.registrations.failure().unwrap().text.clone();
    assert!(
        said.contains("does not offer DescribeCluster from version 2 on"),
        "{said}"
    );
    assert_eq!(canned.creating(), 0);
}

#[tokio::test]
async fn what_did_not_change_is_the_same_memory() {
    let canned = Canned::start(World::empty(3).topics(5, 2).groups(3, 2)).await;
    let mut watch = look(canned.bootstrap());
    let first = until(&mut watch, |s| {
        groups(s).len() == 3 && s.facts.configs.value().is_some()
    })
    .await;
    let second = until(&mut watch, |s| {
        s.facts.topology.at() > first.facts.topology.at()
            && s.facts.groups.at() > first.facts.groups.at()
            && s.facts.configs.at() > first.facts.configs.at()
    })
    .await;
    let topology = |s: &Snapshot| s.facts.topology.value().unwrap().clone();
    let configs = |s: &Snapshot| s.facts.configs.value().unwrap().clone();
    let offsets = |s: &Snapshot| groups(s)[0].offsets.value().unwrap().clone();
    assert!(Arc::ptr_eq(&topology(&first), &topology(&second)));
    assert!(Arc::ptr_eq(&configs(&first), &configs(&second)));
    assert!(Arc::ptr_eq(&offsets(&first), &offsets(&second)));
}
