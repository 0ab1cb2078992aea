//! C-02 and operations.md §1.5 row 3: is there a controller, and how many voters can be lost.

use super::memory::Memory;
use super::{Finding, Place, Rule, Scope, Severity, words};
use crate::model::broker::BrokerId;
use crate::model::facts::{Facts, Kind};
use crate::model::observed::FailureKind;
use crate::model::quorum::{CAUGHT_UP_WITHIN, Quorum};
use crate::model::units::{Moment, Span};
use crate::model::verdict::Since;

/// An election takes seconds; a quorum without leader for longer is lost.
const LOST_AFTER: Span = Span::from_secs(10);

/// Under what name a quorum without leader is remembered.
const LOST: &str = "lost";

/// What follows from DescribeQuorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuorumHealth {
    /// Voters caught up, of all voters.
    pub caught_up: Option<(u32, u32)>,
    /// No leader, or nobody can tell, for longer than an election takes.
    pub lost: bool,
    pub since: Option<Since>,
}

/// Judges the quorum; `memory` knows how long it has been without a leader.
pub fn judge_quorum(facts: &Facts, memory: &mut Memory<'_>, now: Moment) -> QuorumHealth {
    if leaderless(facts) {
        let seen = memory.see_in(Rule::C02, LOST, facts.quorum.at());
        if seen.since.moment().age(now) >= LOST_AFTER {
            return QuorumHealth {
                caught_up: None,
                lost: true,
                since: Some(seen.since),
            };
        }
    }
    QuorumHealth {
        caught_up: facts.quorum.value().and_then(|quorum| caught_up(quorum)),
        ..QuorumHealth::default()
    }
}

/// Whether the latest attempt says that nobody leads. A cluster that does not offer the call, or refuses it to us, says
/// nothing.
fn leaderless(facts: &Facts) -> bool {
    // Where Metadata goes unanswered too, silence says nothing about the quorum.
    if facts.no_contact_since.is_some() || facts.topology.failure().is_some() {
        return false;
    }
    let zookeeper = facts
        .identity
        .value()
        .is_some_and(|identity| identity.kind == Kind::ZooKeeper);
    if zookeeper {
        return facts
            .topology
            .value()
            .is_some_and(|topology| topology.controller.is_none());
    }
    match facts.quorum.failure().map(|failure| failure.kind) {
        // Silence of brokers that answer nothing from here says nothing about the quorum.
        Some(FailureKind::NoAnswer) => !facts.coverage.answered.is_empty(),
        Some(FailureKind::Refused) => true,
        Some(FailureKind::NotPermitted | FailureKind::NotOffered | FailureKind::Garbled) => false,
        None => facts
            .quorum
            .value()
            .is_some_and(|quorum| quorum.leader.is_none()),
    }
}

/// By the leader's clock; `None` where the version asked does not say. A voter without a time has not fetched from this
/// leader yet: it is behind.
fn caught_up(quorum: &Quorum) -> Option<(u32, u32)> {
    let leader_now = quorum.leader_now()?;
    let mut count = 0;
    for voter in &quorum.voters {
        let near = voter
            .last_caught_up
            .is_some_and(|at| at.age(leader_now) <= CAUGHT_UP_WITHIN);
        count += u32::from(near || Some(voter.id) == quorum.leader);
    }
    Some((count, u32::try_from(quorum.voters.len()).ok()?))
}

/// The finding about the quorum, if there is one.
pub fn find(scope: &Scope<'_>, memory: &mut Memory<'_>) -> Option<Finding> {
    if scope.quorum.lost {
        return Some(lost(scope));
    }
    let (caught_up, voters) = scope.quorum.caught_up?;
    let majority = voters / 2 + 1;
    let (severity, text) = if caught_up < majority {
        (
            Severity::Crit,
            format!(
                "only {caught_up} of {voters} quorum voters are caught up: {majority} are needed"
            ),
        )
    } else if caught_up == majority && voters >= 3 {
        (
            Severity::Major,
            format!("{caught_up} of {voters} quorum voters are caught up: no voter to lose"),
        )
    } else if voters == 1 {
        (
            Severity::Warn,
            "the metadata quorum has one voter".to_owned(),
        )
    } else if voters.is_multiple_of(2) {
        (
            Severity::Warn,
            format!("the metadata quorum has {voters} voters: an even number gains nothing"),
        )
    } else {
        return None;
    };
    let sample = scope.facts.quorum.at();
    let seen = memory.see_in(Rule::C02, severity.word(), sample);
    let young = severity != Severity::Crit
        && matches!(seen.since, Since::Known(_))
        && seen.sample == sample;
    (!young).then(|| Finding {
        rule: Rule::C02,
        subject: severity.word().to_owned(),
        severity,
        text,
        note: behind_note(scope),
        next: "See :quorum; bring the lagging voters back before any restart.",
        since: Some(seen.since),
        place: Place::Quorum,
    })
}

/// Which voters are behind.
fn behind_note(scope: &Scope<'_>) -> String {
    let Some(quorum) = scope.facts.quorum.value() else {
        return String::new();
    };
    let leader_now = quorum.leader_now();
    let behind: Vec<BrokerId> = quorum
        .voters
        .iter()
        .filter(|voter| Some(voter.id) != quorum.leader)
        .filter(|voter| {
            let age = leader_now
                .zip(voter.last_caught_up)
                .map(|(now, at)| at.age(now));
            age.is_none_or(|age| age > CAUGHT_UP_WITHIN)
        })
        .map(|voter| voter.id)
        .collect();
    if behind.is_empty() {
        return String::new();
    }
    format!("behind: {}", words::brokers(&behind))
}

fn lost(scope: &Scope<'_>) -> Finding {
    let voters: Vec<BrokerId> = scope
        .facts
        .quorum
        .value()
        .map(|quorum| quorum.voters.iter().map(|voter| voter.id).collect())
        .unwrap_or_default();
    let silent: Vec<BrokerId> = voters
        .iter()
        .copied()
        .filter(|id| {
            let probe = scope.facts.probes.get(id);
            probe.is_some_and(|probe| probe.failure.is_some())
        })
        .collect();
    let text = match (voters.as_slice(), silent.as_slice()) {
        ([], _) => "the cluster has no controller".to_owned(),
        (_, []) => format!(
            "the controller quorum has no leader (voters {})",
            words::brokers(&voters)
        ),
        _ => format!(
            "the controller quorum has no leader (voters {}; silent: {})",
            words::brokers(&voters),
            words::brokers(&silent)
        ),
    };
    Finding {
        rule: Rule::C02,
        subject: LOST.to_owned(),
        severity: Severity::Crit,
        text,
        note: "no failover, no topic, config or ISR change".to_owned(),
        next: "Bring one silent voter back; do not restart brokers meanwhile.",
        since: scope.quorum.since,
        place: Place::Quorum,
    }
}
