//! Since when each finding has been there, carried from snapshot to snapshot, and which findings are still too young to
//! be believed. Never reads a clock.

use std::collections::BTreeMap;

use super::{Rule, Severity};
use crate::model::facts::Facts;
use crate::model::snapshot::Snapshot;
use crate::model::units::Moment;
use crate::model::verdict::Since;

/// When something was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub since: Since,
    /// The sample that showed it first: when that was learned.
    pub sample: Option<Moment>,
}

/// By rule and subject.
pub type FirstSeen = BTreeMap<(Rule, String), Seen>;

/// The memory of one judgement: what the previous snapshot had seen, and what this one sees.
#[derive(Debug)]
pub struct Memory<'a> {
    before: Option<&'a FirstSeen>,
    now: Moment,
    sample: Option<Moment>,
    seen: FirstSeen,
}

impl<'a> Memory<'a> {
    /// Takes over what the previous snapshot had seen, if it had seen anything of the cluster.
    pub fn recall(facts: &Facts, previous: Option<&'a Snapshot>, now: Moment) -> Self {
        Self {
            before: previous
                .filter(|snapshot| snapshot.facts.topology.value().is_some())
                .map(|snapshot| &*snapshot.first_seen),
            now,
            sample: facts.topology.at(),
            seen: FirstSeen::new(),
        }
    }

    /// Notes that the partitions show something.
    pub fn see(&mut self, rule: Rule, subject: &str) -> Seen {
        self.see_in(rule, subject, self.sample)
    }

    /// Notes that the sample learned at `sample` shows something.
    pub fn see_in(&mut self, rule: Rule, subject: &str, sample: Option<Moment>) -> Seen {
        let key = (rule, subject.to_owned());
        let known = self.before.and_then(|before| before.get(&key)).copied();
        let since = match self.before {
            // It appeared while we were watching.
            Some(_) => Since::Known(self.now),
            None => Since::AtLeast(self.now),
        };
        let seen = known.unwrap_or(Seen { since, sample });
        self.seen.insert(key, seen);
        seen
    }

    /// Nothing can be seen at the moment: what was seen before is kept as it is.
    pub fn hold(&mut self) {
        if let Some(before) = self.before {
            self.seen.clone_from(before);
        }
    }

    /// Two samples in a row make a finding that appears under our eyes (operations.md §2.5); the worst are told at once,
    /// and so is everything that was there when we came.
    pub fn confirmed(&self, severity: Severity, seen: Seen) -> bool {
        severity == Severity::Crit || matches!(seen.since, Since::AtLeast(_)) || self.repeated(seen)
    }

    /// Whether an earlier sample showed it too.
    pub fn repeated(&self, seen: Seen) -> bool {
        seen.sample != self.sample
    }

    /// What the next judgement is to remember.
    pub fn keep(self) -> FirstSeen {
        self.seen
    }
}
