//! PLAIN (RFC 4616): name and password in one message. Pure.

use broker::sasl::plain::Plain;

use super::{Exchange, Fault, Step};
use crate::config::security::Login;

/// One run.
pub struct Run {
    message: Vec<u8>,
}

impl Run {
    /// For a login; who is to be acted for is left to the broker.
    pub fn new(login: &Login) -> Self {
        Self {
            message: Plain::message(&login.username, &login.password),
        }
    }
}

impl Exchange for Run {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault> {
        Ok(match challenge {
            None => Step::Send(std::mem::take(&mut self.message)),
            Some(_) => Step::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    #[test]
    fn the_example_of_the_rfc_is_spoken() {
        let login = Login {
            username: "tim".into(),
            password: Secret::new("tanstaaftanstaaf"),
        };
        let mut run = Run::new(&login);
        let first = run.step(None).expect("always");
        assert!(first == Step::Send(b"\0tim\0tanstaaftanstaaf".to_vec()));
        assert!(run.step(Some(b"")).expect("always") == Step::Done);
    }
}
