//! The decision table of operations.md §1.5, row by row: what makes it fire and what keeps it from firing.

use std::sync::Arc;

use lookout::model::broker::{Probe, ProbeFailure, Rung};
use lookout::model::matrix::Matrix;
use lookout::model::observed::{Failure, FailureKind};
use lookout::model::verdict::{Confidence, Since};
use lookout::model::{
    BrokerId, Coverage, Endpoint, Facts, Identity, Moment, Observed, RosterEntry, Snapshot, Source,
    Span, Topology, VerdictKind,
};

use super::{broker, counter, five, judge, verdict};
use crate::support::scene::{NOW, Scene, snapshot};

const SIX_TOPICS: &str = r#"topic = [{ name = "t", partitions = 60, rf = 3, min_isr = 2 }]"#;

fn set_probe(facts: &mut Facts, id: i32, probe: Probe) {
    Arc::make_mut(&mut facts.probes).insert(BrokerId(id), Arc::new(probe));
}

fn probe(facts: &Facts, id: i32) -> Probe {
    Probe::clone(&facts.probes[&BrokerId(id)])
}

/// Our connection fails at `rung` since `secs` seconds ago, after hysteresis.
fn failing(rung: Rung, refused: bool, secs: u64) -> Probe {
    Probe {
        reachable: Some(false),
        since: Some(NOW.minus(Span::from_secs(secs))),
        failure: Some(ProbeFailure {
            rung,
            text: "it does not work".into(),
            refused,
        }),
        failures: 3,
        ..Probe::default()
    }
}

fn not_permitted<T>() -> Observed<T> {
    Observed::failed(Failure {
        at: NOW,
        text: "not permitted".into(),
        kind: FailureKind::NotPermitted,
    })
}

#[test]
fn without_contact_no_broker_has_a_verdict_and_the_count_is_the_last_known() {
    let snapshot = snapshot("no_contact");
    for id in 1..=5 {
        let view = broker(&snapshot, id);
        assert_eq!(view.verdict.kind, VerdictKind::NoContact);
        assert_eq!(
            view.verdict.since,
            Some(Since::Known(NOW.minus(Span::from_secs(120))))
        );
        assert!(
            view.verdict.evidence[0].contains("2m ago"),
            "{:?}",
            view.verdict
        );
        assert!(view.replicas.is_some_and(|count| count > 0));
    }
    assert_eq!(counter(&snapshot), "5/5");
}

#[test]
fn before_the_first_answer_remembered_brokers_are_unknown_and_uncounted() {
    let mut facts = five("").facts();
    facts.topology = Observed::default();
    facts.registrations = Observed::default();
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 1), VerdictKind::NoContact);
    assert_eq!(broker(&snapshot, 1).leaders, None);
    assert_eq!(counter(&snapshot), "0/0");
}

#[test]
fn a_process_of_another_cluster_is_a_wrong_target() {
    let mut facts = five("").facts();
    let mut other = probe(&facts, 4);
    other.cluster_id = Some("somebody-elses".into());
    set_probe(&mut facts, 4, other.clone());
    assert_eq!(verdict(&judge(&facts), 4), VerdictKind::WrongTarget);
    assert_eq!(verdict(&judge(&facts), 1), VerdictKind::Up);
    let mut unlisted = five("fenced = { 4 = \"1m\" }").facts();
    set_probe(&mut unlisted, 4, other.clone());
    assert_eq!(verdict(&judge(&unlisted), 4), VerdictKind::WrongTarget);
    other.reachable = Some(false);
    set_probe(&mut facts, 4, other);
    assert_ne!(verdict(&judge(&facts), 4), VerdictKind::WrongTarget);
}

#[test]
fn a_cluster_that_does_not_name_itself_makes_nobody_a_wrong_target() {
    let mut facts = five("").facts();
    let mut named = probe(&facts, 4);
    named.cluster_id = Some("somebody".into());
    set_probe(&mut facts, 4, named);
    let mut identity = Identity::clone(facts.identity.value().unwrap());
    identity.cluster_id = "".into();
    facts.identity = Observed::learned(Arc::new(identity), NOW, Source::Bootstrap);
    assert_eq!(verdict(&judge(&facts), 4), VerdictKind::Up);
}

