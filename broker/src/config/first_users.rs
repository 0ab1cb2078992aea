//! `lookout.scram.users`: users that a new cluster begins with, as `kafka-storage format --add-scram`
//! writes them, separated by semicolons. Never shows a password.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::keys::BadSetting;
use crate::sasl::Mechanism;
use crate::sasl::scram::{Credential, Hash, MAX_ITERATIONS, MIN_ITERATIONS};
use crate::secret::Secret;

/// The key.
const KEY: &str = "lookout.scram.users";

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUser {
    /// The name.
    pub name: String,
    /// The mechanism's hash.
    pub hash: Hash,
    iterations: i32,
    salt: Option<Vec<u8>>,
    word: Word,
}

/// What is known of the password.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Password(Secret),
    /// Salted already: nothing of the password is known.
    Salted(Credential),
}

impl FirstUser {
    /// What is kept of the user; `salt` is random, for a user that brings none.
    pub fn credential(&self, salt: &[u8]) -> Option<Credential> {
        match &self.word {
            Word::Salted(credential) => Some(credential.clone()),
            Word::Password(password) => {
                let salt = self.salt.as_deref().unwrap_or(salt);
                Credential::from_password(self.hash, password, salt, self.iterations)
            }
        }
    }
}

/// Reads the users.
pub(super) fn parse(text: &str) -> Result<Vec<FirstUser>, BadSetting> {
    let mut all: Vec<FirstUser> = Vec::new();
    let parts = text.split(';').map(str::trim);
    for (at, part) in parts.filter(|part| !part.is_empty()).enumerate() {
        let refused = |why: &str| BadSetting {
            key: KEY.to_owned(),
            why: format!("user {}: {why}", at + 1),
        };
        let user = user(part).map_err(|why| refused(&why))?;
        if all
            .iter()
            .any(|other| (&other.name, other.hash) == (&user.name, user.hash))
        {
            return Err(refused("is given twice with the same mechanism"));
        }
        all.push(user);
    }
    Ok(all)
}

fn user(text: &str) -> Result<FirstUser, String> {
    let form = "write SCRAM-SHA-512=[name=alice,password=…]";
    let (mechanism, fields) = text.split_once('=').ok_or(form)?;
    let hash = Mechanism::named(mechanism)
        .and_then(Mechanism::hash)
        .ok_or("the mechanism is SCRAM-SHA-256 or SCRAM-SHA-512")?;
    let fields = fields
        .strip_prefix('[')
        .and_then(|fields| fields.strip_suffix(']'))
        .ok_or(form)?;
    let mut given = BTreeMap::new();
    for field in fields.split(',') {
        let (name, value) = field.split_once('=').ok_or(form)?;
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        given.insert(name.trim(), quoted.unwrap_or(value));
    }
    let name = given.remove("name").filter(|name| !name.is_empty());
    let name = name.ok_or("has no name")?.to_owned();
    let iterations = given.remove("iterations").unwrap_or("4096");
    let iterations: i32 = iterations.parse().map_err(|_| "iterations is no number")?;
    if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
        return Err(format!(
            "iterations must be from {MIN_ITERATIONS} to {MAX_ITERATIONS}"
        ));
    }
    let salt = given.remove("salt").map(|salt| BASE64.decode(salt));
    let salt = salt.transpose().map_err(|_| "salt is not base64")?;
    let word = word((&mut given, hash), salt.as_deref(), iterations)?;
    match given.keys().next() {
        Some(other) => Err(format!("{other} is unknown")),
        None => Ok(FirstUser {
            name,
            hash,
            iterations,
            salt,
            word,
        }),
    }
}

fn word(
    (given, hash): (&mut BTreeMap<&str, &str>, Hash),
    salt: Option<&[u8]>,
    iterations: i32,
) -> Result<Word, String> {
    let password = given.remove("password").filter(|word| !word.is_empty());
    match (password, given.remove("saltedpassword")) {
        (Some(password), None) => Ok(Word::Password(Secret::new(password))),
        (None, Some(salted)) => {
            let salt = salt.ok_or("saltedpassword needs salt")?;
            let salted = BASE64.decode(salted);
            let salted = salted.map_err(|_| "saltedpassword is not base64")?;
            Ok(Word::Salted(Credential::from_salted(
                hash, salt, &salted, iterations,
            )))
        }
        _ => Err("needs either password or saltedpassword".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_as_kafka_storage_takes_them() {
        let text = "SCRAM-SHA-512=[name=admin,password=a=b]; \
                    SCRAM-SHA-256=[name=alice,password=\"x\",iterations=8192];";
        let users = parse(text).unwrap();
        let told: Vec<_> = users
            .iter()
            .map(|user| (user.name.as_str(), user.hash))
            .collect();
        assert_eq!(told, [("admin", Hash::Sha512), ("alice", Hash::Sha256)]);
        let made = users[1].credential(b"salt").unwrap();
        let wanted = Credential::from_password(Hash::Sha256, &Secret::new("x"), b"salt", 8192);
        assert_eq!(Some(made), wanted);
        assert!(!format!("{users:?}").contains("a=b"));
    }

    #[test]
    fn a_salted_password_makes_the_same_credential_as_the_password() {
        let count = 4096.try_into().unwrap();
        let salted = Hash::Sha256.salted(&Secret::new("x"), b"salt", count);
        let (salt, salted) = (BASE64.encode("salt"), BASE64.encode(salted));
        let text = format!("SCRAM-SHA-256=[name=a,salt={salt},saltedpassword={salted}]");
        let made = parse(&text).unwrap()[0].credential(b"other").unwrap();
        let wanted = Credential::from_password(Hash::Sha256, &Secret::new("x"), b"salt", 4096);
        assert_eq!(Some(made), wanted);
    }

    #[test]
    fn what_is_no_user_is_refused_without_its_password() {
        for bad in [
            "alice",
            "PLAIN=[name=a,password=secret]",
            "SCRAM-SHA-256=name=a,password=secret",
            "SCRAM-SHA-256=[password=secret]",
            "SCRAM-SHA-256=[name=a]",
            "SCRAM-SHA-256=[name=a,password=secret,iterations=1]",
            "SCRAM-SHA-256=[name=a,password=secret,more=1]",
            "SCRAM-SHA-256=[name=a,saltedpassword=c2VjcmV0]",
            "SCRAM-SHA-256=[name=a,password=secret];SCRAM-SHA-256=[name=a,password=secret]",
        ] {
            let why = parse(bad).unwrap_err().to_string();
            assert!(why.starts_with(KEY) && !why.contains("secret"), "{why}");
        }
    }
}
