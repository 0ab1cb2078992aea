//! Makes any string safe to show and cuts it to cells. Names, keys and error texts come from the network: none of
//! their bytes may move the cursor, change colours, reorder or hide what stands beside them.
//! Never drops a character silently: what cannot be shown is spelled out.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::glyph::{self, GlyphSet};

/// Marks one base character may carry: enough for every living script, too few to smear over the rows above.
const MAX_MARKS: usize = 2;

/// Where text sits in a cell wider than itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Align {
    #[default]
    Left,
    Right,
}

/// The text with everything that a terminal would obey, reorder or hide made visible: `␛`, `␊`, `‹U+202E›`; in ASCII
/// `^[`, `^J`, `<U+202E>`. Borrowed when nothing had to change.
pub fn visible(raw: &str, glyphs: GlyphSet) -> Cow<'_, str> {
    if raw.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut marks = MAX_MARKS; // a mark with no base to sit on is spelled out
    for c in raw.chars() {
        let is_mark = is_mark(c);
        marks = if is_mark { marks + 1 } else { 0 };
        match glyphs {
            GlyphSet::Unicode if is_plain(c) && marks <= MAX_MARKS => out.push(c),
            GlyphSet::Unicode => spell_unicode(c, &mut out),
            GlyphSet::Ascii => spell_ascii(c, &mut out),
        }
        if is_mark && marks > MAX_MARKS {
            marks = MAX_MARKS;
        }
    }
    Cow::Owned(out)
}

fn is_mark(c: char) -> bool {
    !c.is_control() && c.width() == Some(0)
}

/// Shown as it is: takes the cells it seems to take and does nothing else.
pub fn is_plain(c: char) -> bool {
    if c == ' ' {
        return true;
    }
    !(c.is_control() || c.is_whitespace() || is_invisible(c))
}

/// Format characters, bidi controls, fillers, variation selectors, tags and non-characters: no ink of their own.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x070F | 0x180B..=0x180F | 0x0600..=0x0605 | 0x06DD | 0x08E2
        | 0x115F | 0x1160 | 0x17B4 | 0x17B5
        | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xFFFE | 0xFFFF
        | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF)
}

fn spell_unicode(c: char, out: &mut String) {
    let code = u32::from(c);
    let picture = match code {
        0..=0x1F => char::from_u32(0x2400 + code),
        0x7F => Some('\u{2421}'),
        _ => None,
    };
    match picture {
        Some(picture) => out.push(picture),
        None => {
            let _ = write!(out, "‹U+{code:04X}›"); // a String takes any write
        }
    }
}

fn spell_ascii(c: char, out: &mut String) {
    let code = u32::from(c);
    match c {
        ' '..='~' => out.push(c),
        '\0'..='\x1F' | '\x7F' => {
            out.push('^');
            out.extend(char::from_u32(code ^ 0x40));
        }
        _ => match glyph::stand_in(c) {
            Some(sign) => out.push(sign),
            None => {
                let _ = write!(out, "<U+{code:04X}>");
            }
        },
    }
}

/// Cells the text takes. Meant for text that `visible` has passed.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The longest beginning of the text that takes no more than `cells`, and the cells it takes.
pub fn beginning(text: &str, cells: usize) -> (&str, usize) {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        let next = taken + c.width().unwrap_or(0);
        if next > cells {
            return (text.get(..at).unwrap_or_default(), taken);
        }
        taken = next;
    }
    (text, taken)
}

/// The text in at most `cells` cells; a cut ends in `…` (ASCII `>`).
pub fn truncate(text: &str, cells: usize, glyphs: GlyphSet) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let (kept, _) = beginning(text, cells - 1);
    let mut out = String::with_capacity(kept.len() + 4);
    out.push_str(kept);
    out.push(glyph::MORE.of(glyphs));
    Cow::Owned(out)
}

/// Safe text in exactly `cells` cells: spelled out, cut, padded.
pub fn fit(raw: &str, cells: usize, align: Align, glyphs: GlyphSet) -> String {
    let shown = visible(raw, glyphs);
    let cut = truncate(&shown, cells, glyphs);
    let padding = " ".repeat(cells.saturating_sub(width(&cut)));
    match align {
        Align::Left => format!("{cut}{padding}"),
        Align::Right => format!("{padding}{cut}"),
    }
}