#[test]
fn a_disk_that_failed_long_ago_is_not_said_to_fail_still() {
    let mut facts = five("failed_dir = { 2 = \"/d3\" }").facts();
    assert_eq!(verdict(&judge(&facts), 2), VerdictKind::DegradedDisk);
    let dirs = Arc::make_mut(&mut facts.log_dirs).get_mut(&BrokerId(2));
    let dirs = dirs.unwrap();
    let old = NOW.minus(Span::from_secs(181));
    *dirs = Observed::learned(dirs.value().unwrap().clone(), old, dirs.from());
    assert_ne!(verdict(&judge(&facts), 2), VerdictKind::DegradedDisk);
}

#[test]
fn a_fenced_broker_whose_process_answers_or_hangs_is_fenced() {
    let mut facts = five("fenced = { 4 = \"2m\" }").facts();
    assert_eq!(verdict(&judge(&facts), 4), VerdictKind::Fenced);
    set_probe(&mut facts, 4, failing(Rung::ApiVersions, false, 60));
    assert_eq!(verdict(&judge(&facts), 4), VerdictKind::Fenced);
    set_probe(&mut facts, 4, failing(Rung::Tcp, true, 60));
    assert_eq!(verdict(&judge(&facts), 4), VerdictKind::Down);
    assert_eq!(counter(&judge(&facts)), "4/5");
}

#[test]
fn where_every_broker_is_fenced_the_one_that_lists_itself_is_not_counted() {
    let mut facts =
        five("fenced = { 1 = \"9s\", 2 = \"9s\", 3 = \"9s\", 4 = \"9s\", 5 = \"9s\" }").facts();
    let mut topology = Topology::clone(facts.topology.value().unwrap());
    let own = &facts.registrations.value().unwrap()[&BrokerId(2)];
    let place = (own.endpoint.clone(), own.rack.clone());
    topology.brokers.insert(BrokerId(2), place);
    facts.topology = Observed::learned(Arc::new(topology), NOW, Source::Bootstrap);
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 2), VerdictKind::Fenced);
    assert_eq!(counter(&snapshot), "0/5");
}

#[test]
fn where_nothing_tells_fenced_brokers_an_unlisted_process_that_answers_counts_as_fenced() {
    let mut facts = five(&format!("fenced = {{ 4 = \"2m\" }}\n{SIX_TOPICS}")).facts();
    facts.registrations = not_permitted();
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 4), VerdictKind::Fenced);
    let lines = &broker(&snapshot, 4).verdict.evidence;
    assert!(
        lines
            .iter()
            .any(|line| &**line == "controller (DescribeCluster): not permitted"),
        "{lines:?}"
    );
}

#[test]
fn an_unlisted_broker_without_connection_is_down_from_the_first_failed_round() {
    let scene = five(&format!("down = {{ 3 = \"4m\" }}\n{SIX_TOPICS}"));
    let mut facts = scene.facts();
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 3), VerdictKind::Down);
    assert_eq!(broker(&snapshot, 3).verdict.confidence, Confidence::High);
    assert_eq!(broker(&snapshot, 3).replicas, Some(36));

    let first_failure = Probe {
        reachable: Some(true),
        failures: 1,
        ..failing(Rung::Tcp, true, 1)
    };
    set_probe(&mut facts, 3, first_failure);
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::Down);

    Arc::make_mut(&mut facts.probes).remove(&BrokerId(3));
    facts.registrations = not_permitted();
    facts.roster = Arc::default();
    let snapshot = judge(&facts);
    assert_eq!(
        verdict(&snapshot, 3),
        VerdictKind::Down,
        "only replica lists know it"
    );
    assert_eq!(counter(&snapshot), "4/5");
}

#[test]
fn a_broker_just_killed_is_going_down_until_the_cluster_drops_it() {
    let mut facts = five(SIX_TOPICS).facts();
    set_probe(&mut facts, 3, failing(Rung::Tcp, true, 3));
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 3), VerdictKind::GoingDown);
    assert_eq!(counter(&snapshot), "5/5 !1");
}

