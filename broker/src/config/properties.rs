//! Java properties: `key=value` lines with escapes, continued lines and comments, as
//! `java.util.Properties` reads them. Total over any text; knows no key.

use std::collections::BTreeMap;

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// Its number, from 1; the first of continued lines.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Reads a text; a key that is given twice has its last value, as in Java.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, BadLine> {
    let mut values = BTreeMap::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, first)) = lines.next() {
        let first = first.trim_start_matches(is_blank);
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = first.to_owned();
        while is_continued(&whole) {
            whole.pop();
            let Some((_, next)) = lines.next() else {
                break;
            };
            whole.push_str(next.trim_start_matches(is_blank));
        }
        let (key, value) = pair(&whole).map_err(|why| BadLine { line: at + 1, why })?;
        values.insert(key, value);
    }
    Ok(values)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\u{c}')
}

/// Whether an odd number of backslashes ends the line.
fn is_continued(line: &str) -> bool {
    let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\');
    backslashes.count() % 2 == 1
}

/// The key ends at the first blank, `=` or `:` that is not escaped.
fn pair(line: &str) -> Result<(String, String), String> {
    let mut escaped = false;
    let end = line.find(|letter: char| {
        let ends = !escaped && (is_blank(letter) || matches!(letter, '=' | ':'));
        escaped = !escaped && letter == '\\';
        ends
    });
    let (key, rest) = line
        .split_at_checked(end.unwrap_or(line.len()))
        .unwrap_or((line, ""));
    let rest = rest.trim_start_matches(is_blank);
    let value = rest
        .strip_prefix(['=', ':'])
        .map_or(rest, |value| value.trim_start_matches(is_blank));
    Ok((unescaped(key)?, unescaped(value)?))
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    let mut units = Vec::new();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('u') => {
                units.push(unit(&mut letters)?);
                // The halves of a surrogate pair are escaped one after the other.
                while let Some(rest) = letters.as_str().strip_prefix("\\u") {
                    letters = rest.chars();
                    units.push(unit(&mut letters)?);
                }
                let decoded = String::from_utf16(&units);
                out.push_str(&decoded.map_err(|_| "\\u without its other half".to_owned())?);
                units.clear();
            }
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Ok(out)
}

/// The four hexadecimal digits after `\u`.
fn unit(letters: &mut std::str::Chars<'_>) -> Result<u16, String> {
    let digits = letters.as_str().get(..4).unwrap_or_default().to_owned();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("\\u is not followed by four hexadecimal digits".to_owned());
    }
    letters.nth(3);
    u16::from_str_radix(&digits, 16).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().collect()
    }

    fn one(text: &str) -> (String, String) {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{text:?}");
        all.pop().unwrap()
    }

    #[test]
    fn keys_end_at_a_blank_an_equals_sign_or_a_colon() {
        for text in [
            "a=b",
            "a = b",
            "a:b",
            "a : b",
            "a b",
            "  a\t=\tb",
            "\u{c}a=b",
        ] {
            assert_eq!(one(text), ("a".into(), "b".into()), "{text:?}");
        }
        assert_eq!(one("a"), ("a".into(), String::new()));
        assert_eq!(one("a=b=c"), ("a".into(), "b=c".into()));
        assert_eq!(one("a==b"), ("a".into(), "=b".into()));
        assert_eq!(one("a=b "), ("a".into(), "b ".into()));
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        assert_eq!(read("# a=b\n! c=d\n\n   \n  # e=f\r\n"), []);
        assert_eq!(one("a=# no comment").1, "# no comment");
    }

    #[test]
    fn a_line_ending_in_a_backslash_goes_on() {
        assert_eq!(one("a=b,\\\n   c,\\\r\n  d").1, "b,c,d");
        assert_eq!(one("a=b\\\\").1, "b\\");
        assert_eq!(one("a=b\\\n").1, "b");
        assert_eq!(one("a=b\\\n#c").1, "b#c");
    }

    #[test]
    fn escapes_are_those_of_java() {
        assert_eq!(one("a\\=b\\:c\\ d=e"), ("a=b:c d".into(), "e".into()));
        assert_eq!(one("a=\\t\\n\\r\\f\\q").1, "\t\n\r\u{c}q");
        assert_eq!(one("a=\\u0041\\u00e9").1, "Aé");
        assert_eq!(one("a=\\ud83d\\ude00").1, "😀");
    }

    #[test]
    fn a_bad_escape_is_told_with_its_line() {
        for bad in ["\\u12", "\\uzzzz", "\\ud83d", "\\u+123", "\\u00é0"] {
            let error = parse(&format!("x=1\na={bad}\n")).unwrap_err();
            assert_eq!(error.line, 2, "{bad}");
        }
    }

    #[test]
    fn the_last_value_of_a_key_wins() {
        assert_eq!(one("a=1\na=2").1, "2");
    }
}
