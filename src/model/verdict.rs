//! The one word for a broker's state: the decision table of operations.md §1.5 as a pure function.

use std::sync::Arc;

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
            Self::GoingDown => "going down",
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
