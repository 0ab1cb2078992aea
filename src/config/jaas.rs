//! The value of Java's `sasl.jaas.config`: `MODULE FLAG name="value" …;`. Total over any text. Its errors say what is
//! wrong and never repeat the text: it holds passwords.

use thiserror::Error;

use super::secret::Secret;

/// A login module with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginModule {
    /// The class, with its package.
    pub class: String,
    /// In their order.
    pub options: Vec<(String, Secret)>,
}

/// What is wrong with it.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum JaasError {
    #[error("it is empty; write it as `MODULE required name=\"value\" …;`")]
    Empty,
    #[error("a quote is not closed")]
    OpenQuote,
    #[error("`required`, `requisite`, `sufficient` or `optional` does not follow the module")]
    NoFlag,
    #[error("an option is not written as name=\"value\"")]
    NotAnOption,
    #[error("there is no `;` at its end")]
    NoEnd,
    #[error("there is more than one login module, or something after the `;`")]
    MoreThanOne,
    #[error("it is a whole JAAS file; write only what stands between the braces")]
    Braces,
}

impl LoginModule {
    /// Reads it.
    pub fn read(text: &str) -> Result<Self, JaasError> {
        let mut tokens = tokens(text)?.into_iter().peekable();
        let Some(Token::Word(class)) = tokens.next() else {
            return Err(JaasError::Empty);
        };
        match tokens.next() {
            Some(Token::Word(flag)) if is_flag(&flag) => {}
            Some(Token::Sign('{')) => return Err(JaasError::Braces),
            _ => return Err(JaasError::NoFlag),
        }
        let mut options = Vec::new();
        loop {
            match tokens.next() {
                Some(Token::Sign(';')) => break,
                Some(Token::Word(name)) => match (tokens.next(), tokens.next()) {
                    (Some(Token::Sign('=')), Some(Token::Word(value))) => {
                        options.push((name, Secret::new(&value)));
                    }
                    _ => return Err(JaasError::NotAnOption),
                },
                Some(Token::Sign(_)) => return Err(JaasError::NotAnOption),
                None => return Err(JaasError::NoEnd),
            }
        }
        if tokens.peek().is_some() {
            return Err(JaasError::MoreThanOne);
        }
        Ok(Self { class, options })
    }

    /// The class without its package.
    pub fn name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or_default()
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        let mut of_name = self.options.iter().filter(|(known, _)| known == name);
        of_name.next_back().map(|(_, value)| value.reveal())
    }
}

fn is_flag(word: &str) -> bool {
    ["required", "requisite", "sufficient", "optional"]
        .iter()
        .any(|flag| word.eq_ignore_ascii_case(flag))
}

enum Token {
    Word(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, JaasError> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => {}
            '=' | ';' | '{' | '}' => tokens.push(Token::Sign(c)),
            '"' | '\'' => tokens.push(Token::Word(quoted(c, &mut rest)?)),
            first => {
                let mut word = String::from(first);
                while let Some(next) = rest.next_if(|c| is_of_word(*c)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// A bare value may hold signs that others quote, as base64 does at its end; only what ends an option ends it.
fn is_of_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '=' | ';' | '"' | '\'' | '{' | '}')
}

fn quoted(quote: char, rest: &mut impl Iterator<Item = char>) -> Result<String, JaasError> {
    let mut word = String::new();
    while let Some(c) = rest.next() {
        match c {
            c if c == quote => return Ok(word),
            '\\' => match rest.next() {
                Some('n') => word.push('\n'),
                Some('t') => word.push('\t'),
                Some('r') => word.push('\r'),
                Some(other) => word.push(other),
                None => return Err(JaasError::OpenQuote),
            },
            other => word.push(other),
        }
    }
    Err(JaasError::OpenQuote)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn modules_are_read_however_they_are_quoted() {
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
        for (text, password) in [
            (
                "required username=\"alice\" password=\"a b;c=d\";",
                "a b;c=d",
            ),
            ("REQUIRED username='alice' password='it\\'s';", "it's"),
            ("required\n  username=alice\n  password=bare ;", "bare"),
            (
                "required username = \"alice\" password = \"q\\\"\\\\\" ;",
                "q\"\\",
            ),
            (
                "optional password=\"first\" username=\"alice\" password=\"last\";",
                "last",
            ),
        ] {
            let module = LoginModule::read(&format!("{plain} {text}")).expect(text);
            assert_eq!(module.name(), "PlainLoginModule");
            assert_eq!(module.option("username"), Some("alice"), "{text}");
            assert_eq!(module.option("password"), Some(password), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_text() {
        for (text, wanted) in [
            ("", JaasError::Empty),
            ("a.B", JaasError::NoFlag),
            ("a.B username=\"x\";", JaasError::NoFlag),
            ("KafkaClient { a.B required; };", JaasError::Braces),
            ("a.B required username;", JaasError::NotAnOption),
            ("a.B required username=\"x\"", JaasError::NoEnd),
            ("a.B required username=\"x;", JaasError::OpenQuote),
            (
                "a.B required x=\"y\"; c.D required;",
                JaasError::MoreThanOne,
            ),
        ] {
            assert_eq!(LoginModule::read(text), Err(wanted), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Err(error) = LoginModule::read(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn signs_anywhere_are_read_or_refused(text in "a required [a=;\"' \\\\{}]{0,30}") {
            let module = LoginModule::read(&text);
            prop_assert!(module.is_err() || text.contains(';'));
        }

        #[test]
        fn a_quoted_password_comes_out_as_it_went_in(password in "[^\\\\\"]{0,30}") {
            let text = format!("a.B required password=\"{password}\";");
            let module = LoginModule::read(&text).expect("written as it should be");
            prop_assert_eq!(module.option("password"), Some(password.as_str()));
        }
    }
}
