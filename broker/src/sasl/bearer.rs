//! OAUTHBEARER (RFC 7628, KIP-255): the envelope of a token. Never looks into the token.

use super::Refusal;
use crate::secret::Secret;

/// What stands between the parts of a message, and what a client answers to a refusal.
const SEPARATOR: char = '\u{1}';

/// What a client says once it has read that its token is refused.
pub const END: &[u8] = b"\x01";

/// What a server says of a token that it refuses, before the login fails.
pub const INVALID_TOKEN: &str = r#"{"status":"invalid_token"}"#;

/// A client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Who the client wants to be; empty leaves that to the token.
    pub authzid: String,
    /// The token.
    pub token: Secret,
}

impl Bearer {
    /// Reads it. Extensions (KIP-342) are allowed and left out.
    pub fn parse(message: &[u8]) -> Result<Self, Refusal> {
        let malformed = || Refusal::hidden("the OAUTHBEARER message is malformed");
        let text = std::str::from_utf8(message).map_err(|_| malformed())?;
        let mut parts = text.split(SEPARATOR);
        let header = parts.next().unwrap_or_default();
        let authzid = header
            .strip_prefix("n,")
            .and_then(|header| header.strip_suffix(','))
            .ok_or_else(malformed)?;
        let authzid = match authzid {
            "" => "",
            given => given.strip_prefix("a=").ok_or_else(malformed)?,
        };
        let pairs: Vec<&str> = parts.collect();
        let Some((["", ""], pairs)) = pairs
            .split_last_chunk::<2>()
            .map(|(pairs, end)| (end, pairs))
        else {
            return Err(malformed());
        };
        let mut token = None;
        for pair in pairs {
            let (name, value) = pair.split_once('=').ok_or_else(malformed)?;
            if name == "auth" && token.replace(value).is_some() {
                return Err(malformed());
            }
        }
        let (scheme, token) = token
            .and_then(|value| value.split_once(' '))
            .ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            authzid: authzid.replace("=2C", ",").replace("=3D", "="),
            token: Secret::new(token.trim()),
        })
    }

    /// The message of a client, with its extensions by name and value (KIP-342).
    pub fn message(token: &Secret, extensions: &[(String, String)]) -> Vec<u8> {
        let mut message = format!("n,,{SEPARATOR}auth=Bearer {}{SEPARATOR}", token.reveal());
        for (name, value) in extensions {
            message.extend([name.as_str(), "=", value.as_str()]);
            message.push(SEPARATOR);
        }
        message.push(SEPARATOR);
        message.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_writes_is_read_back() {
        let token = Secret::new("a.b-c_d.e");
        let read = Bearer::parse(&Bearer::message(&token, &[])).unwrap();
        assert_eq!((read.authzid.as_str(), &read.token), ("", &token));
        let extensions = [("trace".to_owned(), "7".to_owned())];
        let extended = Bearer::parse(&Bearer::message(&token, &extensions)).unwrap();
        assert_eq!(extended, read);
        let full = b"n,a=alice,\x01auth=bearer x.y.z\x01trace=7\x01\x01";
        let read = Bearer::parse(full).unwrap();
        assert_eq!(
            (read.authzid.as_str(), read.token.reveal()),
            ("alice", "x.y.z")
        );
    }

    #[test]
    fn messages_without_exactly_one_token_are_refused() {
        for bad in [
            "",
            "n,,",
            "n,,\u{1}\u{1}",
            "n,,\u{1}auth=Bearer x\u{1}",
            "n,,\u{1}auth=Basic x\u{1}\u{1}",
            "n,,\u{1}auth=Bearer \u{1}\u{1}",
            "n,alice,\u{1}auth=Bearer x\u{1}\u{1}",
            "n,,\u{1}auth=Bearer x\u{1}auth=Bearer y\u{1}\u{1}",
            "\u{1}auth=Bearer x\u{1}\u{1}",
            "n,,\u{1}nothing\u{1}auth=Bearer x\u{1}\u{1}",
            "p,,\u{1}auth=Bearer x\u{1}\u{1}",
        ] {
            assert!(Bearer::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
