//! PLAIN (RFC 4616): `[authorization id] NUL user NUL password`. Compares nothing itself.

use super::{Refusal, other_authzid};
use crate::secret::Secret;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// Who.
    pub user: String,
    /// With what.
    pub password: Secret,
}

impl Plain {
    /// Reads a client's only message.
    pub fn parse(message: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(message)
            .map_err(|_| Refusal::hidden("the PLAIN message is no UTF-8"))?;
        let parts: Vec<&str> = text.split('\0').collect();
        let [authzid, user, password] = parts.as_slice() else {
            let why = format!(
                "the PLAIN message has {} parts in place of three",
                parts.len()
            );
            return Err(Refusal::Hidden(why));
        };
        if user.is_empty() {
            return Err(Refusal::told(
                "Authentication failed: username not specified",
            ));
        }
        if password.is_empty() {
            return Err(Refusal::told(
                "Authentication failed: password not specified",
            ));
        }
        if !authzid.is_empty() && authzid != user {
            return Err(other_authzid());
        }
        Ok(Self {
            user: (*user).to_owned(),
            password: Secret::new(password),
        })
    }

    /// The message of a client.
    pub fn message(user: &str, password: &Secret) -> Vec<u8> {
        format!("\0{user}\0{}", password.reveal()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_writes_is_read_back() {
        let password = Secret::new("s3cret");
        let read = Plain::parse(&Plain::message("alice", &password)).unwrap();
        assert_eq!((read.user.as_str(), read.password), ("alice", password));
        assert!(Plain::parse(b"alice\0alice\0s3cret").is_ok());
    }

    #[test]
    fn messages_that_are_not_three_parts_are_refused() {
        for bad in [&b""[..], b"alice", b"\0alice", b"\0a\0b\0c", b"\0\xff\0b"] {
            assert!(
                matches!(Plain::parse(bad), Err(Refusal::Hidden(_))),
                "{bad:?}"
            );
        }
        for bad in [&b"\0\0x"[..], b"\0x\0", b"bob\0alice\0x"] {
            assert!(
                matches!(Plain::parse(bad), Err(Refusal::Told(_))),
                "{bad:?}"
            );
        }
    }
}
