//! SCRAM (RFC 5802, RFC 7677): the arithmetic and both sides of the exchange. Nonces and salts come
//! in; a password is used once and never kept.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{Mechanism, Refusal, other_authzid};
use crate::secret::Secret;

/// The fewest iterations that are allowed (rule 76).
pub const MIN_ITERATIONS: i32 = 4096;

/// The most iterations that a credential may have (rule 76).
pub const MAX_ITERATIONS: i32 = 16_384;

/// The most iterations that a client carries out for a server: about a second of work.
pub const MAX_CLIENT_ITERATIONS: u32 = 1_000_000;

/// The hash that SCRAM is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// Its number in requests about credentials (KIP-554).
    pub fn number(self) -> i8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }

    /// The hash of this number.
    pub fn of_number(number: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.number() == number)
    }

    /// The mechanism made with it.
    pub fn mechanism(self) -> Mechanism {
        match self {
            Self::Sha256 => Mechanism::ScramSha256,
            Self::Sha512 => Mechanism::ScramSha512,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    fn sign(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), bytes)
            .as_ref()
            .to_vec()
    }

    /// The salted password: PBKDF2 over the password's bytes, as Kafka does it (no SASLprep).
    pub fn salted(self, password: &Secret, salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
        let (algorithm, length) = match self {
            Self::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, digest::SHA256_OUTPUT_LEN),
            Self::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, digest::SHA512_OUTPUT_LEN),
        };
        let mut salted = vec![0; length];
        pbkdf2::derive(
            algorithm,
            iterations,
            salt,
            password.reveal().as_bytes(),
            &mut salted,
        );
        salted
    }
}

/// What is kept of a user's password: keys that check a login, and from which no login can be made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Chosen at random with the password.
    pub salt: Vec<u8>,
    /// The hash of the client's key.
    pub stored_key: Vec<u8>,
    /// With which the server proves that it knows the user.
    pub server_key: Vec<u8>,
    /// How often the password was hashed.
    pub iterations: i32,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential([hidden])")
    }
}

impl Credential {
    /// The credential of a salted password, as AlterUserScramCredentials brings it.
    pub fn from_salted(hash: Hash, salt: &[u8], salted: &[u8], iterations: i32) -> Self {
        Self {
            salt: salt.to_vec(),
            stored_key: hash.digest(&hash.sign(salted, b"Client Key")),
            server_key: hash.sign(salted, b"Server Key"),
            iterations,
        }
    }

    /// The credential of a password; `None` for fewer than one iteration.
    pub fn from_password(
        hash: Hash,
        password: &Secret,
        salt: &[u8],
        iterations: i32,
    ) -> Option<Self> {
        let count = u32::try_from(iterations).ok().and_then(NonZeroU32::new)?;
        let salted = hash.salted(password, salt, count);
        Some(Self::from_salted(hash, salt, &salted, iterations))
    }
}

/// What is kept of several users, by name and hash.
pub type Credentials = BTreeMap<(String, Hash), Credential>;

/// A client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    /// Who wants to enter.
    pub user: String,
    /// The login is a delegation token in place of a user (KIP-48).
    pub token: bool,
    gs2: String,
    bare: String,
    nonce: String,
}

impl ClientFirst {
    /// Reads it.
    pub fn parse(message: &[u8]) -> Result<Self, Refusal> {
        let malformed = || Refusal::hidden("the client's first SCRAM message is malformed");
        let text = std::str::from_utf8(message).map_err(|_| malformed())?;
        let mut parts = text.splitn(3, ',');
        let (flag, authzid) = (parts.next(), parts.next());
        let (Some("n" | "y"), Some(authzid), Some(bare)) = (flag, authzid, parts.next()) else {
            return Err(malformed());
        };
        let mut attributes = bare.split(',').map(|part| part.split_once('='));
        let (Some(Some(("n", name))), Some(Some(("r", nonce)))) =
            (attributes.next(), attributes.next())
        else {
            return Err(malformed());
        };
        let extensions: Option<Vec<_>> = attributes.collect();
        let user = unescaped(name).ok_or_else(malformed)?;
        let extensions = extensions.ok_or_else(malformed)?;
        if user.is_empty() || !is_nonce(nonce) {
            return Err(malformed());
        }
        if !authzid.is_empty() {
            let asked = authzid.strip_prefix("a=").and_then(unescaped);
            if asked.ok_or_else(malformed)? != user {
                return Err(other_authzid());
            }
        }
        let gs2_length = text.len() - bare.len();
        Ok(Self {
            token: extensions.contains(&("tokenauth", "true")),
            gs2: text.get(..gs2_length).unwrap_or_default().to_owned(),
            bare: bare.to_owned(),
            nonce: nonce.to_owned(),
            user,
        })
    }
}

fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A user's name as it travels: `,` and `=` are escaped.
fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn unescaped(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('=') {
        out.push_str(before);
        out.push(match after.get(..2)? {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = after.get(2..)?;
    }
    out.push_str(rest);
    Some(out)
}

/// The server's side between its challenge and the client's proof.
#[derive(Debug)]
pub struct Server {
    hash: Hash,
    credential: Credential,
    gs2: String,
    nonce: String,
    /// Both first messages, as they are signed.
    firsts: String,
}

impl Server {
    /// The challenge to a client; `nonce` is the server's own, never used before.
    pub fn challenge(
        hash: Hash,
        first: ClientFirst,
        credential: Credential,
        nonce: &str,
    ) -> (Self, Vec<u8>) {
        let nonce = format!("{}{nonce}", first.nonce);
        let salt = BASE64.encode(&credential.salt);
        let challenge = format!("r={nonce},s={salt},i={}", credential.iterations);
        let server = Self {
            hash,
            credential,
            gs2: first.gs2,
            nonce,
            firsts: format!("{},{challenge}", first.bare),
        };
        (server, challenge.into_bytes())
    }

    /// Checks the client's proof; gives the server's.
    pub fn verify(self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let malformed = || Refusal::hidden("the client's last SCRAM message is malformed");
        let text = std::str::from_utf8(message).map_err(|_| malformed())?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or_else(malformed)?;
        let proof = BASE64.decode(proof).map_err(|_| malformed())?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|part| part.strip_prefix("c="));
        let nonce = attributes.next().and_then(|part| part.strip_prefix("r="));
        let bound = binding.and_then(|binding| BASE64.decode(binding).ok());
        if bound.as_deref() != Some(self.gs2.as_bytes()) {
            return Err(Refusal::hidden("the client bound to another header"));
        }
        if nonce != Some(self.nonce.as_str()) {
            return Err(Refusal::hidden("the client repeats another nonce"));
        }
        let signed = format!("{},{without_proof}", self.firsts);
        let signature = self
            .hash
            .sign(&self.credential.stored_key, signed.as_bytes());
        let client_key = xor(&proof, &signature).ok_or_else(malformed)?;
        let stored_key = self.hash.digest(&client_key);
        if !bool::from(stored_key.ct_eq(&self.credential.stored_key)) {
            return Err(Refusal::hidden("the password is wrong"));
        }
        let proof = self
            .hash
            .sign(&self.credential.server_key, signed.as_bytes());
        Ok(format!("v={}", BASE64.encode(proof)).into_bytes())
    }
}

/// Byte by byte; `None` where the lengths differ.
fn xor(left: &[u8], right: &[u8]) -> Option<Vec<u8>> {
    let pairs = left.iter().zip(right);
    (left.len() == right.len()).then(|| pairs.map(|(left, right)| left ^ right).collect())
}

/// Why a client does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server's message is none.
    #[error("the server's SCRAM message is malformed")]
    Malformed,
    /// The server answers another client.
    #[error("the server repeats another nonce")]
    Nonce,
    /// Fewer than is safe, or so many that it would keep this client busy for long.
    #[error("the server asks for {0} iterations")]
    Iterations(u32),
    /// The server does not know the password.
    #[error("the server cannot prove that it knows this user")]
    Unproven,
}

/// A client before its challenge.
#[derive(Debug)]
pub struct Client {
    hash: Hash,
    password: Secret,
    nonce: String,
    bare: String,
}

impl Client {
    /// The first message; `nonce` was never used before. `token`: the login is a delegation token.
    pub fn start(
        hash: Hash,
        (user, password): (&str, &Secret),
        nonce: &str,
        token: bool,
    ) -> (Self, Vec<u8>) {
        let extension = if token { ",tokenauth=true" } else { "" };
        let bare = format!("n={},r={nonce}{extension}", escaped(user));
        let message = format!("n,,{bare}").into_bytes();
        let client = Self {
            hash,
            password: password.clone(),
            nonce: nonce.to_owned(),
            bare,
        };
        (client, message)
    }

    /// The proof that the challenge asks for, and what the server must prove in turn.
    pub fn prove(self, challenge: &[u8]) -> Result<(Expected, Vec<u8>), ClientError> {
        let challenge = std::str::from_utf8(challenge).map_err(|_| ClientError::Malformed)?;
        let mut parts = challenge.split(',');
        let mut next = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(iterations)) = (next("r="), next("s="), next("i="))
        else {
            return Err(ClientError::Malformed);
        };
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ClientError::Nonce);
        }
        let salt = BASE64.decode(salt).map_err(|_| ClientError::Malformed)?;
        let iterations: u32 = iterations.parse().map_err(|_| ClientError::Malformed)?;
        let least = MIN_ITERATIONS.unsigned_abs();
        let count = NonZeroU32::new(iterations)
            .filter(|_| (least..=MAX_CLIENT_ITERATIONS).contains(&iterations))
            .ok_or(ClientError::Iterations(iterations))?;
        let salted = self.hash.salted(&self.password, &salt, count);
        let client_key = self.hash.sign(&salted, b"Client Key");
        let without_proof = format!("c={},r={nonce}", BASE64.encode("n,,"));
        let signed = format!("{},{challenge},{without_proof}", self.bare);
        let stored_key = self.hash.digest(&client_key);
        let signature = self.hash.sign(&stored_key, signed.as_bytes());
        let proof = xor(&client_key, &signature).ok_or(ClientError::Malformed)?;
        let server_key = self.hash.sign(&salted, b"Server Key");
        let expected = Expected(self.hash.sign(&server_key, signed.as_bytes()));
        let message = format!("{without_proof},p={}", BASE64.encode(proof));
        Ok((expected, message.into_bytes()))
    }
}