#[test]
fn past_the_session_timeout_with_its_peers_content_only_this_host_cannot_reach_it() {
    let mut facts = five(SIX_TOPICS).facts();
    set_probe(&mut facts, 3, failing(Rung::Tcp, false, 14));
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::GoingDown);
    set_probe(&mut facts, 3, failing(Rung::Tcp, false, 15));
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 3), VerdictKind::UnreachableHere);
    assert_eq!(counter(&snapshot), "5/5");
}

#[test]
fn a_zookeeper_session_takes_twice_as_long_to_expire() {
    let mut facts = five(&format!("kind = \"zookeeper\"\n{SIX_TOPICS}")).facts();
    set_probe(&mut facts, 3, failing(Rung::Tcp, false, 26));
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::GoingDown);
    set_probe(&mut facts, 3, failing(Rung::Tcp, false, 28));
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::UnreachableHere);
}

#[test]
fn an_unreachable_broker_that_has_lost_its_peers_stays_cut_off() {
    let mut facts = five(&format!("behind = [3]\n{SIX_TOPICS}")).facts();
    set_probe(&mut facts, 3, failing(Rung::Tcp, false, 60));
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::GoingDown);
}

#[test]
fn without_a_controller_nobody_can_notice_so_an_unreachable_broker_stays_cut_off() {
    let snapshot = snapshot("quorum_lost");
    assert_eq!(verdict(&snapshot, 2), VerdictKind::GoingDown);
    assert_eq!(verdict(&snapshot, 3), VerdictKind::GoingDown);
    assert_eq!(counter(&snapshot), "5/5 !2");
}

#[test]
fn a_broker_that_refuses_our_credentials_is_not_down() {
    let mut facts = five(SIX_TOPICS).facts();
    set_probe(&mut facts, 3, failing(Rung::Sasl, true, 2));
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::UnreachableHere);
}

#[test]
fn a_probe_that_is_not_decided_makes_nothing_red() {
    let mut facts = five(SIX_TOPICS).facts();
    let undecided = Probe {
        reachable: None,
        failures: 1,
        ..failing(Rung::Tcp, true, 1)
    };
    set_probe(&mut facts, 3, undecided);
    set_probe(&mut facts, 4, Probe::default());
    let snapshot = judge(&facts);
    for id in [3, 4] {
        assert_eq!(verdict(&snapshot, id), VerdictKind::Up);
        assert_eq!(broker(&snapshot, id).verdict.confidence, Confidence::Low);
    }
    assert_eq!(counter(&snapshot), "5/5");
}

#[test]
fn a_broker_that_answers_again_is_up_without_waiting_for_the_second_round() {
    let mut facts = five(SIX_TOPICS).facts();
    let back = Probe {
        failure: None,
        successes: 1,
        ..failing(Rung::Tcp, true, 60)
    };
    set_probe(&mut facts, 3, back);
    assert_eq!(verdict(&judge(&facts), 3), VerdictKind::Up);
}

/// Vector A.4: brokers 1 to 4 cannot reach 5, and 5 reaches all.
#[test]
fn a_broker_whose_peers_cannot_fetch_from_it_is_named_while_all_are_alive() {
    let facts = five(&format!("abandoned = [5]\n{SIX_TOPICS}")).facts();
    let matrix = Matrix::count(&facts);
    let share = matrix.share(BrokerId(5)).unwrap();
    assert_eq!((share.followed, share.abandoned, share.lost), (12, 12, 0));
    for id in 1..=4 {
        let share = matrix.share(BrokerId(id)).unwrap();
        assert_eq!((share.leaders, share.abandoned, share.lost), (12, 0, 6));
    }
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 5), VerdictKind::PeersCannotReach);
    for id in 1..=4 {
        assert_eq!(verdict(&snapshot, id), VerdictKind::Up);
    }
    assert_eq!(counter(&snapshot), "5/5 !1");
    assert_eq!(
        (snapshot.totals.under_min_isr, snapshot.totals.no_leader),
        (Some(12), 0)
    );
}