/// Text broken between words into lines of at most `cells` cells; a word longer than a line is cut by whoever draws it.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= cells => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_hostile(c: char) -> bool {
        let code = u32::from(c);
        c.is_control()
            || (c != ' ' && c.is_whitespace())
            || matches!(code, 0x202A..=0x202E | 0x2066..=0x2069 | 0x200B..=0x200F | 0x061C | 0xFEFF)
    }

    #[test]
    fn an_escape_sequence_is_shown_and_not_obeyed() {
        assert_eq!(visible("a\x1b[31mb", GlyphSet::Unicode), "a␛[31mb");
        assert_eq!(visible("a\x1b[31mb", GlyphSet::Ascii), "a^[[31mb");
    }

    #[test]
    fn newlines_tabs_delete_and_c1_are_spelled_out() {
        assert_eq!(
            visible("a\tb\r\n\x7f\u{9b}", GlyphSet::Unicode),
            "a␉b␍␊␡‹U+009B›"
        );
        assert_eq!(
            visible("a\tb\n\x7f\u{9b}", GlyphSet::Ascii),
            "a^Ib^J^?<U+009B>"
        );
    }

    #[test]
    fn bidi_overrides_and_zero_width_characters_are_spelled_out() {
        assert_eq!(
            visible("x\u{202e}y\u{200b}z", GlyphSet::Unicode),
            "x‹U+202E›y‹U+200B›z"
        );
        assert_eq!(visible("x\u{2066}", GlyphSet::Ascii), "x<U+2066>");
    }

    #[test]
    fn accents_stay_and_a_flood_of_them_is_spelled_out() {
        assert_eq!(visible("e\u{301}", GlyphSet::Unicode), "e\u{301}");
        let flood = format!("e{}", "\u{301}".repeat(4));
        assert_eq!(
            visible(&flood, GlyphSet::Unicode),
            "e\u{301}\u{301}‹U+0301›‹U+0301›"
        );
        assert_eq!(visible("\u{301}e", GlyphSet::Unicode), "‹U+0301›e");
    }

    #[test]
    fn our_own_signs_have_a_stand_in_in_ascii() {
        assert_eq!(visible("up · 4 ≥ 3 – …", GlyphSet::Ascii), "up . 4 > 3 - >");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(
            visible("orders.v1", GlyphSet::Unicode),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn a_cut_is_marked_and_a_wide_character_is_never_halved() {
        assert_eq!(truncate("payments", 5, GlyphSet::Unicode), "paym…");
        assert_eq!(truncate("payments", 5, GlyphSet::Ascii), "paym>");
        assert_eq!(truncate("漢字漢字", 4, GlyphSet::Unicode), "漢…");
        assert_eq!(fit("漢字漢字", 4, Align::Left, GlyphSet::Unicode), "漢… ");
        assert_eq!(fit("42", 5, Align::Right, GlyphSet::Unicode), "   42");
        assert_eq!(truncate("x", 0, GlyphSet::Unicode), "");
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("extraordinary x", 5), ["extraordinary", "x"]);
        assert!(wrap(" ", 5).is_empty());
    }

    fn any_text() -> impl Strategy<Value = String> {
        let tricky = prop::sample::select(vec![
            '\x1b',
            '\n',
            '\u{9b}',
            '\u{202e}',
            '\u{200d}',
            '\u{fe0f}',
            '\u{301}',
            '漢',
            '👩',
            '🇩',
            '\u{1160}',
            '\u{3164}',
            'ل',
            'ا',
            'a',
            '\u{1f3fb}',
            '❤',
            '\u{e0067}',
            '\u{0e33}',
            '\u{1100}',
            '\u{1161}',
        ]);
        prop::collection::vec(prop_oneof![tricky, any::<char>()], 0..60)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_text_fits_its_cells_and_carries_nothing_hostile(raw in any_text(), cells in 0usize..40) {
            for glyphs in [GlyphSet::Unicode, GlyphSet::Ascii] {
                let shown = fit(&raw, cells, Align::Left, glyphs);
                prop_assert!(!shown.chars().any(is_hostile), "{shown:?}");
                prop_assert!(width(&shown) <= cells, "{shown:?} in {cells}");
                prop_assert!(glyphs == GlyphSet::Unicode || shown.is_ascii(), "{shown:?}");
            }
        }
    }
}
