//! C-01, C-02, no contact and the verdicts that become findings.

use std::sync::Arc;

use lookout::model::broker::BrokerId;
use lookout::model::health::{Place, Rule, Severity};
use lookout::model::observed::{Failure, FailureKind};
use lookout::model::{Facts, Moment, Observed, Quorum, QuorumReplica, Source, VerdictKind};

use super::{findings, five, judge, told};
use crate::support::scene::{NOW, Scene, snapshot};

const SAFE: &str = r#"topic = [{ name = "t", partitions = 60, rf = 3 }]"#;
const STRICT: &str = r#"topic = [{ name = "t", partitions = 60, rf = 3, min_isr = 3 }]"#;

#[test]
fn missing_brokers_are_one_line_with_ages_reasons_and_the_replicas_they_cost() {
    let snapshot = snapshot("two_of_five_down");
    let [finding] = findings(&snapshot, Rule::C01)[..] else {
        panic!("{:?}", snapshot.findings);
    };
    assert_eq!(
        finding.text,
        "2 of 5 brokers are DOWN: 3 (4m, no answer on TCP) 5 (15m, connection refused)"
    );
    assert_eq!(finding.note, "85 + 84 replicas affected");
    assert_eq!(finding.severity, Severity::Crit);
    assert_eq!(finding.place, Place::Brokers);
    assert_eq!(
        snapshot.findings[0].rule,
        Rule::C01,
        "the cause stands first"
    );
}

#[test]
fn a_missing_broker_is_major_until_it_costs_writes_or_reads() {
    let at_a_price = |topics: &str| five(&format!("down = {{ 5 = \"1m\" }}\n{topics}")).judge();
    assert_eq!(
        told(&at_a_price(SAFE), Rule::C01),
        [(
            Severity::Major,
            "1 of 5 brokers is DOWN: 5 (1m, no answer on TCP)"
        )]
    );
    assert_eq!(told(&at_a_price(STRICT), Rule::C01)[0].0, Severity::Crit);
    assert_eq!(told(&five(SAFE).judge(), Rule::C01), []);
}

#[test]
fn what_another_cause_costs_is_not_blamed_on_the_missing_broker() {
    let topics = r#"topic = [
        { name = "t", rf = 1, partition = { 0 = { replicas = [1, 2], isr = [2], leader = -1 } } },
    ]"#;
    let snapshot = five(&format!("down = {{ 5 = \"1m\" }}\n{topics}")).judge();
    assert_eq!(told(&snapshot, Rule::C01)[0].0, Severity::Major);
}

#[test]
fn missing_brokers_of_one_rack_fold_to_the_rack() {
    let snapshot = five(&format!("down = {{ 3 = \"1m\", 4 = \"1m\" }}\n{SAFE}")).judge();
    assert_eq!(
        told(&snapshot, Rule::C01)[0].1,
        "rack b: 2 of 2 brokers are DOWN: 3 (1m, no answer on TCP) 4 (1m, no answer on TCP)"
    );
}

#[test]
fn brokers_missing_in_different_ways_say_which() {
    let lines = "down = { 3 = \"1m\" }\nfenced = { 5 = \"2m\" }";
    assert_eq!(
        told(&five(lines).judge(), Rule::C01)[0].1,
        "2 of 5 brokers are not alive: 3 (DOWN, 1m, no answer on TCP) 5 (FENCED, 2m, its process answers)"
    );
}

#[test]
fn many_missing_brokers_keep_the_line_short() {
    let scene = Scene::parse(
        r#"
        name = "many"
        racks = { - = [1, 2, 3, 4, 5, 6, 7, 8] }
        down = { 2 = "1m", 3 = "1m", 4 = "1m", 5 = "1m", 6 = "1m", 7 = "1m" }
        topic = [{ name = "t", partitions = 8, rf = 8 }]
        "#,
    );
    let snapshot = scene.judge();
    let [finding] = findings(&snapshot, Rule::C01)[..] else {
        panic!();
    };
    assert!(
        finding.text.ends_with("5 (1m, no answer on TCP) 6, 7"),
        "{}",
        finding.text
    );
    assert_eq!(finding.note, "48 replicas affected");
}

#[test]
fn without_contact_there_is_one_finding_with_the_reasons() {
    let snapshot = snapshot("no_contact");
    assert_eq!(
        told(&snapshot, Rule::NoContact),
        [(
            Severity::Crit,
            "no broker answers (2m); what is shown is the last known state"
        )]
    );
    assert_eq!(snapshot.findings.len(), 1);
    assert!(
        snapshot.findings[0]
            .note
            .starts_with("no answer from kafka-1:9092")
    );
    assert_eq!(told(&five("").judge(), Rule::NoContact), []);
}

