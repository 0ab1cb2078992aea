//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) as Kafka speaks them (KIP-84): names and passwords go as UTF-8
//! the way they were given, without channel binding; a delegation token says so with `tokenauth=true` (KIP-48). The
//! arithmetic is `broker::sasl`'s; here are what can be sent at all, and the sentences.
//!
//! Pure: the nonce comes in. The broker's signature is always checked: a broker that does not know the password is
//! not believed.

use broker::sasl::scram::{Client, ClientError, Expected, MAX_CLIENT_ITERATIONS, MIN_ITERATIONS};

use super::{Exchange, Fault, Step};
use crate::config::security::{Login, ScramHash};

/// One run: what comes next.
pub enum Scram {
    /// Our first message.
    First(Client, Vec<u8>),
    /// The broker's challenge.
    Challenge(Client),
    /// The broker's proof.
    Proof(Expected),
    /// Nothing: it was broken off.
    Ended,
}

/// Whether name and password can be sent.
pub fn check(login: &Login) -> Result<(), Fault> {
    let fine = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !fine(&login.username) {
        return Err(Fault::new(
            "the user name is empty or holds control characters",
        ));
    }
    if !fine(login.password.reveal()) {
        return Err(Fault::new(
            "the password is empty or holds control characters (a line end, perhaps?)",
        ));
    }
    Ok(())
}

/// A fresh nonce.
pub fn nonce() -> Result<String, Fault> {
    broker::secret::nonce().map_err(|error| Fault::new(error.to_string()))
}

impl Scram {
    /// For a login, with a nonce that is never used again.
    pub fn new(hash: ScramHash, login: &Login, token: bool, nonce: &str) -> Self {
        let who = (&*login.username, &login.password);
        let (client, message) = Client::start(hash, who, nonce, token);
        Self::First(client, message)
    }
}

impl Exchange for Scram {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault> {
        let challenge = challenge.unwrap_or_default();
        match std::mem::replace(self, Self::Ended) {
            Self::First(client, message) => {
                *self = Self::Challenge(client);
                Ok(Step::Send(message))
            }
            Self::Challenge(client) => {
                let (expected, proof) = client.prove(challenge).map_err(words)?;
                *self = Self::Proof(expected);
                Ok(Step::Send(proof))
            }
            Self::Proof(expected) => match challenge.strip_prefix(b"e=") {
                Some(why) => {
                    let why = String::from_utf8_lossy(why);
                    Err(Fault::new(format!("the broker says {why}")))
                }
                None => expected
                    .check(challenge)
                    .map(|()| Step::Done)
                    .map_err(words),
            },
            Self::Ended => Err(Fault::new("the login has ended")),
        }
    }
}

/// What is wrong, for who wants to enter.
fn words(error: ClientError) -> Fault {
    match error {
        ClientError::Malformed => Fault::new("the broker's challenge cannot be read"),
        ClientError::Nonce => Fault::new("the broker's challenge is not an answer to this login"),
        ClientError::Iterations(count) => Fault::new(format!(
            "the broker asks for {count} iterations; {MIN_ITERATIONS} to {MAX_CLIENT_ITERATIONS} are accepted"
        )),
        ClientError::Unproven => Fault::new(
            "the broker does not prove that it knows the password; somebody else may stand in its place",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    fn login(name: &str) -> Login {
        Login {
            username: name.into(),
            password: Secret::new("pencil"),
        }
    }

    fn sent(step: Result<Step, Fault>) -> String {
        match step {
            Ok(Step::Send(bytes)) => String::from_utf8(bytes).expect("text"),
            Ok(Step::Done) => "done".to_owned(),
            Err(fault) => fault.0,
        }
    }

    const FIRST: &[u8] =
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    /// RFC 7677 §3.
    #[test]
    fn the_example_of_the_rfc_is_spoken() {
        let mut run = Scram::new(
            ScramHash::Sha256,
            &login("user"),
            false,
            "rOprNGfwEbeRWgbNEkqO",
        );
        assert_eq!(sent(run.step(None)), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        assert_eq!(
            sent(run.step(Some(FIRST))),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        let last = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(sent(run.step(Some(last))), "done");
    }

    /// The same exchange with the longer hash and for a delegation token; computed by other hands (Python's hashlib).
    #[test]
    fn the_longer_hash_and_the_mark_of_a_delegation_token_are_signed() {
        let nonce = "rOprNGfwEbeRWgbNEkqO";
        let mut run = Scram::new(ScramHash::Sha512, &login("user"), true, nonce);
        assert_eq!(
            sent(run.step(None)),
            format!("n,,n=user,r={nonce},tokenauth=true")
        );
        let proof = sent(run.step(Some(FIRST)));
        assert!(
            proof.ends_with(",p=4z7LLi9qlsL+eyweNqDfSPDnM6YEu3Iy1NM9hMAgcRfLGeMK49t3GE35LLBonUYBKYZbAMedb6QwcDXgl5882Q=="),
            "{proof}"
        );
        let last = b"v=3qPSsopFqrKUjOvykJqRHPMR3d/OZ6Dsu4FgDwAQnoun2aNNG8LZ19MyIe4hUOZiFTiKGlcpVfmvZo2e67+stA==";
        assert_eq!(sent(run.step(Some(last))), "done");
    }

    /// What becomes of a run whose broker says this, one after the other.
    fn after(nonce: &str, said: &[&[u8]]) -> String {
        let mut run = Scram::new(ScramHash::Sha256, &login("user"), false, nonce);
        let mut last = sent(run.step(None));
        for challenge in said {
            last = sent(run.step(Some(challenge)));
        }
        last
    }

    #[test]
    fn a_broker_that_does_not_know_the_password_is_not_believed() {
        let last = |said: &[u8]| after("rOprNGfwEbeRWgbNEkqO", &[FIRST, said]);
        let forged = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=";
        assert!(last(b"v=").contains("does not prove that it knows the password"));
        assert!(last(b"").contains("does not prove"));
        let other = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=";
        assert!(last(other).contains("does not prove"));
        assert!(last(forged).contains("cannot be read"), "no base64");
        assert_eq!(last(b"e=other-error"), "the broker says other-error");
        // Who was not believed is not asked again.
        let again = after("rOprNGfwEbeRWgbNEkqO", &[FIRST, b"v=", FIRST]);
        assert_eq!(again, "the login has ended");
    }

    #[test]
    fn a_challenge_that_is_none_is_refused() {
        let answer = |challenge: &str| after("abc", &[challenge.as_bytes()]);
        assert!(answer("").contains("cannot be read"));
        assert!(after("abc", &[b"\xff"]).contains("cannot be read"));
        assert!(answer("r=abcd,s=!,i=4096").contains("cannot be read"));
        assert!(answer("r=xyz,s=AAAA,i=4096").contains("not an answer to this login"));
        assert!(answer("r=abc,s=AAAA,i=4096").contains("not an answer to this login"));
        assert!(answer("r=abcd,s=AAAA,i=1").contains("asks for 1 iterations; 4096 to 1000000"));
        assert!(answer("r=abcd,s=AAAA,i=4000000000").contains("iterations"));
    }

    #[test]
    fn a_name_with_commas_is_escaped_and_one_with_line_ends_refused() {
        let mut run = Scram::new(ScramHash::Sha256, &login("a=b,c"), false, "x");
        assert_eq!(sent(run.step(None)), "n,,n=a=3Db=2Cc,r=x");
        assert!(check(&login("a\nb")).is_err());
        assert_eq!(check(&login("jürgen")), Ok(()));
    }
}
