//! The signs the bricks draw, each with its stand-in for terminals without UTF-8. One cell each, no state, no colour;
//! what a sign means to an operator is the screens' business.

/// Which repertoire the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum GlyphSet {
    #[default]
    Unicode,
    Ascii,
}

/// One sign, one cell wide in both repertoires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Glyph {
    pub unicode: char,
    pub ascii: char,
}

impl Glyph {
    pub const fn new(unicode: char, ascii: char) -> Self {
        Self { unicode, ascii }
    }

    /// The character for this repertoire.
    pub fn of(self, set: GlyphSet) -> char {
        match set {
            GlyphSet::Unicode => self.unicode,
            GlyphSet::Ascii => self.ascii,
        }
    }
}

/// Text goes on beyond the cell.
pub const MORE: Glyph = Glyph::new('…', '>');
/// Nothing is known; never a zero.
pub const UNKNOWN: Glyph = Glyph::new('–', '-');
/// The row under the cursor.
pub const MARKER: Glyph = Glyph::new('▌', '|');
/// Sorted, smallest first.
pub const ASCENDING: Glyph = Glyph::new('▲', '^');
/// Sorted, largest first.
pub const DESCENDING: Glyph = Glyph::new('▼', 'v');
/// Between the steps of a path.
pub const STEP: Glyph = Glyph::new('▸', '/');
/// Lower bound.
pub const AT_LEAST: Glyph = Glyph::new('≥', '>');

/// Further signs that sentences of the screens use: drawn as they are in Unicode, by their stand-in in ASCII.
const PUNCTUATION: [Glyph; 18] = [
    Glyph::new('·', '.'),
    Glyph::new('×', 'x'),
    Glyph::new('—', '-'),
    Glyph::new('≤', '<'),
    Glyph::new('→', '>'),
    Glyph::new('←', '<'),
    Glyph::new('↑', '^'),
    Glyph::new('↓', 'v'),
    Glyph::new('‹', '<'),
    Glyph::new('›', '>'),
    Glyph::new('─', '-'),
    Glyph::new('│', '|'),
    Glyph::new('┌', '+'),
    Glyph::new('┐', '+'),
    Glyph::new('└', '+'),
    Glyph::new('┘', '+'),
    Glyph::new('├', '+'),
    Glyph::new('┤', '+'),
];

const SIGNS: [Glyph; 7] = [MORE, UNKNOWN, MARKER, ASCENDING, DESCENDING, STEP, AT_LEAST];

/// Every sign of the bricks.
pub fn all() -> impl Iterator<Item = Glyph> {
    SIGNS.into_iter().chain(PUNCTUATION)
}

/// The stand-in of one of our own signs, so that a sentence written with them stays readable in ASCII.
pub fn stand_in(sign: char) -> Option<char> {
    all()
        .find(|glyph| glyph.unicode == sign)
        .map(|glyph| glyph.ascii)
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar;

    use super::*;

    #[test]
    fn every_sign_is_one_cell_and_its_stand_in_is_ascii() {
        for glyph in all() {
            assert_eq!(glyph.unicode.width(), Some(1), "{glyph:?}");
            assert!(glyph.ascii.is_ascii_graphic(), "{glyph:?}");
        }
    }

    #[test]
    fn no_sign_is_listed_twice() {
        let mut seen: Vec<char> = all().map(|glyph| glyph.unicode).collect();
        seen.sort_unstable();
        let listed = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), listed);
    }
}
