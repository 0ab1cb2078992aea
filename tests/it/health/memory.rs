//! When a finding is believed, and since when it is told to be there.

use std::sync::Arc;

use lookout::model::health::Rule;
use lookout::model::verdict::Since;
use lookout::model::{Facts, Moment, Observed, Snapshot, Span};

use super::{findings, five, told};
use crate::support::scene::NOW;

fn topic(partition: &str) -> Facts {
    let lines = format!(
        "topic = [{{ name = \"t\", rf = 3, min_isr = 2, partition = {{ 0 = {{ {partition} }} }} }}]"
    );
    five(&lines).facts()
}

/// The same facts as a later poll learned them.
fn polled(facts: &Facts, at: Moment) -> Facts {
    let mut facts = facts.clone();
    let topology = facts.topology.value().unwrap();
    facts.topology = Observed::learned(Arc::clone(topology), at, facts.topology.from());
    facts
}

fn after(secs: u64) -> Moment {
    NOW.plus(Span::from_secs(secs))
}

#[test]
fn what_appears_while_watching_needs_two_samples() {
    let healthy = Snapshot::judge(topic(""), None, NOW);
    let lagging = polled(&topic("isr = [1, 3]"), after(5));
    let first = Snapshot::judge(lagging.clone(), Some(&healthy), after(5));
    assert_eq!(told(&first, Rule::H05), []);
    let same_sample = Snapshot::judge(lagging.clone(), Some(&first), after(6));
    assert_eq!(
        told(&same_sample, Rule::H05),
        [],
        "judged again, learned once"
    );
    let second = Snapshot::judge(polled(&lagging, after(10)), Some(&same_sample), after(10));
    let [finding] = findings(&second, Rule::H05)[..] else {
        panic!("{:?}", second.findings);
    };
    assert_eq!(finding.since, Some(Since::Known(after(5))));
}

#[test]
fn what_is_critical_is_told_at_once() {
    let healthy = Snapshot::judge(topic(""), None, NOW);
    let refusing = polled(&topic("isr = [1]"), after(5));
    let first = Snapshot::judge(refusing, Some(&healthy), after(5));
    assert_eq!(told(&first, Rule::H04).len(), 1);
}

#[test]
fn what_was_there_at_the_start_is_told_at_once_and_older_than_we_know() {
    let first = Snapshot::judge(topic("isr = [1, 3]"), None, NOW);
    assert_eq!(
        findings(&first, Rule::H05)[0].since,
        Some(Since::AtLeast(NOW))
    );
}

#[test]
fn what_went_away_and_came_back_is_new() {
    let lagging = topic("isr = [1, 3]");
    let start = Snapshot::judge(lagging.clone(), None, NOW);
    let healed = Snapshot::judge(polled(&topic(""), after(5)), Some(&start), after(5));
    assert_eq!(told(&healed, Rule::H05), []);
    let back = Snapshot::judge(polled(&lagging, after(10)), Some(&healed), after(10));
    assert_eq!(told(&back, Rule::H05), []);
}

#[test]
fn losing_contact_does_not_make_old_findings_new() {
    let lagging = topic("isr = [1, 3]");
    let start = Snapshot::judge(lagging.clone(), None, NOW);
    let mut silent = lagging.clone();
    silent.no_contact_since = Some(after(5));
    let silent = Snapshot::judge(silent, Some(&start), after(6));
    assert_eq!(told(&silent, Rule::H05), []);
    let back = Snapshot::judge(polled(&lagging, after(60)), Some(&silent), after(60));
    assert_eq!(
        findings(&back, Rule::H05)[0].since,
        Some(Since::AtLeast(NOW))
    );
}
