//! Reads `dial.via`. Nothing of the text is repeated in an error: it may be a login, even where none should stand.

use std::fmt::Write as _;
use std::str::FromStr;

use super::{A_PORT, RouteError, is_sound, port};
use crate::config::route::{Resolver, Via};
use crate::config::secret::Secret;
use crate::model::Endpoint;

/// Where SOCKS proxies listen by custom.
pub(super) const SOCKS_PORT: u16 = 1080;
/// Longest name and password of RFC 1929.
const LOGIN_BYTES: usize = 255;

const A_VIA: &str = "expected direct, socks5://host:1080, socks5h://host:1080 (the proxy resolves names), \
    http://host:3128 or ssh://host";

impl FromStr for Via {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let text = text.trim();
        if text == "direct" {
            return Ok(Self::Direct);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(via("the way", A_VIA));
        };
        let (who, place) = match rest.rsplit_once('@') {
            Some((who, place)) => (Some(who), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        match scheme {
            "socks5" | "socks5h" => Ok(Self::Socks5 {
                proxy: proxy(place, Some(SOCKS_PORT))?,
                login: login(who)?,
                names: if scheme == "socks5" {
                    Resolver::Here
                } else {
                    Resolver::Proxy
                },
            }),
            "http" => Ok(Self::HttpConnect {
                proxy: proxy(place, None)?,
                login: login(who)?,
            }),
            "ssh" => ssh(who, place),
            "https" => Err(via(
                "https://",
                "proxies are spoken to without TLS; expected http://host:3128",
            )),
            "socks" | "socks4" | "socks4a" => Err(via(
                "an older SOCKS",
                "expected socks5://host:1080 or socks5h://host:1080",
            )),
            _ => Err(via("the part before ://", A_VIA)),
        }
    }
}

fn via(part: &str, expected: &str) -> RouteError {
    RouteError::Via {
        part: part.to_owned(),
        expected: expected.to_owned(),
    }
}

/// The host and the text of the port; nothing of it is repeated: without an `@` it may be a login.
fn host_and_port(place: &str) -> Result<(&str, Option<&str>), RouteError> {
    let (host, port) = match place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or_default())),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if !is_sound(host) {
        return Err(via("the host", "expected a name or an address after ://"));
    }
    Ok((host, port))
}

fn proxy(place: &str, usual: Option<u16>) -> Result<Endpoint, RouteError> {
    let (host, written) = host_and_port(place)?;
    let read = match written {
        Some(written) => port(written),
        None => usual,
    };
    Ok(Endpoint {
        host: host.into(),
        port: read.ok_or_else(|| via("the proxy's port", A_PORT))?,
    })
}

fn ssh(who: Option<&str>, place: &str) -> Result<Via, RouteError> {
    let (host, written) = host_and_port(place)?;
    let read = written.map(|written| port(written).ok_or_else(|| via("the port of ssh", A_PORT)));
    let user = match who {
        Some(who) if who.contains(':') => {
            return Err(via(
                "the password",
                "ssh takes none here: use a key, an agent or your ssh configuration",
            ));
        }
        Some(who) if !is_sound(who) => {
            return Err(via("the user", "expected a name before @"));
        }
        who => who,
    };
    let destination = user.map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
    // It stands on ssh's command line, where a dash begins an option.
    if destination.starts_with('-') || host.starts_with('-') {
        return Err(via("the host", "a name cannot begin with a dash"));
    }
    Ok(Via::Ssh {
        destination,
        port: read.transpose()?,
    })
}

fn login(who: Option<&str>) -> Result<Option<(String, Secret)>, RouteError> {
    let Some(who) = who else { return Ok(None) };
    let (name, password) = who.split_once(':').unwrap_or((who, ""));
    let wrong = |expected: &str| via("the login", expected);
    let read = |text: &str| {
        decoded(text).ok_or_else(|| {
            wrong("a % begins the code of a character; write the sign itself as %25")
        })
    };
    let (name, password) = (read(name)?, read(password)?);
    if name.is_empty() || name.len() > LOGIN_BYTES || password.len() > LOGIN_BYTES {
        return Err(wrong(
            "expected user@ or user:password@, each of 255 bytes at most",
        ));
    }
    if name.contains(':') || (name.clone() + &password).contains(char::is_control) {
        return Err(wrong("expected a name without : and no control characters"));
    }
    Ok(Some((name, Secret::new(&password))))
}

/// Percent codes resolved; `None` where one is none, or the result is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let code = digit(left.next()?)? * 16 + digit(left.next()?)?;
            bytes.push(u8::try_from(code).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A name as [`decoded`] reads it back.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}
