//! Addresses as operators write them: `host:port`, `[v6]:port`, with or without a listener name before `://`.

use std::sync::Arc;

use super::error::printable;
use crate::model::Endpoint;

/// Kafka's customary port, for an address without one.
const CUSTOMARY_PORT: u16 = 9092;

/// Reads one bootstrap address; the error is a sentence that names it.
pub fn endpoint(text: &str) -> Result<Endpoint, Arc<str>> {
    let bare = text.trim();
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let wrong = || {
        printable(&format!(
            "bootstrap address '{text}' is not host:port; write it like kafka-1:9092 or [::1]:9092"
        ))
    };
    let (host, port) = match bare.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(wrong)?,
        None => match bare.rsplit_once(':') {
            // More than one colon and no brackets: an IPv6 address without a port.
            Some((host, _)) if host.contains(':') => (bare, ""),
            Some((host, _)) => bare.split_at(host.len()),
            None => (bare, ""),
        },
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.parse().map_err(|_| wrong())?,
        None if port.is_empty() => CUSTOMARY_PORT,
        None => return Err(wrong()),
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong());
    }
    Ok(Endpoint {
        host: host.into(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, u16), Arc<str>> {
        endpoint(text).map(|endpoint| (endpoint.host.to_string(), endpoint.port))
    }

    #[test]
    fn the_usual_spellings_are_understood() {
        assert_eq!(read("kafka-1:19092"), Ok(("kafka-1".to_owned(), 19092)));
        assert_eq!(
            read(" PLAINTEXT://kafka-1:1 "),
            Ok(("kafka-1".to_owned(), 1))
        );
        assert_eq!(read("kafka-1"), Ok(("kafka-1".to_owned(), 9092)));
        assert_eq!(read("[::1]:7"), Ok(("::1".to_owned(), 7)));
        assert_eq!(read("[fe80::2]"), Ok(("fe80::2".to_owned(), 9092)));
        assert_eq!(read("::1"), Ok(("::1".to_owned(), 9092)));
    }

    #[test]
    fn nonsense_is_named() {
        for text in [
            "", ":9092", "a:b", "a:70000", "[::1", "[::1]x", "a b:1", "a:",
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(&format!("'{text}'")), "{error}");
        }
    }
}
