//! H-01 to H-10: what makes each speak, what keeps it silent, and what a missing broker explains.

use std::sync::Arc;

use lookout::model::health::{Place, Rule, Severity};
use lookout::model::{Observed, PartitionState, Snapshot, Span, TopicView, Topology};

use super::{broker, findings, five, judge, told};
use crate::support::scene::{NOW, Scene, snapshot};

/// One topic `t` with three replicas on 1, 3, 5 and what differs in its partition 0.
fn one(lines: &str, topic: &str, partition: &str) -> Scene {
    five(&format!(
        "{lines}\ntopic = [{{ name = \"t\", rf = 3, {topic} partition = {{ 0 = {{ {partition} }} }} }}]"
    ))
}

fn view<'a>(snapshot: &'a Snapshot, topic: &str) -> &'a TopicView {
    &snapshot.topics[topic]
}

fn state(snapshot: &Snapshot) -> PartitionState {
    view(snapshot, "t").states[0]
}

#[test]
fn a_partition_without_leader_says_who_had_it() {
    let snapshot = snapshot("two_of_five_down");
    assert_eq!(
        told(&snapshot, Rule::H01),
        [(Severity::Crit, "1 partition has no leader: audit 1")]
    );
    assert_eq!(
        findings(&snapshot, Rule::H01)[0].note,
        "only copies were on 5"
    );
    assert_eq!(
        findings(&snapshot, Rule::H01)[0].place,
        Place::Topic("audit".into())
    );
    assert_eq!(told(&five("").judge(), Rule::H01), []);
}

#[test]
fn a_partition_whose_only_living_copies_are_out_of_sync_says_so() {
    let snapshot = one("down = { 5 = \"1m\" }", "", "isr = [5], leader = -1").judge();
    assert_eq!(
        findings(&snapshot, Rule::H01)[0].note,
        "only out-of-sync copies are up"
    );
    assert_eq!(state(&snapshot), PartitionState::NoLeader);
}

#[test]
fn a_leaderless_partition_with_an_in_sync_copy_alive_is_not_said_to_lack_one() {
    let snapshot = one("", "", "isr = [1], leader = -1").judge();
    assert_eq!(
        findings(&snapshot, Rule::H01)[0].note,
        "an in-sync copy is up"
    );
}

#[test]
fn a_leader_without_our_kind_of_listener_is_no_broker_to_bring_back() {
    let mut facts = one("", "", "isr = [1], leader = -1").facts();
    let mut topology = Topology::clone(facts.topology.value().unwrap());
    let topic = Arc::make_mut(&mut topology.topics).get_mut("t").unwrap();
    Arc::make_mut(topic).partitions[0].error = 72;
    facts.topology = Observed::learned(Arc::new(topology), NOW, facts.topology.from());
    let snapshot = judge(&facts);
    let [finding] = findings(&snapshot, Rule::H01)[..] else {
        panic!("{:?}", snapshot.findings);
    };
    assert_eq!(
        finding.note,
        "the leader has no listener of the kind this connection uses (seen only from here)"
    );
    assert!(finding.next.contains("advertised.listeners"));
}

#[test]
fn topics_are_named_worst_first_and_cut() {
    let topics: Vec<String> = [("a", 1), ("b", 4), ("c", 2), ("d", 3)]
        .iter()
        .map(|(name, partitions)| {
            let overrides: Vec<String> = (0..*partitions)
                .map(|index| format!("{index} = {{ leader = -1 }}"))
                .collect();
            format!(
                "{{ name = \"{name}\", partitions = {partitions}, rf = 3, partition = {{ {} }} }}",
                overrides.join(", ")
            )
        })
        .collect();
    let snapshot = five(&format!("topic = [{}]", topics.join(", "))).judge();
    assert_eq!(
        told(&snapshot, Rule::H01)[0].1,
        "10 partitions have no leader: b 4, d 3, c 2, …"
    );
}

#[test]
fn a_dead_leader_is_a_warning_while_a_failover_may_take_and_critical_after() {
    let led_by_the_dead = "leader = 5, isr = [1, 3, 5]";
    let brief = one(
        "watched = \"19s\"\ndown = { 5 = \"15s\" }",
        "",
        led_by_the_dead,
    )
    .judge();
    assert_eq!(
        told(&brief, Rule::H02),
        [(Severity::Warn, "1 partition is led by a dead broker: t 1")]
    );
    let long = one(
        "watched = \"20s\"\ndown = { 5 = \"15s\" }",
        "",
        led_by_the_dead,
    )
    .judge();
    assert_eq!(told(&long, Rule::H02)[0].0, Severity::Crit);
    assert_eq!(state(&long), PartitionState::LeaderDead);
    let alive = one("", "", led_by_the_dead).judge();
    assert_eq!(told(&alive, Rule::H02), []);
}

