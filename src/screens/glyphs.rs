//! Which sign and which role a verdict has: the one glyph table of the program. Every sign is one cell wide and means
//! one thing.

use crate::model::verdict::VerdictKind;
use crate::ui::glyph::Glyph;
use crate::ui::theme::Role;

/// The sign of a verdict.
pub fn glyph(verdict: VerdictKind) -> Glyph {
    match verdict {
        VerdictKind::Up => Glyph::new('●', 'o'),
        VerdictKind::Down => Glyph::new('✗', 'X'),
        VerdictKind::Fenced => Glyph::new('▣', 'F'),
        VerdictKind::Isolated => Glyph::new('⊘', 'Z'),
        VerdictKind::GoingDown => Glyph::new('◐', '!'),
        VerdictKind::UnreachableHere => Glyph::new('◌', '.'),
        VerdictKind::PeersCannotReach => Glyph::new('⇤', '<'),
        VerdictKind::WrongTarget => Glyph::new('≠', 'W'),
        VerdictKind::CannotFollow => Glyph::new('⇥', '>'),
        VerdictKind::CatchingUp => Glyph::new('↻', 'c'),
        VerdictKind::ViewsDisagree => Glyph::new('◑', '%'),
        VerdictKind::DegradedDisk => Glyph::new('▥', 'D'),
        VerdictKind::DiskFilling => Glyph::new('▤', 'd'),
        VerdictKind::Maintenance => Glyph::new('‖', 'M'),
        VerdictKind::Slow => Glyph::new('≀', 's'),
        VerdictKind::Gone => Glyph::new('∅', '-'),
        VerdictKind::NoContact => Glyph::new('?', '?'),
    }
}

/// The sign of a cluster whose quorum has no majority.
pub const NO_QUORUM: Glyph = Glyph::new('⚑', 'Q');

/// The role a verdict is drawn in.
pub fn role(verdict: VerdictKind) -> Role {
    match verdict {
        VerdictKind::Up => Role::Ok,
        VerdictKind::Down | VerdictKind::Isolated | VerdictKind::NoContact => Role::Crit,
        VerdictKind::Fenced
        | VerdictKind::GoingDown
        | VerdictKind::PeersCannotReach
        | VerdictKind::CannotFollow
        | VerdictKind::DegradedDisk => Role::Major,
        VerdictKind::UnreachableHere
        | VerdictKind::WrongTarget
        | VerdictKind::CatchingUp
        | VerdictKind::ViewsDisagree
        | VerdictKind::DiskFilling
        | VerdictKind::Slow => Role::Warn,
        VerdictKind::Maintenance => Role::Accent,
        VerdictKind::Gone => Role::Dim,
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar;

    use super::*;
    use crate::ui::glyph as bricks;

    const VERDICTS: [VerdictKind; 17] = [
        VerdictKind::Up,
        VerdictKind::Down,
        VerdictKind::Fenced,
        VerdictKind::Isolated,
        VerdictKind::GoingDown,
        VerdictKind::UnreachableHere,
        VerdictKind::PeersCannotReach,
        VerdictKind::WrongTarget,
        VerdictKind::CannotFollow,
        VerdictKind::CatchingUp,
        VerdictKind::ViewsDisagree,
        VerdictKind::DegradedDisk,
        VerdictKind::DiskFilling,
        VerdictKind::Maintenance,
        VerdictKind::Slow,
        VerdictKind::Gone,
        VerdictKind::NoContact,
    ];

    fn table() -> impl Iterator<Item = Glyph> {
        VERDICTS.into_iter().map(glyph).chain([NO_QUORUM])
    }

    #[test]
    fn every_sign_is_one_cell_wide() {
        for glyph in table() {
            assert_eq!(glyph.unicode.width(), Some(1), "{glyph:?}");
            assert!(glyph.ascii.is_ascii_graphic(), "{glyph:?}");
        }
    }

    #[test]
    fn no_sign_has_two_meanings() {
        for sign in [|glyph: Glyph| glyph.unicode, |glyph: Glyph| glyph.ascii] {
            let mut signs: Vec<char> = table().map(sign).collect();
            signs.sort_unstable();
            signs.dedup();
            assert_eq!(signs.len(), VERDICTS.len() + 1, "{signs:?}");
        }
        for glyph in table() {
            assert!(
                bricks::all().all(|brick| brick.unicode != glyph.unicode),
                "{glyph:?}"
            );
        }
    }
}