/// What the server must answer to a client's proof.
#[derive(Debug)]
pub struct Expected(Vec<u8>);

impl Expected {
    /// Checks the server's last message.
    pub fn check(&self, message: &[u8]) -> Result<(), ClientError> {
        let text = std::str::from_utf8(message).map_err(|_| ClientError::Malformed)?;
        let proof = text.strip_prefix("v=").ok_or(ClientError::Unproven)?;
        let proof = proof.split(',').next().unwrap_or_default();
        let proof = BASE64.decode(proof).map_err(|_| ClientError::Malformed)?;
        if bool::from(proof.ct_eq(&self.0)) {
            return Ok(());
        }
        Err(ClientError::Unproven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_of_rfc_7677_is_repeated_byte_by_byte() {
        let password = Secret::new("pencil");
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let credential = Credential::from_password(Hash::Sha256, &password, &salt, 4096).unwrap();
        let (client, first) = Client::start(
            Hash::Sha256,
            ("user", &password),
            "rOprNGfwEbeRWgbNEkqO",
            false,
        );
        assert_eq!(first, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let first = ClientFirst::parse(&first).unwrap();
        assert_eq!(first.user, "user");
        let nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let (server, challenge) = Server::challenge(Hash::Sha256, first, credential, nonce);
        assert_eq!(
            challenge,
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let (expected, proof) = client.prove(&challenge).unwrap();
        assert!(
            std::str::from_utf8(&proof)
                .unwrap()
                .ends_with(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        );
        let answer = server.verify(&proof).unwrap();
        assert_eq!(answer, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(expected.check(&answer), Ok(()));
        assert_eq!(expected.check(b"v=AAAA"), Err(ClientError::Unproven));
    }

    fn entered(hash: Hash, told: &str, known: &str) -> Result<(), String> {
        let salt = b"some salt of a test";
        let credential = Credential::from_password(hash, &Secret::new(known), salt, 4096).unwrap();
        let (client, first) = Client::start(hash, ("a,b=c", &Secret::new(told)), "abc", false);
        let first = ClientFirst::parse(&first).map_err(|error| error.to_string())?;
        assert_eq!(first.user, "a,b=c");
        let (server, challenge) = Server::challenge(hash, first, credential, "def");
        let (expected, proof) = client
            .prove(&challenge)
            .map_err(|error| error.to_string())?;
        let answer = server.verify(&proof).map_err(|error| error.to_string())?;
        expected.check(&answer).map_err(|error| error.to_string())
    }

    #[test]
    fn the_right_password_enters_and_a_wrong_one_does_not() {
        for hash in Hash::ALL {
            assert_eq!(entered(hash, "right", "right"), Ok(()));
            assert_eq!(
                entered(hash, "wrong", "right"),
                Err("the password is wrong".to_owned())
            );
        }
    }

    #[test]
    fn a_client_asks_for_nobody_but_itself() {
        assert!(ClientFirst::parse(b"n,a=alice,n=alice,r=abc").is_ok());
        let other = ClientFirst::parse(b"n,a=bob,n=alice,r=abc");
        assert!(matches!(other, Err(Refusal::Told(_))));
        let token = ClientFirst::parse(b"n,,n=id,r=abc,tokenauth=true").unwrap();
        assert!(token.token);
    }

    #[test]
    fn malformed_first_messages_are_refused() {
        for bad in [
            "",
            "n",
            "n,,",
            "n,,n=,r=a",
            "n,,n=a",
            "n,,n=a,r=",
            "p=tls,,n=a,r=b",
            "n,,m=x,n=a,r=b",
            "n,,n=a=2,r=b",
            "n,,n=a,r=b,x",
            "n,b=x,n=a,r=b",
            "n,,n=a,r=\u{7f}",
        ] {
            assert!(ClientFirst::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_does_not_work_for_a_server_that_asks_too_little_or_too_much() {
        for (count, is_done) in [
            ("4096", true),
            ("4095", false),
            ("1000001", false),
            ("0", false),
        ] {
            let (client, _) = Client::start(Hash::Sha256, ("a", &Secret::new("b")), "n", false);
            let proven = client.prove(format!("r=nx,s=AAAA,i={count}").as_bytes());
            assert_eq!(proven.is_ok(), is_done, "{count}");
        }
        let (client, _) = Client::start(Hash::Sha256, ("a", &Secret::new("b")), "n", false);
        let other = client.prove(b"r=other,s=AAAA,i=4096");
        assert_eq!(other.err(), Some(ClientError::Nonce));
    }
}
