//! The rules of operations.md §1.5 and §2 told as situations, over small scenes.
mod any_facts;
mod cluster;
mod memory;
mod partitions;
mod scenes;
mod verdicts;

use lookout::model::health::{Finding, Rule, Severity};
use lookout::model::{BrokerId, BrokerView, Facts, Snapshot, Span, VerdictKind};

use crate::support::scene::{NOW, Scene};

/// Five brokers, three racks, three voters.
const FIVE: &str = r#"
name = "five"
racks = { a = [1, 2], b = [3, 4], c = [5] }
voters = [1, 2, 3]
leader = 2
"#;

/// [`FIVE`] with more lines.
fn five(lines: &str) -> Scene {
    Scene::parse(&format!("{FIVE}{lines}"))
}

/// What a tool shows that has watched these facts for four minutes.
fn judge(facts: &Facts) -> Snapshot {
    let before = Snapshot::judge(facts.clone(), None, NOW.minus(Span::from_secs(240)));
    Snapshot::judge(facts.clone(), Some(&before), NOW)
}

#[track_caller]
fn broker(snapshot: &Snapshot, id: i32) -> &BrokerView {
    snapshot
        .broker(BrokerId(id))
        .unwrap_or_else(|| panic!("no broker {id}"))
}

#[track_caller]
fn verdict(snapshot: &Snapshot, id: i32) -> VerdictKind {
    broker(snapshot, id).verdict.kind
}

fn findings(snapshot: &Snapshot, rule: Rule) -> Vec<&Finding> {
    snapshot
        .findings
        .iter()
        .filter(|finding| finding.rule == rule)
        .collect()
}

/// Severity and text of the findings of one rule.
fn told(snapshot: &Snapshot, rule: Rule) -> Vec<(Severity, &str)> {
    findings(snapshot, rule)
        .into_iter()
        .map(|finding| (finding.severity, finding.text.as_str()))
        .collect()
}

/// `alive/expected`, and `!n` for those that are alive and no use.
fn counter(snapshot: &Snapshot) -> String {
    let totals = &snapshot.totals;
    match totals.alive_but_bad {
        0 => format!("{}/{}", totals.alive, totals.expected),
        bad => format!("{}/{} !{bad}", totals.alive, totals.expected),
    }
}