#[test]
fn without_contact_from_the_start_nothing_is_said_of_a_last_state() {
    let scene = Scene::parse("name = \"nowhere\"\nno_contact = \"12s\"");
    let snapshot = scene.judge();
    assert_eq!(
        told(&snapshot, Rule::NoContact),
        [(Severity::Crit, "no broker answers (12s)")]
    );
    assert!(snapshot.brokers.is_empty());
}

/// A quorum of `voters` of which `caught_up` are within two seconds, by the leader's clock.
fn quorum(voters: i32, caught_up: i32) -> Facts {
    let mut facts = five("").facts();
    let leader_now = 1_000_000;
    let replica = |id: i32| QuorumReplica {
        id: BrokerId(id),
        log_end_offset: None,
        last_fetch: None,
        last_caught_up: Some(Moment::from_unix_ms(match id {
            1 => leader_now,
            near if near <= caught_up => leader_now - 2000,
            _ => leader_now - 2001,
        })),
    };
    let quorum = Quorum {
        leader: Some(BrokerId(1)),
        epoch: 1,
        high_watermark: 0,
        voters: (1..=voters).map(replica).collect(),
        observers: Vec::new(),
    };
    facts.quorum = Observed::learned(Arc::new(quorum), NOW, Source::Bootstrap);
    facts
}

#[test]
fn the_quorum_is_judged_by_what_it_can_still_lose() {
    let judged = |voters, caught_up| {
        let snapshot = judge(&quorum(voters, caught_up));
        findings(&snapshot, Rule::C02)
            .first()
            .map(|finding| finding.severity)
    };
    assert_eq!(judged(5, 5), None);
    assert_eq!(judged(5, 4), None);
    assert_eq!(judged(5, 3), Some(Severity::Major));
    assert_eq!(judged(5, 2), Some(Severity::Crit));
    assert_eq!(judged(3, 3), None);
    assert_eq!(judged(3, 2), Some(Severity::Major));
    assert_eq!(judged(3, 1), Some(Severity::Crit));
    assert_eq!(judged(4, 4), Some(Severity::Warn));
    assert_eq!(judged(4, 3), Some(Severity::Major));
    assert_eq!(judged(2, 2), Some(Severity::Warn));
    assert_eq!(judged(1, 1), Some(Severity::Warn));
}

#[test]
fn the_voters_that_are_behind_are_named() {
    let snapshot = judge(&quorum(3, 2));
    assert_eq!(snapshot.totals.quorum, Some((2, 3)));
    assert_eq!(
        told(&snapshot, Rule::C02),
        [(
            Severity::Major,
            "2 of 3 quorum voters are caught up: no voter to lose"
        )]
    );
    assert_eq!(findings(&snapshot, Rule::C02)[0].note, "behind: 3");
}

#[test]
fn voters_whose_times_are_not_told_leave_the_quorum_unknown() {
    let mut facts = five("").facts();
    let mut quorum = Quorum::clone(facts.quorum.value().unwrap());
    for voter in &mut quorum.voters {
        voter.last_caught_up = None;
    }
    facts.quorum = Observed::learned(Arc::new(quorum), NOW, Source::Bootstrap);
    let snapshot = judge(&facts);
    assert_eq!(snapshot.totals.quorum, None);
    assert_eq!(told(&snapshot, Rule::C02), []);
}

#[test]
fn a_voter_that_has_not_fetched_from_the_new_leader_yet_is_behind() {
    let mut facts = quorum(3, 2);
    let mut quorum = Quorum::clone(facts.quorum.value().unwrap());
    quorum.voters[2].last_caught_up = None;
    facts.quorum = Observed::learned(Arc::new(quorum), NOW, Source::Bootstrap);
    let snapshot = judge(&facts);
    assert_eq!(snapshot.totals.quorum, Some((2, 3)));
    assert_eq!(findings(&snapshot, Rule::C02)[0].note, "behind: 3");
}

fn failing_quorum(kind: FailureKind, watched: &str) -> Facts {
    let mut facts = five(&format!("watched = \"{watched}\"")).facts();
    facts.quorum.fail(Failure {
        at: NOW,
        text: "DescribeQuorum did not work".into(),
        kind,
    });
    facts
}

#[test]
fn a_quorum_is_lost_when_nobody_has_told_a_leader_for_ten_seconds() {
    let lost = snapshot("quorum_lost");
    assert!(lost.totals.quorum_lost);
    assert_eq!(lost.totals.quorum, None);
    assert_eq!(
        told(&lost, Rule::C02),
        [(
            Severity::Crit,
            "the controller quorum has no leader (voters 1, 2, 3; silent: 2, 3)"
        )]
    );
    let mut brief = Scene::load("quorum_lost");
    brief.watched = "9s".to_owned();
    assert!(!brief.judge().totals.quorum_lost);
}

