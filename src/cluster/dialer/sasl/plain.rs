//! PLAIN (RFC 4616): name and password in one message. Pure.

use super::{Exchange, Fault, Step};
use crate::config::security::Login;

/// One run.
pub struct Plain {
    message: Vec<u8>,
}

impl Plain {
    /// For a login; who is to be acted for is left to the broker.
    pub fn new(login: &Login) -> Self {
        let Login { username, password } = login;
        let message = format!("\0{username}\0{}", password.reveal());
        Self {
            message: message.into_bytes(),
        }
    }
}

impl Exchange for Plain {
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
        let mut run = Plain::new(&login);
        let first = run.step(None).expect("always");
        assert!(first == Step::Send(b"\0tim\0tanstaaftanstaaf".to_vec()));
        assert!(run.step(Some(b"")).expect("always") == Step::Done);
    }
}
