//! The one word for a broker's state: the decision table of operations.md §1.5 as a pure function.

use std::sync::Arc;

use super::evidence::{Evidence, Reading};
use super::units::Moment;

/// The verdicts of screens.md §2, in the order of its glyph table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerdictKind {
    Up,
    Down,
    Fenced,
    Isolated,
    GoingDown,
    UnreachableHere,
    PeersCannotReach,
    WrongTarget,
    CannotFollow,
    CatchingUp,
    ViewsDisagree,
    DegradedDisk,
    DiskFilling,
    Maintenance,
    Slow,
    Gone,
    NoContact,
}

impl VerdictKind {
    /// The token of JSON output and scripts (screens.md §2).
    pub fn token(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Fenced => "fenced",
            Self::Isolated => "isolated",
            Self::GoingDown => "going_down",
            Self::UnreachableHere => "unreachable_here",
            Self::PeersCannotReach => "peers_cannot_reach",
            Self::WrongTarget => "wrong_target",
            Self::CannotFollow => "cannot_follow",
            Self::CatchingUp => "catching_up",
            Self::ViewsDisagree => "views_disagree",
            Self::DegradedDisk => "degraded_disk",
            Self::DiskFilling => "disk_filling",
            Self::Maintenance => "maintenance",
            Self::Slow => "slow",
            Self::Gone => "gone",
            Self::NoContact => "no_contact",
        }
    }

    /// The words on the screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "DOWN",
            Self::Fenced => "FENCED",
            Self::Isolated => "ISOLATED",
            Self::GoingDown => "not answering",
            Self::UnreachableHere => "unreachable from here",
            Self::PeersCannotReach => "peers cannot reach it",
            Self::WrongTarget => "wrong target",
            Self::CannotFollow => "cannot follow",
            Self::CatchingUp => "catching up",
            Self::ViewsDisagree => "views disagree",
            Self::DegradedDisk => "degraded disk",
            Self::DiskFilling => "disk filling",
            Self::Maintenance => "maintenance",
            Self::Slow => "slow",
            Self::Gone => "gone",
            Self::NoContact => "no contact",
        }
    }
}

/// How sure a verdict is: two classes of evidence agree, two views of one class, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// When a state began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Since {
    /// Known from the quorum's last fetch or our own record of it alive.
    Known(Moment),
    /// At least this long: the moment this tool first saw it so. Drawn with `≥`.
    AtLeast(Moment),
}

impl Since {
    /// How long it has been so: `4m`, or `≥4m` where we only know since when we watch.
    pub fn length(self, now: Moment) -> String {
        let age = self.moment().age(now);
        match self {
            Self::Known(_) => age.to_string(),
            Self::AtLeast(_) => format!("≥{age}"),
        }
    }

    /// The moment itself.
    pub fn moment(self) -> Moment {
        match self {
            Self::Known(moment) | Self::AtLeast(moment) => moment,
        }
    }
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub kind: VerdictKind,
    /// `None` for `up` and where nothing is known.
    pub since: Option<Since>,
    pub confidence: Confidence,
    /// One line per source: what it says ("controller: fenced", "TCP: host answers, nothing listens on 9092"); the
    /// evidence that was not available is listed too.
    pub evidence: Vec<Arc<str>>,
}

/// The verdict on one broker: the first row of operations.md §1.5 that its evidence fits. `before` is the verdict of the
/// previous snapshot, if there was one: it carries since when.
pub fn judge_broker(evidence: &Evidence<'_>, before: Option<Before<'_>>) -> Verdict {
    let kind = kind(evidence);
    let mut confidence = confidence(kind, evidence);
    if evidence.opinion_of().is_some() {
        confidence = confidence.lower();
    }
    Verdict {
        kind,
        since: since(kind, evidence, before),
        confidence,
        evidence: evidence.lines(),
    }
}

/// What the previous snapshot said.
#[derive(Debug, Clone, Copy)]
pub enum Before<'a> {
    /// It knew the broker.
    Known(&'a Verdict),
    /// It knew the cluster but not this broker.
    New,
}

impl VerdictKind {
    /// Whether it means that the broker is away or about to be: one outage, whatever name it has at the moment.
    pub fn away(self) -> bool {
        matches!(self, Self::Down | Self::Fenced | Self::GoingDown)
    }

    /// Whether a broker that the cluster lists is nevertheless no use to it: the `!1` of the header's counter.
    pub fn alive_but_bad(self) -> bool {
        matches!(
            self,
            Self::Isolated | Self::GoingDown | Self::PeersCannotReach | Self::CannotFollow
        )
    }
}

impl Confidence {
    /// One step less sure.
    fn lower(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }

    /// By the number of independent classes of evidence that agree.
    fn of_classes(agreeing: usize) -> Self {
        if agreeing >= 2 { Self::High } else { Self::Low }
    }
}

fn kind(evidence: &Evidence<'_>) -> VerdictKind {
    if evidence.facts.no_contact_since.is_some() {
        return VerdictKind::NoContact;
    }
    match evidence.listed {
        None => VerdictKind::NoContact,
        Some(_) if evidence.wrong_target() => VerdictKind::WrongTarget,
        Some(true) => alive_kind(evidence),
        Some(false) => absent_kind(evidence),
    }
}