/// Vector A.4, the wrong answer to it: stopping 5 takes down what only 5 has.
#[test]
fn stopping_the_broker_with_the_last_copies_takes_its_partitions_offline() {
    let scene = five(&format!(
        "abandoned = [5]\ndown = {{ 5 = \"1m\" }}\n{SIX_TOPICS}"
    ));
    let snapshot = scene.judge();
    assert_eq!(counter(&snapshot), "4/5");
    assert_eq!(snapshot.totals.no_leader, 12);
}

#[test]
fn a_broker_that_follows_nobody_is_up_and_its_evidence_says_what_is_seen() {
    let snapshot = five(&format!("behind = [5]\n{SIX_TOPICS}")).judge();
    assert_eq!(verdict(&snapshot, 5), VerdictKind::Up);
    let lines = &broker(&snapshot, 5).verdict.evidence;
    assert!(
        lines.iter().any(|line| line.contains("behind in 36 of 36")),
        "{lines:?}"
    );
}

#[test]
fn a_leader_is_not_abandoned_because_its_only_peer_has_just_restarted() {
    let scene = Scene::parse(
        r#"
        name = "pair"
        racks = { a = [1], b = [2] }
        behind = [2]
        topic = [{ name = "t", partitions = 10, rf = 2 }]
        "#,
    );
    let snapshot = scene.judge();
    assert_eq!(verdict(&snapshot, 1), VerdictKind::Up);
    assert_eq!(verdict(&snapshot, 2), VerdictKind::Up);
}

#[test]
fn a_leader_is_not_abandoned_because_its_followers_are_dead() {
    let scene = Scene::parse(
        r#"
        name = "three"
        racks = { a = [1], b = [2], c = [3] }
        down = { 2 = "1m", 3 = "2m" }
        topic = [{ name = "t", partitions = 10, rf = 3 }]
        "#,
    );
    assert_eq!(verdict(&scene.judge(), 1), VerdictKind::Up);
}

#[test]
fn two_partitions_are_too_few_to_read_a_pattern() {
    let partitions = |count: u32| {
        let topic =
            format!("topic = [{{ name = \"t\", partitions = {count}, rf = 3, first = 4 }}]");
        let others = "{ name = \"u\", partitions = 4, rf = 3 }]";
        five(&format!(
            "abandoned = [4]\n{}",
            topic.replace(']', &format!(", {others}"))
        ))
    };
    // Position 4 of the interleaved list 1 3 5 2 4 is broker 4: it leads partition 0, 5, 10.
    assert_eq!(verdict(&partitions(6).judge(), 4), VerdictKind::Up);
    assert_eq!(
        verdict(&partitions(11).judge(), 4),
        VerdictKind::PeersCannotReach
    );
}

#[test]
fn an_offline_log_dir_or_replica_of_an_alive_broker_is_a_degraded_disk() {
    let snapshot = five("failed_dir = { 2 = \"/d3\" }").judge();
    assert_eq!(verdict(&snapshot, 2), VerdictKind::DegradedDisk);
    assert_eq!(verdict(&snapshot, 1), VerdictKind::Up);
    let topic = r#"topic = [{ name = "t", rf = 3, partition = { 0 = { offline = [3] } } }]"#;
    assert_eq!(verdict(&five(topic).judge(), 3), VerdictKind::DegradedDisk);
}

#[test]
fn a_disk_is_filling_below_fifteen_percent() {
    let snapshot = five("free_percent = { 1 = 15, 2 = 14 }").judge();
    assert_eq!(verdict(&snapshot, 1), VerdictKind::Up);
    assert_eq!(verdict(&snapshot, 2), VerdictKind::DiskFilling);
}

#[test]
fn a_broker_that_only_memory_knows_is_gone_and_not_counted() {
    let mut facts = five("").facts();
    let entry = RosterEntry {
        endpoint: Endpoint {
            host: "kafka-9".into(),
            port: 9092,
        },
        rack: None,
        first_seen: Moment::default(),
        last_alive: NOW.minus(Span::from_secs(86_400)),
    };
    Arc::make_mut(&mut facts.roster).insert(BrokerId(9), entry.clone());
    set_probe(&mut facts, 9, failing(Rung::Tcp, true, 60));
    let snapshot = judge(&facts);
    assert_eq!(verdict(&snapshot, 9), VerdictKind::Gone);
    assert_eq!(
        broker(&snapshot, 9).verdict.since,
        Some(Since::Known(entry.last_alive))
    );
    assert_eq!(counter(&snapshot), "5/5");

    let topic = r#"topic = [{ name = "t", partition = { 0 = { replicas = [9], isr = [9], leader = -1 } } }]"#;
    let snapshot = five(topic).judge();
    assert_eq!(
        verdict(&snapshot, 9),
        VerdictKind::Down,
        "a replica list names it"
    );
    assert_eq!(counter(&snapshot), "5/6");
}