#[test]
fn under_replication_that_missing_brokers_explain_is_no_line_of_its_own() {
    let snapshot = snapshot("two_of_five_down");
    assert_eq!(snapshot.totals.under_replicated, 121);
    assert_eq!(told(&snapshot, Rule::H03), []);
}

#[test]
fn under_replication_on_alive_brokers_names_them_and_worsens_with_time() {
    let lagging =
        |watched: &str| one(&format!("watched = \"{watched}\""), "", "isr = [1, 3]").judge();
    let fresh = lagging("4m");
    assert_eq!(
        told(&fresh, Rule::H03),
        [(Severity::Warn, "1 partition is under-replicated: t 1")]
    );
    assert_eq!(
        findings(&fresh, Rule::H03)[0].note,
        "out of sync on alive brokers: 5 (1)"
    );
    assert_eq!(state(&fresh), PartitionState::UnderReplicated);
    assert_eq!(told(&lagging("10m"), Rule::H03)[0].0, Severity::Major);
}

#[test]
fn a_partition_that_lacks_a_dead_and_a_living_replica_is_told() {
    let snapshot = one("down = { 5 = \"1m\" }", "", "isr = [1]").judge();
    assert_eq!(
        findings(&snapshot, Rule::H03)[0].note,
        "out of sync on alive brokers: 3 (1)"
    );
}

#[test]
fn replicas_being_added_are_not_missing() {
    let moving = "replicas = [1, 3, 5, 2], isr = [1, 3, 5], adding = [2]";
    let snapshot = one("", "", moving).judge();
    assert_eq!(told(&snapshot, Rule::H03), []);
    let view = view(&snapshot, "t");
    assert_eq!((view.moving, view.under_replicated), (1, 0));
    assert_eq!(view.replication_factor, (3, 3));
    let target = broker(&snapshot, 2);
    assert_eq!((target.replicas, target.out_of_sync), (Some(1), Some(0)));
}

#[test]
fn a_finished_move_is_seen_in_topics_that_are_otherwise_the_same() {
    let facts = one(
        "",
        "",
        "replicas = [1, 3, 5, 2], isr = [1, 3, 5], adding = [2]",
    )
    .facts();
    let before = judge(&facts);
    let mut after = facts.clone();
    after.moves = Observed::learned(Arc::default(), before.at, facts.moves.from());
    let after = Snapshot::judge(after, Some(&before), before.at);
    assert_eq!(view(&after, "t").under_replicated, 1);
}

#[test]
fn internal_topics_weigh_one_severity_more_on_their_own_line() {
    let snapshot = five(
        r#"topic = [
        { name = "t", rf = 3, partition = { 0 = { isr = [1, 3] } } },
        { name = "__consumer_offsets", internal = true, rf = 3, partition = { 0 = { isr = [1, 3] } } },
        ]"#,
    )
    .judge();
    assert_eq!(
        told(&snapshot, Rule::H03),
        [
            (
                Severity::Major,
                "1 internal partition is under-replicated: __consumer_offsets 1"
            ),
            (Severity::Warn, "1 partition is under-replicated: t 1"),
        ]
    );
}

#[test]
fn refused_writes_are_critical_and_counted_with_those_that_nobody_leads() {
    let snapshot = one("", "min_isr = 2,", "isr = [1]").judge();
    assert_eq!(
        told(&snapshot, Rule::H04),
        [(
            Severity::Crit,
            "1 partition refuses acks=all writes (in-sync < min.insync.replicas)"
        )]
    );
    assert_eq!(state(&snapshot), PartitionState::UnderMinIsr);
    let enough = one("", "min_isr = 2,", "isr = [1, 3]").judge();
    assert_eq!(told(&enough, Rule::H04), []);
    let leaderless = one("", "min_isr = 2,", "isr = [1], leader = -1").judge();
    assert_eq!(leaderless.totals.under_min_isr, Some(1));
    assert_eq!(
        told(&leaderless, Rule::H04),
        [],
        "the line about the leader says it"
    );
}

#[test]
fn min_isr_above_the_replication_factor_counts_as_the_replication_factor() {
    let topic = r#"topic = [{ name = "t", rf = 1, min_isr = 2 }]"#;
    let snapshot = five(topic).judge();
    assert_eq!(view(&snapshot, "t").min_isr, Some(1));
    assert_eq!(view(&snapshot, "t").under_min_isr, Some(0));
    assert_eq!(view(&snapshot, "t").at_min_isr, Some(0));
}

