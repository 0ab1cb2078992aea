//! Files of `name=value` lines: Java's `.properties`, and the configuration files of librdkafka's tools. Total over any
//! text; knows no setting by name.

use super::secret::Secret;

/// How escapes are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `java.util.Properties`: `\` escapes and continues lines, `:` and blanks separate too.
    Java,
    /// librdkafka's tools: a value is what stands after the first `=`.
    Librdkafka,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub value: Secret,
    /// Where it begins, counted from 1.
    pub line: usize,
}

/// The settings of a file, in its order. A line without a value is one with an empty value.
pub fn read(text: &str, dialect: Dialect) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match dialect {
        Dialect::Java => java(text),
        Dialect::Librdkafka => librdkafka(text),
    }
}

fn librdkafka(text: &str) -> Vec<Line> {
    let numbered = text.lines().enumerate();
    let told = numbered.filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    told.map(|(index, line)| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        Line {
            name: name.trim().to_owned(),
            value: Secret::new(value.trim()),
            line: index + 1,
        }
    })
    .collect()
}

fn java(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut natural = text.lines().enumerate();
    while let Some((index, first)) = natural.next() {
        let first = first.trim_start();
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = first.to_owned();
        while continues(&logical) {
            logical.pop();
            match natural.next() {
                Some((_, next)) => logical.push_str(next.trim_start()),
                None => break,
            }
        }
        let (name, value) = split(&logical);
        lines.push(Line {
            name: unescape(name),
            value: Secret::new(&unescape(value)),
            line: index + 1,
        });
    }
    lines
}

/// Whether a line ends with an odd number of backslashes.
fn continues(line: &str) -> bool {
    let slashes = line.len() - line.trim_end_matches('\\').len();
    slashes % 2 == 1
}

/// Name and value, still with their escapes: at the first `=`, `:` or blank that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let separates = !escaped && (matches!(c, '=' | ':') || c.is_ascii_whitespace());
        escaped = c == '\\' && !escaped;
        separates
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (name, rest.trim_start())
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => out.push_str(&utf16(&mut rest)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// The character of `uXXXX`, of two such where it takes two; the replacement character where it is none.
fn utf16(rest: &mut std::str::Chars<'_>) -> String {
    let unit = |rest: &mut std::str::Chars<'_>| {
        let digits = rest.as_str().get(..4)?;
        let unit = u16::from_str_radix(digits, 16).ok()?;
        *rest = rest.as_str().get(4..)?.chars();
        Some(unit)
    };
    let Some(first) = unit(rest) else {
        return char::REPLACEMENT_CHARACTER.to_string();
    };
    let mut units = vec![first];
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = rest.as_str().strip_prefix("\\u")
    {
        let mut after = second.chars();
        if let Some(low) = unit(&mut after) {
            units.push(low);
            *rest = after;
        }
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str, dialect: Dialect) -> Vec<(String, String, usize)> {
        let lines = read(text, dialect).into_iter();
        lines
            .map(|l| (l.name, l.value.reveal().to_owned(), l.line))
            .collect()
    }

    fn one(text: &str, dialect: Dialect) -> (String, String) {
        let mut lines = told(text, dialect);
        assert_eq!(lines.len(), 1, "{text}");
        let (name, value, _) = lines.remove(0);
        (name, value)
    }

    #[test]
    fn javas_escapes_separators_and_continued_lines_are_understood() {
        for (text, name, value) in [
            ("a=b", "a", "b"),
            ("  a : b ", "a", "b "),
            ("a b c", "a", "b c"),
            ("a\\ b=c", "a b", "c"),
            ("a\\=b=c=d", "a=b", "c=d"),
            ("a=b\\\n   c", "a", "bc"),
            ("a=C:\\\\x\\u0041\\n", "a", "C:\\xA\n"),
            ("a=\\ud83d\\ude00", "a", "😀"),
            ("a=\\ud83dx", "a", "\u{fffd}x"),
            ("a=\\uzz", "a", "\u{fffd}zz"),
            ("a", "a", ""),
            ("a=b\\", "a", "b"),
            ("\u{feff}a=b\r", "a", "b"),
        ] {
            let text = format!("# c\n! c\n\n{text}\n");
            let text = text.replace("# c\n! c\n\n\u{feff}", "\u{feff}");
            let wanted = (name.to_owned(), value.to_owned());
            assert_eq!(one(&text, Dialect::Java), wanted, "{text:?}");
        }
    }

    #[test]
    fn librdkafkas_values_are_what_is_written() {
        let lines = told("# c\n a = b\\n=c \n\nd\n", Dialect::Librdkafka);
        let wanted = [("a", "b\\n=c", 2), ("d", "", 4)];
        let wanted = wanted.map(|(n, v, l)| (n.to_owned(), v.to_owned(), l));
        assert_eq!(lines, wanted);
    }

    #[test]
    fn a_continued_setting_is_told_by_its_first_line() {
        let lines = told("a=1\\\n2\nb=3", Dialect::Java);
        assert_eq!(lines.last().map(|l| l.2), Some(3));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            for dialect in [Dialect::Java, Dialect::Librdkafka] {
                let lines = read(&text, dialect);
                prop_assert!(lines.len() <= text.lines().count());
            }
        }

        #[test]
        fn backslashes_anywhere_are_read(text in "[a\\\\u0=: \n]{0,40}") {
            let lines = read(&text, Dialect::Java);
            prop_assert!(lines.iter().all(|l| !l.name.contains('\n') || text.contains('\\')));
        }
    }
}