/// Rows 5, 6, 7 and 18. A broker that neither the controller nor any replica list knows is gone, whatever its old
/// address answers, unless the operator expects it. Where the controller cannot tell fenced brokers, an answering process counts as fenced.
fn absent_kind(evidence: &Evidence<'_>) -> VerdictKind {
    if evidence.registration.is_none() && !evidence.referenced() && !evidence.wanted() {
        return VerdictKind::Gone;
    }
    match evidence.reading() {
        Reading::Running | Reading::Silent => VerdictKind::Fenced,
        Reading::Undecided if evidence.fenced() => VerdictKind::Fenced,
        Reading::Unreachable | Reading::Undecided => VerdictKind::Down,
    }
}

/// Rows 8, 9, 10, 14, 15 and 19.
fn alive_kind(evidence: &Evidence<'_>) -> VerdictKind {
    let share = evidence.share.copied().unwrap_or_default();
    if evidence.unreachable() {
        let young = evidence
            .unreachable_for()
            .is_none_or(|age| age <= evidence.session_grace());
        // A cluster without a controller lists a dead broker for ever.
        let cut_off = share.nobody_follows() || share.follows_nobody() || evidence.quorum_lost;
        return if evidence.refuses_us() || !(young || cut_off) {
            VerdictKind::UnreachableHere
        } else {
            VerdictKind::GoingDown
        };
    }
    if share.nobody_follows() {
        VerdictKind::PeersCannotReach
    } else if share.offline > 0 || evidence.failed_dirs().next().is_some() {
        VerdictKind::DegradedDisk
    } else if evidence.filling_dirs().next().is_some() {
        VerdictKind::DiskFilling
    } else {
        VerdictKind::Up
    }
}

fn confidence(kind: VerdictKind, evidence: &Evidence<'_>) -> Confidence {
    let share = evidence.share.copied().unwrap_or_default();
    let lost = share.replicas > 0 && share.out_of_sync == share.replicas;
    match kind {
        VerdictKind::Down | VerdictKind::Fenced => {
            let probed = evidence.reading() != Reading::Undecided;
            match Confidence::of_classes(1 + usize::from(probed) + usize::from(lost)) {
                Confidence::Low if evidence.fenced() => Confidence::Medium,
                other => other,
            }
        }
        VerdictKind::GoingDown => {
            let cut_off = share.nobody_follows() || share.follows_nobody();
            Confidence::of_classes(1 + usize::from(cut_off))
        }
        VerdictKind::UnreachableHere => {
            Confidence::of_classes(1 + usize::from(share.leaders > 0 && !share.follows_nobody()))
        }
        VerdictKind::PeersCannotReach | VerdictKind::Up => {
            Confidence::of_classes(1 + usize::from(evidence.reachable()))
        }
        VerdictKind::DegradedDisk => {
            let told = evidence.failed_dirs().next().is_some();
            Confidence::of_classes(usize::from(told) + usize::from(share.offline > 0))
        }
        VerdictKind::Gone if evidence.facts.registrations.value().is_some() => Confidence::Medium,
        VerdictKind::NoContact if evidence.facts.no_contact_since.is_some() => Confidence::High,
        VerdictKind::Gone
        | VerdictKind::NoContact
        | VerdictKind::WrongTarget
        | VerdictKind::DiskFilling
        | VerdictKind::Isolated
        | VerdictKind::CannotFollow
        | VerdictKind::CatchingUp
        | VerdictKind::ViewsDisagree
        | VerdictKind::Maintenance
        | VerdictKind::Slow => Confidence::Low,
    }
}

/// Since when: what the sources say, held against what the previous snapshot said about the same outage.
fn since(kind: VerdictKind, evidence: &Evidence<'_>, before: Option<Before<'_>>) -> Option<Since> {
    let found = match kind {
        VerdictKind::Up => return None,
        VerdictKind::NoContact => return evidence.facts.no_contact_since.map(Since::Known),
        VerdictKind::Down | VerdictKind::Fenced | VerdictKind::Gone => evidence
            .stopped_fetching()
            .or_else(|| evidence.roster.map(|entry| entry.last_alive))
            .map(Since::Known),
        VerdictKind::GoingDown | VerdictKind::UnreachableHere => evidence
            .probe
            .and_then(|probe| probe.since)
            .map(Since::AtLeast),
        _ => None,
    };
    let found = found.unwrap_or(Since::AtLeast(evidence.now));
    let Some(before) = before else {
        return Some(found);
    };
    let same = match before {
        Before::Known(verdict) if verdict.kind == VerdictKind::NoContact => return Some(found),
        Before::Known(verdict) if verdict.kind == kind || (verdict.kind.away() && kind.away()) => {
            verdict.since
        }
        Before::Known(_) | Before::New => None,
    };
    Some(match same {
        Some(earlier) if earlier.moment() <= found.moment() => earlier,
        Some(_) => found,
        // It turned so under our eyes.
        None => Since::Known(found.moment()),
    })
}