#[test]
fn one_more_loss_refuses_writes_at_min_isr_but_not_with_all_in_sync() {
    let at = one("", "min_isr = 2,", "isr = [1, 3]").judge();
    assert_eq!(
        told(&at, Rule::H05),
        [(
            Severity::Major,
            "1 partition is at min.insync.replicas: one more loss refuses writes"
        )]
    );
    assert_eq!(state(&at), PartitionState::AtMinIsr);
    assert_eq!(view(&at, "t").at_min_isr, Some(1));
    let full = one("", "min_isr = 3,", "").judge();
    assert_eq!(told(&full, Rule::H05), []);
}

#[test]
fn a_single_copy_names_the_broker_that_loses_it() {
    let snapshot = snapshot("healthy");
    assert_eq!(
        told(&snapshot, Rule::H09),
        [(Severity::Warn, "3 partitions have a single copy: audit 3")]
    );
    assert_eq!(
        findings(&snapshot, Rule::H09)[0].note,
        "lost with their broker: 2 (1), 4 (1), 5 (1)"
    );
    assert_eq!(told(&one("", "", "").judge(), Rule::H09), []);
}

#[test]
fn the_last_in_sync_copies_say_what_losing_their_broker_takes() {
    let topics = r#"topic = [
        { name = "t", partitions = 3, rf = 3, partition = { 0 = { isr = [1] }, 1 = { isr = [3], leader = 3 }, 2 = { isr = [1], leader = 1, replicas = [5, 1, 2] } } },
    ]"#;
    let snapshot = five(topics).judge();
    assert_eq!(
        told(&snapshot, Rule::H10),
        [(
            Severity::Major,
            "losing broker 1 as well takes 2 partitions offline (3: 1)"
        )]
    );
    assert_eq!(state(&snapshot), PartitionState::OneCopyLeft);
    assert_eq!(told(&one("", "", "isr = [1, 3]").judge(), Rule::H10), []);
    let single = five(r#"topic = [{ name = "t", rf = 1 }]"#).judge();
    assert_eq!(told(&single, Rule::H10), [], "a single copy is H-09");
}

#[test]
fn an_unknown_min_isr_silences_two_rules_and_is_told_once() {
    let snapshot = snapshot("not_permitted");
    assert_eq!(told(&snapshot, Rule::H05), []);
    assert_eq!(
        told(&snapshot, Rule::H04),
        [(
            Severity::Info,
            "min.insync.replicas of 6 topics is unknown: not permitted"
        )]
    );
    assert_eq!(snapshot.totals.under_min_isr, None);
    assert_eq!(view(&snapshot, "orders").min_isr, None);
    assert_eq!(told(&super::five("").judge(), Rule::H04), [], "no topics");
}

#[test]
fn min_isr_that_nobody_has_asked_for_yet_is_unknown_too() {
    let mut facts = one("", "min_isr = 2,", "isr = [1]").facts();
    facts.configs = Observed::default();
    let first = judge(&facts);
    assert_eq!(told(&first, Rule::H04), [], "the answer may be on its way");
    let topology = facts.topology.value().unwrap().clone();
    let later = first.at.plus(Span::from_secs(5));
    facts.topology = Observed::learned(topology, later, facts.topology.from());
    let second = Snapshot::judge(facts, Some(&first), later);
    assert_eq!(
        told(&second, Rule::H04),
        [(
            Severity::Info,
            "min.insync.replicas of 1 topic is unknown: not asked yet"
        )]
    );
}

#[test]
fn a_topic_that_did_not_change_keeps_its_view() {
    let facts = Scene::load("healthy").facts();
    let first = judge(&facts);
    let again = Snapshot::judge(facts.clone(), Some(&first), first.at);
    assert!(Arc::ptr_eq(&first.topics, &again.topics));
    let mut configured = facts.clone();
    let mut configs = (**facts.configs.value().unwrap()).clone();
    configs.get_mut("orders").unwrap().min_insync_replicas = Some(3);
    configured.configs = Observed::learned(Arc::new(configs), first.at, facts.configs.from());
    let changed = Snapshot::judge(configured, Some(&first), first.at);
    assert_eq!(view(&changed, "orders").min_isr, Some(3));
    assert!(Arc::ptr_eq(
        &first.topics["audit"],
        &changed.topics["audit"]
    ));
}

#[test]
fn a_death_is_seen_in_topics_that_are_otherwise_the_same() {
    let facts = one("", "", "leader = 5, isr = [1, 3, 5]").facts();
    let before = judge(&facts);
    let mut after = facts.clone();
    let mut topology = (**facts.topology.value().unwrap()).clone();
    topology.brokers.remove(&lookout::model::BrokerId(5));
    after.topology = Observed::learned(Arc::new(topology), before.at, facts.topology.from());
    let after = Snapshot::judge(after, Some(&before), before.at);
    assert_eq!(state(&after), PartitionState::LeaderDead);
}
