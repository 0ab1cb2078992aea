//! OAUTHBEARER (RFC 7628): a token and its extensions in one message. Pure; where tokens come from is `token`.

use broker::sasl::bearer::{Bearer, END};

use super::{Exchange, Fault, Step};
use crate::config::secret::Secret;

/// One run.
pub struct Run {
    message: Vec<u8>,
}

impl Run {
    /// With a token.
    pub fn new(token: &Secret, extensions: &[(String, String)]) -> Self {
        Self {
            message: Bearer::message(token, extensions),
        }
    }
}

impl Exchange for Run {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault> {
        Ok(match challenge {
            None => Step::Send(std::mem::take(&mut self.message)),
            Some(b"") => Step::Done,
            // An error in JSON. The broker gives its reason once this was answered (RFC 7628 §3.2.3).
            Some(_) => Step::Send(END.to_vec()),
        })
    }
}

/// Whether extensions can be sent (RFC 7628 §3.1).
pub fn check(extensions: &[(String, String)]) -> Result<(), Fault> {
    for (name, value) in extensions {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic()) || name == "auth" {
            return Err(Fault::new(format!(
                "'{name}' is no name of an extension: letters only, and not auth"
            )));
        }
        let fine = |c: char| matches!(c, ' '..='~' | '\t' | '\r' | '\n');
        if !value.chars().all(fine) {
            return Err(Fault::new(format!(
                "the value of the extension '{name}' holds characters that cannot be sent"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_spoken() {
        let extensions = [
            ("host".to_owned(), "server.example.com".to_owned()),
            ("port".to_owned(), "143".to_owned()),
        ];
        let mut run = Run::new(
            &Secret::new("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
            &extensions,
        );
        let expected = "n,,\u{1}auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}host=server.example.com\u{1}port=143\u{1}\u{1}";
        assert!(run.step(None).expect("always") == Step::Send(expected.into()));
        assert!(run.step(Some(b"")).expect("always") == Step::Done);
    }

    #[test]
    fn an_error_is_answered_so_that_the_broker_says_its_reason() {
        let mut run = Run::new(&Secret::new("t"), &[]);
        assert!(run.step(None).is_ok());
        let error = br#"{"status":"invalid_token"}"#;
        assert!(run.step(Some(error)).expect("always") == Step::Send(vec![1]));
    }

    #[test]
    fn extensions_that_cannot_be_sent_are_named() {
        let one = |name: &str, value: &str| check(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(one("logicalCluster", "lkc-1"), Ok(()));
        assert!(one("auth", "x").is_err() && one("a b", "x").is_err());
        assert!(one("a", "x\u{1}auth=Bearer y").is_err());
    }
}