#[test]
fn since_is_the_last_fetch_by_our_clock_else_the_last_time_seen_alive() {
    let snapshot = snapshot("two_of_five_down");
    // Learned a second ago; the quorum leader's clock is 100 s ahead and must not show.
    let fetched = NOW.minus(Span::from_secs(241));
    assert_eq!(
        broker(&snapshot, 3).verdict.since,
        Some(Since::Known(fetched))
    );
    // Observers vanish after five minutes: memory is left.
    let alive = NOW.minus(Span::from_secs(900));
    assert_eq!(
        broker(&snapshot, 5).verdict.since,
        Some(Since::Known(alive))
    );
}

#[test]
fn without_any_record_since_is_at_least_the_first_time_seen_down() {
    let mut facts = five(&format!("down = {{ 3 = \"4m\" }}\n{SIX_TOPICS}")).facts();
    facts.quorum = Observed::default();
    facts.roster = Arc::default();
    let first = NOW.minus(Span::from_secs(240));
    let snapshot = judge(&facts);
    assert_eq!(
        broker(&snapshot, 3).verdict.since,
        Some(Since::AtLeast(first))
    );
}

#[test]
fn an_outage_keeps_its_beginning_through_its_verdicts() {
    let healthy = five(SIX_TOPICS).facts();
    let watched = Snapshot::judge(healthy.clone(), None, NOW.minus(Span::from_secs(60)));
    let mut dying = healthy;
    set_probe(&mut dying, 3, failing(Rung::Tcp, true, 8));
    let dying = Snapshot::judge(dying, Some(&watched), NOW.minus(Span::from_secs(6)));
    let began = Some(Since::Known(NOW.minus(Span::from_secs(8))));
    assert_eq!(
        broker(&dying, 3).verdict.since,
        began,
        "it turned so under our eyes"
    );

    let mut dead = five(&format!("down = {{ 3 = \"2s\" }}\n{SIX_TOPICS}")).facts();
    dead.quorum = Observed::default();
    let dead = Snapshot::judge(dead, Some(&dying), NOW);
    assert_eq!(verdict(&dead, 3), VerdictKind::Down);
    assert_eq!(broker(&dead, 3).verdict.since, began);
}

#[test]
fn what_one_broker_alone_says_is_called_its_opinion() {
    let mut facts = five(&format!("down = {{ 3 = \"4m\" }}\n{SIX_TOPICS}")).facts();
    facts.coverage = Coverage {
        asked: (1..=5).map(BrokerId).collect(),
        answered: vec![BrokerId(1)],
    };
    let snapshot = judge(&facts);
    let down = &broker(&snapshot, 3).verdict;
    assert_eq!(down.confidence, Confidence::Medium);
    let last = down.evidence.last().unwrap();
    assert_eq!(&**last, "only broker 1 answers: this is its opinion");
    let own = &broker(&snapshot, 1).verdict;
    assert_eq!(own.confidence, Confidence::High);

    set_probe(&mut facts, 5, Probe::default());
    let starting = judge(&facts);
    let down = &broker(&starting, 3).verdict;
    assert_eq!(down.confidence, Confidence::High, "5 may yet answer");
}

#[test]
fn evidence_that_is_not_available_is_listed_as_such() {
    let snapshot = snapshot("not_permitted");
    let lines = &broker(&snapshot, 4).verdict.evidence;
    for missing in [
        "controller (DescribeCluster): not permitted",
        "quorum (DescribeQuorum): not permitted",
        "log dirs: not permitted",
    ] {
        assert!(
            lines.iter().any(|line| &**line == missing),
            "{missing}: {lines:?}"
        );
    }
    assert_eq!(broker(&snapshot, 4).voter, None);
}
