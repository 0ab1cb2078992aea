//! `sasl.jaas.config`: `LoginModule flag name="value" … ;`, one entry, as Kafka reads it. Knows no
//! module; never shows a value.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::secret::Secret;

/// The words that may follow a module's name.
const FLAGS: [&str; 4] = ["required", "requisite", "sufficient", "optional"];

/// What the option of a user of PLAIN begins with.
const USER: &str = "user_";

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jaas {
    /// The Java class of the login module.
    pub module: String,
    /// Its options.
    pub options: BTreeMap<String, Secret>,
}

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A bare word, or what stands in quotes.
    Word(String),
    Equals,
    End,
}

impl Jaas {
    /// Reads an entry; the error says what is wrong and shows no value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = tokens(text)?.into_iter();
        let Some(Token::Word(module)) = tokens.next() else {
            return Err("it names no login module".to_owned());
        };
        match tokens.next() {
            Some(Token::Word(flag)) if FLAGS.contains(&flag.to_ascii_lowercase().as_str()) => {}
            _ => return Err(format!("after {module} there is no `required`")),
        }
        let mut options = BTreeMap::new();
        loop {
            match tokens.next() {
                Some(Token::End) => break,
                Some(Token::Word(name)) => match (tokens.next(), tokens.next()) {
                    (Some(Token::Equals), Some(Token::Word(value))) => {
                        options.insert(name, Secret::new(&value));
                    }
                    _ => return Err(format!("the option {name} has no value")),
                },
                Some(Token::Equals) => return Err("an `=` follows no name".to_owned()),
                None => return Err("it does not end with a semicolon".to_owned()),
            }
        }
        if tokens.next().is_some() {
            return Err("it has a second entry".to_owned());
        }
        Ok(Self { module, options })
    }

    /// The users that PLAIN lets in: options `user_NAME="password"`.
    pub fn users(&self) -> BTreeMap<String, Secret> {
        let users = self.options.iter();
        users
            .filter_map(|(name, value)| Some((name.strip_prefix(USER)?.to_owned(), value.clone())))
            .collect()
    }

    /// The login of this node towards others: options `username` and `password`.
    pub fn login(&self) -> Option<(String, Secret)> {
        let user = self.options.get("username")?.reveal().to_owned();
        Some((user, self.options.get("password")?.clone()))
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.peek().copied() {
        match letter {
            _ if letter.is_whitespace() => skip(&mut letters),
            '=' => {
                skip(&mut letters);
                found.push(Token::Equals);
            }
            ';' => {
                skip(&mut letters);
                found.push(Token::End);
            }
            '"' | '\'' => found.push(Token::Word(quoted(&mut letters)?)),
            _ => found.push(Token::Word(bare(&mut letters))),
        }
    }
    Ok(found)
}

fn skip(letters: &mut Peekable<Chars<'_>>) {
    let _taken = letters.next();
}

fn bare(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(letter) =
        letters.next_if(|letter| !letter.is_whitespace() && !matches!(letter, '=' | ';' | '"'))
    {
        word.push(letter);
    }
    word
}

/// What stands in quotes, with Java's escapes of a quote, a backslash and the usual control letters.
fn quoted(letters: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let quote = letters.next();
    let mut word = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            _ if Some(letter) == quote => return Ok(word),
            '\\' => match letters.next() {
                Some('n') => word.push('\n'),
                Some('t') => word.push('\t'),
                Some('r') => word.push('\r'),
                Some(other) => word.push(other),
                None => break,
            },
            _ => word.push(letter),
        }
    }
    Err("a quote is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_the_own_login_are_read() {
        let text = r#"org.apache.kafka.common.security.plain.PlainLoginModule required
            username="admin" password="a \"b\" =;" user_admin='x' user_bob=plain-1;"#;
        let jaas = Jaas::parse(text).unwrap();
        assert!(jaas.module.ends_with("PlainLoginModule"));
        let (user, password) = jaas.login().unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("admin", r#"a "b" =;"#));
        let users = jaas.users();
        assert_eq!(users["admin"].reveal(), "x");
        assert_eq!(users["bob"].reveal(), "plain-1");
        assert!(!format!("{jaas:?}").contains("plain-1"));
    }

    #[test]
    fn what_is_no_entry_is_refused_without_its_values() {
        for bad in [
            "",
            "Module",
            "Module sometimes;",
            "Module required",
            "Module required a=\"secret\"",
            "Module required a=;",
            "Module required =b;",
            "Module required a=\"secret;",
            "Module required; Other required;",
        ] {
            let why = Jaas::parse(bad).unwrap_err();
            assert!(!why.contains("secret"), "{bad}: {why}");
        }
    }
}
