//! Every scene file judged: the header's counts and the list of findings in one glance.

use std::collections::BTreeSet;

use crate::support::scene::snapshot;

use super::counter;

/// `counter under-replicated no-leader: rule severity, …`.
fn summary(name: &str) -> String {
    let snapshot = snapshot(name);
    let findings: Vec<String> = snapshot
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.rule.id(), finding.severity.word()))
        .collect();
    let totals = &snapshot.totals;
    format!(
        "{} {} {}: {}",
        counter(&snapshot),
        totals.under_replicated,
        totals.no_leader,
        findings.join(", ")
    )
}

#[test]
fn every_scene_reads_as_its_name_says() {
    for (name, expected) in [
        ("empty", "3/3 0 0: "),
        ("healthy", "5/5 0 0: H-09 WARN"),
        (
            "two_of_five_down",
            "3/5 121 1: C-01 CRIT, H-01 CRIT, H-04 CRIT, H-05 CRIT, H-10 CRIT, C-02 MAJOR, H-05 MAJOR, H-10 MAJOR, H-09 WARN",
        ),
        (
            "hanging_broker",
            "5/5 !1 0 0: B-09 MAJOR, C-02 MAJOR, H-09 WARN",
        ),
        ("stale", "5/5 0 0: H-09 WARN"),
        ("no_contact", "5/5 0 0: B-01 CRIT"),
        (
            "quorum_lost",
            "5/5 !2 0 0: C-02 CRIT, B-09 MAJOR, H-09 WARN",
        ),
        (
            "not_permitted",
            "4/5 86 1: C-01 CRIT, H-01 CRIT, H-09 WARN, H-04 INFO",
        ),
        (
            "hostile_names",
            "2/3 7 0: C-01 CRIT, H-04 CRIT, C-02 MAJOR, H-05 MAJOR, H-09 WARN",
        ),
    ] {
        assert_eq!(summary(name), expected, "{name}");
    }
}

#[test]
fn a_hostile_name_stays_as_it_came_until_it_is_drawn() {
    let snapshot = snapshot("hostile_names");
    assert!(snapshot.topics.keys().any(|name| name.contains('\u{1b}')));
    assert!(snapshot.facts.groups.value().is_some());
}

#[test]
fn no_two_findings_share_rule_and_subject() {
    for name in [
        "two_of_five_down",
        "not_permitted",
        "hostile_names",
        "quorum_lost",
    ] {
        let snapshot = snapshot(name);
        let keys: BTreeSet<_> = snapshot
            .findings
            .iter()
            .map(|finding| (finding.rule, &finding.subject))
            .collect();
        assert_eq!(keys.len(), snapshot.findings.len(), "{name}");
    }
}
