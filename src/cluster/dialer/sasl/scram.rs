//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) as Kafka speaks them (KIP-84): names and passwords go as UTF-8
//! the way they were given, without channel binding; a delegation token says so with `tokenauth=true` (KIP-48).
//!
//! Pure: the nonce comes in. The broker's signature is always checked: a broker that does not know the password is
//! not believed.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac, pbkdf2};

use super::{Exchange, Fault, Step};
use crate::config::secret::Secret;
use crate::config::security::{Login, ScramHash};

/// Rounds of hashing that a broker may ask for: ten times what anybody uses, and still less than a second's work.
const MAX_ITERATIONS: u32 = 600_000;
/// Fewer make the password easy to guess for whoever listens (RFC 7677 §4).
const MIN_ITERATIONS: u32 = 4096;
/// Random bytes of a nonce.
const NONCE_BYTES: usize = 24;
/// No channel binding, nobody to act for.
const HEADER: &str = "n,,";

/// One run.
pub struct Scram {
    hash: ScramHash,
    password: Secret,
    nonce: String,
    /// `n=user,r=nonce` and the extensions: the first message without its header.
    bare: String,
    /// What the broker must prove at the end, once it is known.
    expected: Option<Vec<u8>>,
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
    let mut bytes = [0; NONCE_BYTES];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Fault::new("this system gives no random numbers"))?;
    Ok(STANDARD.encode(bytes))
}

impl Scram {
    /// For a login, with a nonce that is never used again.
    pub fn new(hash: ScramHash, login: &Login, token: bool, nonce: &str) -> Self {
        let name = login.username.replace('=', "=3D").replace(',', "=2C");
        let extension = if token { ",tokenauth=true" } else { "" };
        Self {
            hash,
            password: login.password.clone(),
            nonce: nonce.to_owned(),
            bare: format!("n={name},r={nonce}{extension}"),
            expected: None,
        }
    }

    /// Answers the broker's first message with the proof that the password is known.
    fn prove(&mut self, challenge: &str) -> Result<Vec<u8>, Fault> {
        let (nonce, salt, iterations) = self.read(challenge)?;
        let binding = STANDARD.encode(HEADER);
        let without_proof = format!("c={binding},r={nonce}");
        let signed = format!("{},{challenge},{without_proof}", self.bare);
        let salted = self.salted(&salt, iterations);
        let client_key = self.sign(&salted, b"Client Key");
        let stored = digest::digest(self.digest(), &client_key);
        let signature = self.sign(stored.as_ref(), signed.as_bytes());
        let proof: Vec<u8> = client_key
            .iter()
            .zip(&signature)
            .map(|(key, bit)| key ^ bit)
            .collect();
        let server_key = self.sign(&salted, b"Server Key");
        self.expected = Some(self.sign(&server_key, signed.as_bytes()));
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes())
    }

    /// Nonce, salt and iterations of the broker's first message.
    fn read<'a>(&self, challenge: &'a str) -> Result<(&'a str, Vec<u8>, NonZeroU32), Fault> {
        let garbled = || Fault::new("the broker's challenge cannot be read");
        let mut parts = challenge.split(',');
        let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
        let (nonce, salt, iterations) = (part("r="), part("s="), part("i="));
        let nonce = nonce.ok_or_else(garbled)?;
        let salt = STANDARD.decode(salt.ok_or_else(garbled)?);
        let iterations: u32 = iterations
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(garbled)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Fault::new(
                "the broker's challenge is not an answer to this login",
            ));
        }
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            return Err(Fault::new(format!(
                "the broker asks for {iterations} iterations; {MIN_ITERATIONS} to {MAX_ITERATIONS} are accepted"
            )));
        }
        let iterations = NonZeroU32::new(iterations).ok_or_else(garbled)?;
        Ok((nonce, salt.map_err(|_| garbled())?, iterations))
    }

    fn confirm(&self, last: &str) -> Result<(), Fault> {
        if let Some(why) = last.strip_prefix("e=") {
            return Err(Fault::new(format!("the broker says {why}")));
        }
        let signature = last
            .strip_prefix("v=")
            .and_then(|rest| rest.split(',').next());
        let signature = signature.and_then(|digits| STANDARD.decode(digits).ok());
        if signature.is_some() && signature == self.expected {
            Ok(())
        } else {
            Err(Fault::new(
                "the broker does not prove that it knows the password; somebody else may stand in its place",
            ))
        }
    }

    fn salted(&self, salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
        let algorithm = match self.hash {
            ScramHash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            ScramHash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let mut out = vec![0; self.digest().output_len()];
        let password = self.password.reveal().as_bytes();
        pbkdf2::derive(algorithm, iterations, salt, password, &mut out);
        out
    }

    fn sign(&self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match self.hash {
            ScramHash::Sha256 => hmac::HMAC_SHA256,
            ScramHash::Sha512 => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(algorithm, key);
        hmac::sign(&key, message).as_ref().to_vec()
    }

    fn digest(&self) -> &'static digest::Algorithm {
        match self.hash {
            ScramHash::Sha256 => &digest::SHA256,
            ScramHash::Sha512 => &digest::SHA512,
        }
    }
}

impl Exchange for Scram {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault> {
        let Some(challenge) = challenge else {
            return Ok(Step::Send(format!("{HEADER}{}", self.bare).into_bytes()));
        };
        let text = std::str::from_utf8(challenge);
        let text = text.map_err(|_| Fault::new("the broker's challenge is not text"))?;
        if self.expected.is_none() {
            return self.prove(text).map(Step::Send);
        }
        self.confirm(text).map(|()| Step::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_broker_that_does_not_know_the_password_is_not_believed() {
        let mut run = Scram::new(
            ScramHash::Sha256,
            &login("user"),
            false,
            "rOprNGfwEbeRWgbNEkqO",
        );
        assert!(run.step(None).is_ok() && run.step(Some(FIRST)).is_ok());
        let last = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=";
        assert!(sent(run.step(Some(last))).contains("does not prove that it knows the password"));
        assert!(sent(run.step(Some(b"v="))).contains("does not prove"));
        assert!(sent(run.step(Some(b""))).contains("does not prove"));
        assert_eq!(
            sent(run.step(Some(b"e=other-error"))),
            "the broker says other-error"
        );
    }

    #[test]
    fn a_challenge_that_is_none_is_refused() {
        let mut run = Scram::new(ScramHash::Sha256, &login("user"), false, "abc");
        let mut answer = |challenge: &str| sent(run.step(Some(challenge.as_bytes())));
        assert!(answer("").contains("cannot be read"));
        assert!(answer("r=abcd,s=!,i=4096").contains("cannot be read"));
        assert!(answer("r=xyz,s=AAAA,i=4096").contains("not an answer to this login"));
        assert!(answer("r=abc,s=AAAA,i=4096").contains("not an answer to this login"));
        assert!(answer("r=abcd,s=AAAA,i=1").contains("asks for 1 iterations"));
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
