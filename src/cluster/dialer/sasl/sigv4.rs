//! AWS Signature Version 4 of a request whose signature stands in its query ("presigned"). Pure: the clock comes in.

use std::fmt;
use std::fmt::Write as _;

use ring::{digest, hmac};

use crate::cluster::dialer::http::encoded;
use crate::config::secret::Secret;
use crate::model::Moment;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub id: String,
    pub secret: Secret,
    /// Of keys that end.
    pub session: Option<Secret>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// What a signature is good for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub region: &'a str,
    pub service: &'a str,
    pub at: Moment,
    pub expires_s: u32,
}

/// A GET request to be signed; its only signed header is `host`.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub host: &'a str,
    pub path: &'a str,
    pub query: Vec<(&'a str, String)>,
    /// The hash of the body in hexadecimal, or the word that stands for it.
    pub payload: String,
}

impl<'a> Ask<'a> {
    /// A request to `/` without a body.
    pub fn of(host: &'a str, query: Vec<(&'a str, String)>) -> Self {
        Self {
            host,
            path: "/",
            query,
            payload: hash(b""),
        }
    }
}

/// The query with everything a signature adds, in the order and with the names of AWS; values are not encoded.
pub fn presign(keys: &Keys, scope: Scope<'_>, ask: Ask<'_>) -> Vec<(String, String)> {
    let time = scope.at.compact_utc();
    let date = time.get(..8).unwrap_or_default();
    let reach = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let query = ask
        .query
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let mut query: Vec<(String, String)> = query.collect();
    let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
    add("X-Amz-Algorithm", ALGORITHM.to_owned());
    add("X-Amz-Credential", format!("{}/{reach}", keys.id));
    add("X-Amz-Date", time.clone());
    add("X-Amz-Expires", scope.expires_s.to_string());
    if let Some(session) = &keys.session {
        add("X-Amz-Security-Token", session.reveal().to_owned());
    }
    add("X-Amz-SignedHeaders", "host".to_owned());
    let canonical = format!(
        "GET\n{}\n{}\nhost:{}\n\nhost\n{}",
        ask.path,
        in_order(&query),
        ask.host,
        ask.payload
    );
    let to_sign = format!(
        "{ALGORITHM}\n{time}\n{reach}\n{}",
        hash(canonical.as_bytes())
    );
    let key = signing_key(&keys.secret, date, scope.region, scope.service);
    query.push((
        "X-Amz-Signature".to_owned(),
        hex(sign(&key, &to_sign).as_ref()),
    ));
    query
}

/// A query as text, as it was put together.
pub fn query_text(query: &[(String, String)]) -> String {
    let pairs = query
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A query as text, in the order it is signed in.
fn in_order(query: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn signing_key(secret: &Secret, date: &str, region: &str, service: &str) -> hmac::Tag {
    let first = format!("AWS4{}", secret.reveal());
    let key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
    let mut tag = hmac::sign(&key, date.as_bytes());
    for part in [region, service, "aws4_request"] {
        tag = sign(&tag, part);
    }
    tag
}

fn sign(key: &hmac::Tag, text: &str) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
    hmac::sign(&key, text.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string never fails.
        let _always = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(id: &str, session: Option<&str>) -> Keys {
        Keys {
            id: id.to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: session.map(Secret::new),
        }
    }

    fn signature(query: &[(String, String)]) -> &str {
        let found = query.iter().find(|(name, _)| name == "X-Amz-Signature");
        &found.expect("signed").1
    }

    /// "Deriving a signing key" of AWS's reference.
    #[test]
    fn the_published_signing_key_is_derived() {
        let key = signing_key(&keys("", None).secret, "20120215", "us-east-1", "iam");
        assert_eq!(
            hex(key.as_ref()),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
        );
    }

    /// "Authenticating requests: using query parameters" of the S3 reference.
    #[test]
    fn the_published_presigned_request_is_signed_alike() {
        let keys = Keys {
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ..keys("AKIAIOSFODNN7EXAMPLE", None)
        };
        let scope = Scope {
            region: "us-east-1",
            service: "s3",
            at: Moment::from_unix_ms(1_369_353_600_000),
            expires_s: 86_400,
        };
        let ask = Ask {
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: Vec::new(),
            payload: "UNSIGNED-PAYLOAD".to_owned(),
        };
        let query = presign(&keys, scope, ask);
        assert_eq!(
            signature(&query),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
        assert_eq!(
            query_text(&query),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn a_session_token_is_part_of_what_is_signed() {
        let scope = Scope {
            region: "eu-west-1",
            service: "kafka-cluster",
            at: Moment::from_unix_ms(0),
            expires_s: 900,
        };
        let with = presign(&keys("A", Some("s/1")), scope, Ask::of("b-1.x", Vec::new()));
        let without = presign(&keys("A", None), scope, Ask::of("b-1.x", Vec::new()));
        assert_ne!(signature(&with), signature(&without));
        assert!(query_text(&with).contains("X-Amz-Security-Token=s%2F1"));
    }
}
