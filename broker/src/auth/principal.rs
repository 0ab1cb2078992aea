//! `ssl.principal.mapping.rules`: from a certificate's subject to a principal's name. The first rule
//! that fits decides. Pure.

use regex_lite::{Captures, Regex};

/// The rules, in their order.
#[derive(Debug, Clone)]
pub struct PrincipalRules(Vec<Rule>);

#[derive(Debug, Clone)]
enum Rule {
    /// The subject as it is.
    Default,
    /// `RULE:pattern/replacement/[LU]`: the pattern must fit the whole subject.
    Replace {
        pattern: Regex,
        replacement: String,
        letters: Letters,
    },
}

#[derive(Debug, Clone, Copy)]
enum Letters {
    AsTheyAre,
    Small,
    Capital,
}

impl PrincipalRules {
    /// Reads `DEFAULT` and `RULE:pattern/replacement/[LU]`, separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (rule, after) = if let Some(after) = rest.strip_prefix("RULE:") {
                let (rule, after) = replace(after)?;
                (Some(rule), after)
            } else if let Some(after) = rest.strip_prefix("DEFAULT") {
                (Some(Rule::Default), after)
            } else {
                (None, rest)
            };
            rules.extend(rule);
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => after,
                None => return Err(format!("`{after}` is no rule; write RULE:pattern/name/")),
            };
        }
        Ok(Self(rules))
    }

    /// The name of a subject; `None` if no rule fits.
    pub fn name(&self, subject: &str) -> Option<String> {
        self.0.iter().find_map(|rule| rule.name(subject))
    }
}

impl Rule {
    fn name(&self, subject: &str) -> Option<String> {
        match self {
            Self::Default => Some(subject.to_owned()),
            Self::Replace {
                pattern,
                replacement,
                letters,
            } => {
                let name = expanded(replacement, &pattern.captures(subject)?);
                Some(match letters {
                    Letters::AsTheyAre => name,
                    Letters::Small => name.to_lowercase(),
                    Letters::Capital => name.to_uppercase(),
                })
            }
        }
    }
}

/// Reads a rule behind `RULE:`; gives what follows it.
fn replace(text: &str) -> Result<(Rule, &str), String> {
    let (pattern, rest) = until_slash(text)?;
    let (replacement, rest) = until_slash(rest)?;
    let (letters, rest) = match rest.as_bytes().first() {
        Some(b'L') => (Letters::Small, rest.get(1..)),
        Some(b'U') => (Letters::Capital, rest.get(1..)),
        _ => (Letters::AsTheyAre, Some(rest)),
    };
    let pattern = Regex::new(&format!(r"\A(?:{pattern})\z"))
        .map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
    let rule = Rule::Replace {
        pattern,
        replacement: replacement.to_owned(),
        letters,
    };
    Ok((rule, rest.unwrap_or_default()))
}

/// What stands before the next slash that no backslash escapes, and what follows it.
fn until_slash(text: &str) -> Result<(&str, &str), String> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '/' if !is_escaped => {
                let before = text.get(..at).unwrap_or_default();
                return Ok((before, text.get(at + 1..).unwrap_or_default()));
            }
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    Err(format!(
        "RULE:{text} lacks a slash; write RULE:pattern/name/"
    ))
}

/// A replacement with the groups that it names. A number beyond the last group is cut, as in Kafka,
/// and stands for itself if none is left.
fn expanded(replacement: &str, groups: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            '$' => {
                let mut number: Option<usize> = None;
                while let Some(digit) = letters.peek().and_then(|digit| digit.to_digit(10)) {
                    let digit = usize::try_from(digit).unwrap_or_default();
                    let longer = number.unwrap_or(0).saturating_mul(10).saturating_add(digit);
                    if number.is_some() && longer >= groups.len() {
                        break;
                    }
                    number = Some(longer);
                    let _digit = letters.next();
                }
                match number {
                    Some(number) if number < groups.len() => {
                        out.push_str(groups.get(number).map_or("", |group| group.as_str()));
                    }
                    Some(number) => out.push_str(&format!("${number}")),
                    None => out.push('$'),
                }
            }
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rules: &str, subject: &str) -> Option<String> {
        PrincipalRules::parse(rules).unwrap().name(subject)
    }

    #[test]
    fn the_first_rule_that_fits_names_the_principal() {
        let rules = "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/, \
                     RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L, \
                     RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L, DEFAULT";
        for (subject, name) in [
            ("CN=Duke,OU=ServiceUsers,O=Org,C=US", "Duke"),
            ("CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "duke@sme"),
            ("CN=Duke,OU=JavaSoft,O=Sun", "duke"),
            ("OU=JavaSoft,O=Sun", "OU=JavaSoft,O=Sun"),
        ] {
            assert_eq!(named(rules, subject).as_deref(), Some(name), "{subject}");
        }
        assert_eq!(named("RULE:^CN=a$/x/", "CN=b"), None);
        assert_eq!(
            named("RULE:^cn=(.*)$/$1/U", "cn=b\u{e9}").as_deref(),
            Some("B\u{c9}")
        );
    }

    #[test]
    fn slashes_and_dollars_can_be_meant_as_they_are() {
        assert_eq!(
            named(r"RULE:^CN=a\/(.*)$/x\/$1\$/", "CN=a/b").as_deref(),
            Some("x/b$")
        );
        assert_eq!(
            named("RULE:^CN=(.)$/$1$2$12/", "CN=b").as_deref(),
            Some("b$2b2")
        );
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for bad in [
            "RULE:",
            "RULE:a",
            "RULE:a/b",
            "default",
            "RULE:(/x/",
            "RULE:a/b/X",
            "DEFAULT RULE:a/b/",
        ] {
            assert!(PrincipalRules::parse(bad).is_err(), "{bad}");
        }
        assert!(PrincipalRules::parse(" , DEFAULT ,").is_ok());
    }
}