#[test]
fn a_refused_or_missing_describe_quorum_is_no_lost_quorum() {
    for kind in [
        FailureKind::NotPermitted,
        FailureKind::NotOffered,
        FailureKind::Garbled,
    ] {
        assert!(
            !judge(&failing_quorum(kind, "4m")).totals.quorum_lost,
            "{kind:?}"
        );
    }
    for kind in [FailureKind::NoAnswer, FailureKind::Refused] {
        assert!(
            judge(&failing_quorum(kind, "4m")).totals.quorum_lost,
            "{kind:?}"
        );
    }
    assert!(
        !snapshot("stale").totals.quorum_lost,
        "Metadata is not answered either"
    );
}

#[test]
fn a_quorum_that_no_broker_here_could_be_asked_about_is_not_lost() {
    let mut facts = failing_quorum(FailureKind::NoAnswer, "4m");
    facts.coverage.answered.clear();
    assert!(!judge(&facts).totals.quorum_lost);
}

#[test]
fn a_zookeeper_cluster_without_controller_is_told_so() {
    let with = five("kind = \"zookeeper\"").judge();
    assert_eq!(told(&with, Rule::C02), []);
    let scene = Scene::parse("name = \"z\"\nkind = \"zookeeper\"\nracks = { a = [1, 2] }");
    let without = scene.judge();
    assert_eq!(
        told(&without, Rule::C02),
        [(Severity::Crit, "the cluster has no controller")]
    );
}

#[test]
fn a_broker_that_stops_answering_is_told_before_the_cluster_drops_it() {
    assert_eq!(
        told(
            &snapshot("hanging_broker"),
            Rule::Broker(VerdictKind::GoingDown)
        ),
        [(
            Severity::Major,
            "1 of 5 brokers is going down or cut off: 3 (≥8s, port open, no answer)"
        )]
    );
    let rule = Rule::Broker(VerdictKind::GoingDown);
    assert_eq!(rule.id(), "B-09");
    assert_eq!(told(&snapshot("healthy"), rule), []);
}

#[test]
fn what_hangs_on_a_broker_going_down_or_a_dead_disk_is_not_told_twice() {
    let lines = "watched = \"30s\"\ntopic = [{ name = \"t\", rf = 3, partition = { 0 = { isr = [1, 3], offline = [5] } } }]";
    let disk = five(lines).judge();
    assert_eq!(
        told(&disk, Rule::Broker(VerdictKind::DegradedDisk)).len(),
        1
    );
    assert_eq!(told(&disk, Rule::H03), []);
    let lines = lines.replace("offline = [5]", "offline = []");
    assert_eq!(told(&five(&lines).judge(), Rule::H03).len(), 1);
    let hanging = five(&format!("hanging = {{ 5 = \"8s\" }}\n{lines}")).judge();
    assert_eq!(
        told(&hanging, Rule::Broker(VerdictKind::GoingDown)).len(),
        1
    );
    assert_eq!(told(&hanging, Rule::H03), []);
}

#[test]
fn a_missing_broker_whose_address_leads_elsewhere_is_missing_first() {
    let mut facts = five("fenced = { 4 = \"1m\" }").facts();
    let probes = Arc::make_mut(&mut facts.probes);
    Arc::make_mut(probes.get_mut(&BrokerId(4)).unwrap()).cluster_id = Some("other".into());
    let snapshot = judge(&facts);
    assert_eq!(
        told(&snapshot, Rule::C01)[0].1,
        "1 of 5 brokers is not alive: 4 (wrong target, ≥4m, its process answers)"
    );
    assert_eq!(told(&snapshot, Rule::Broker(VerdictKind::WrongTarget)), []);
}

#[test]
fn unreached_peers_are_critical_when_writes_are_refused() {
    let abandoned = |topics: &str| five(&format!("abandoned = [5]\n{topics}")).judge();
    let rule = Rule::Broker(VerdictKind::PeersCannotReach);
    let strict = abandoned(STRICT);
    assert_eq!(told(&strict, rule)[0].0, Severity::Crit);
    assert_eq!(
        findings(&strict, rule)[0].note,
        "acks=all writes to 12 partitions are refused"
    );
    let safe = abandoned(SAFE);
    assert_eq!(told(&safe, rule)[0].0, Severity::Major);
    assert_eq!(told(&safe, Rule::H03), [], "the line above explains it");
}

#[test]
fn disks_are_told_with_their_paths_and_urgency() {
    let rule = Rule::Broker(VerdictKind::DiskFilling);
    let text = "1 of 5 brokers is running out of disk: 2 (≥4m, /var/lib/kafka 14 % free)";
    assert_eq!(
        told(&five("free_percent = { 2 = 14 }").judge(), rule),
        [(Severity::Warn, text)]
    );
    assert_eq!(
        told(&five("free_percent = { 2 = 4 }").judge(), rule)[0].0,
        Severity::Major
    );
    let failed = five("failed_dir = { 2 = \"/d3\" }").judge();
    assert_eq!(
        told(&failed, Rule::Broker(VerdictKind::DegradedDisk)),
        [(
            Severity::Major,
            "1 of 5 brokers is on a degraded disk: 2 (≥4m, /d3 offline)"
        )]
    );
}
