//! Reads `dial.map`, `dial.via` and `dial.timeout`. Total over any text; an error points at the piece that is wrong and
//! says what is expected there. Never shows a login.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::{Add, From, Resolver, Rule, To, Via};
use crate::config::secret::Secret;
use crate::model::Endpoint;

/// Where SOCKS proxies listen by custom.
const SOCKS_PORT: u16 = 1080;
/// Longest name and password of RFC 1929.
const LOGIN_BYTES: usize = 255;
/// Longest name of DNS, and of a SOCKS request.
const HOST_BYTES: usize = 255;
/// Longest patience with one connection.
const LONGEST: Duration = Duration::from_mins(10);

const A_FROM: &str =
    "expected host:port, a pattern such as *.internal:9092, `node 3`, or * for every broker";
const A_TO: &str = "expected host:port, host:{9000+id}, host:{port+10000}, or bootstrap";
const A_PORT: &str = "expected a port from 1 to 65535";
const A_SUM: &str = "expected a sum such as {9000+id}, {port+10000} or {port}";
const A_VIA: &str = "expected direct, socks5://host:1080, socks5h://host:1080 (the proxy resolves names), \
    http://host:3128 or ssh://host";
const A_TIMEOUT: &str = "expected a time such as 5s or 500ms, at most 10m";

/// A text of the route's settings that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RouteError {
    /// A piece of a text is wrong.
    #[error("{setting}: `{piece}` (character {at} of `{text}`): {expected}")]
    Piece {
        /// The setting's name.
        setting: &'static str,
        /// What is wrong.
        piece: String,
        /// Where it begins, counted from 1.
        at: usize,
        /// The whole text.
        text: String,
        /// What should stand there.
        expected: String,
    },
    /// A piece is missing.
    #[error("{setting}: nothing at character {at} of `{text}`: {expected}")]
    Missing {
        /// The setting's name.
        setting: &'static str,
        /// Where it should begin, counted from 1.
        at: usize,
        /// The whole text.
        text: String,
        /// What should stand there.
        expected: String,
    },
    /// A proxy's address is wrong; it may hold a login, so it is not repeated.
    #[error("dial.via: {part}: {expected}")]
    Via {
        /// Which part of it.
        part: String,
        /// What should stand there.
        expected: String,
    },
}

/// Reads several rules, one after the other, separated by commas, semicolons or line ends.
pub fn rules(text: &str) -> Result<Vec<Rule>, RouteError> {
    text.split([',', ';', '\n'])
        .filter(|rule| !rule.trim().is_empty())
        .map(str::parse)
        .collect()
}

/// Reads `dial.timeout`.
pub fn timeout(text: &str) -> Result<Duration, RouteError> {
    let piece = Piece::whole("dial.timeout", text).trim();
    let digits = piece
        .part
        .trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = piece.part.get(digits.len()..).unwrap_or_default();
    let number: Option<u64> = digits.trim().parse().ok();
    let read = match (number, unit) {
        (Some(number), "ms") => Some(Duration::from_millis(number)),
        (Some(number), "s") => Some(Duration::from_secs(number)),
        (Some(number), "m") => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    };
    read.filter(|time| !time.is_zero() && *time <= LONGEST)
        .ok_or_else(|| piece.wrong(A_TIMEOUT))
}

/// A time as [`timeout`] reads it.
pub fn spelled(time: Duration) -> String {
    let ms = time.as_millis();
    if ms.is_multiple_of(1000) {
        format!("{}s", ms / 1000)
    } else {
        format!("{ms}ms")
    }
}

/// A part of a text, and where in it.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    setting: &'static str,
    text: &'a str,
    /// In bytes.
    at: usize,
    part: &'a str,
}

impl<'a> Piece<'a> {
    fn whole(setting: &'static str, text: &'a str) -> Self {
        Self {
            setting,
            text,
            at: 0,
            part: text,
        }
    }

    fn trim(self) -> Self {
        let start = self.part.trim_start();
        Self {
            at: self.at + (self.part.len() - start.len()),
            part: start.trim_end(),
            ..self
        }
    }

    /// What is before and what is after the first `mark`.
    fn split(self, mark: &str) -> Option<(Self, Self)> {
        let place = self.part.find(mark)?;
        let before = self.part.get(..place)?;
        let after = self.part.get(place + mark.len()..)?;
        let (before, after) = (
            Self {
                part: before,
                ..self
            },
            Self {
                at: self.at + place + mark.len(),
                part: after,
                ..self
            },
        );
        Some((before, after))
    }

    fn strip(self, prefix: &str) -> Option<Self> {
        let part = self.part.strip_prefix(prefix)?;
        Some(Self {
            at: self.at + prefix.len(),
            part,
            ..self
        })
    }

    fn wrong(self, expected: &str) -> RouteError {
        let before = self.text.get(..self.at).unwrap_or_default();
        let (setting, at) = (self.setting, before.chars().count() + 1);
        let (text, expected) = (shown(self.text), expected.to_owned());
        if self.part.is_empty() {
            return RouteError::Missing {
                setting,
                at,
                text,
                expected,
            };
        }
        RouteError::Piece {
            setting,
            piece: shown(self.part),
            at,
            text,
            expected,
        }
    }
}

/// Text that cannot steer a terminal.
fn shown(text: &str) -> String {
    text.chars()
        .flat_map(char::escape_debug)
        .collect::<String>()
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}

impl FromStr for Rule {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let whole = Piece::whole("dial.map", text);
        let (from, to) = whole.split("->").ok_or_else(|| {
            whole
                .trim()
                .wrong("expected FROM -> TO, such as broker-1.internal:9092 -> 127.0.0.1:19092")
        })?;
        if let Some((_, more)) = to.split("->") {
            return Err(more.wrong("expected one -> only; a comma stands between rules"));
        }
        Ok(Self {
            from: read_from(from.trim())?,
            to: read_to(to.trim())?,
            text: text.trim().to_owned(),
        })
    }
}

fn read_from(piece: Piece<'_>) -> Result<From, RouteError> {
    if piece.part == "*" {
        return Ok(From::Any);
    }
    let node = piece.strip("node");
    if let Some(id) = node.filter(|id| id.part.starts_with(char::is_whitespace)) {
        let id = id.trim();
        let read = id.part.parse().ok().filter(|id: &i32| *id >= 0);
        return read
            .map(From::Node)
            .ok_or_else(|| id.wrong("expected a broker's id, a number from 0 on"));
    }
    let (host, port) = address(piece, A_FROM)?;
    sound(host, A_FROM)?;
    let port = match port {
        None => None,
        Some(port) if port.part == "*" => None,
        Some(port) => Some(number(port)?),
    };
    Ok(From::Address {
        host: host.part.to_owned(),
        port,
    })
}

fn read_to(piece: Piece<'_>) -> Result<To, RouteError> {
    if piece.part == "bootstrap" {
        return Ok(To::Bootstrap);
    }
    let (host, port) = address(piece, A_TO)?;
    sound(host, A_TO)?;
    if host.part.contains('*') {
        return Err(host.wrong("a pattern cannot be dialled; expected a host"));
    }
    let port = port.ok_or_else(|| piece.wrong(A_TO))?;
    if let Some(sum) = port.strip("{") {
        let (sum, rest) = sum.split("}").ok_or_else(|| port.wrong(A_SUM))?;
        if !rest.part.is_empty() {
            return Err(rest.wrong("expected nothing after }"));
        }
        let (base, add) = read_sum(sum.trim())?;
        return Ok(To::Sum {
            host: host.part.to_owned(),
            base,
            add,
        });
    }
    Ok(To::Address(Endpoint {
        host: host.part.into(),
        port: number(port)?,
    }))
}

/// A number and `id` or `port`, in either order; what is subtracted is the number.
fn read_sum(piece: Piece<'_>) -> Result<(i64, Add), RouteError> {
    let named = |word: &str| match word.trim() {
        "id" => Some(Add::Id),
        "port" => Some(Add::Port),
        _ => None,
    };
    let counted = |word: &str| word.trim().parse::<u16>().ok().map(i64::from);
    if let Some(add) = named(piece.part) {
        return Ok((0, add));
    }
    let plus = piece.part.split_once('+');
    let read = match plus {
        Some((one, other)) => counted(one)
            .zip(named(other))
            .or_else(|| counted(other).zip(named(one))),
        None => piece
            .part
            .split_once('-')
            .and_then(|(one, other)| Some((-counted(other)?, named(one)?))),
    };
    read.ok_or_else(|| piece.wrong(A_SUM))
}

/// The host and what follows its colon. `[v6]` loses its brackets.
fn address<'a>(
    piece: Piece<'a>,
    expected: &str,
) -> Result<(Piece<'a>, Option<Piece<'a>>), RouteError> {
    let (host, rest) = match piece.strip("[") {
        Some(inner) => {
            let closed = inner.split("]");
            let (host, rest) = closed.ok_or_else(|| piece.wrong("expected ] after the address"))?;
            if rest.part.is_empty() {
                return Ok((host, None));
            }
            let port = rest.strip(":");
            (
                host,
                port.ok_or_else(|| rest.wrong("expected : and a port"))?,
            )
        }
        None => match piece.split(":") {
            None => return Ok((piece, None)),
            Some((_, rest)) if rest.part.contains(':') => {
                return Err(
                    piece.wrong("an IPv6 address stands in brackets, such as [fd00::1]:9092")
                );
            }
            Some(parts) => parts,
        },
    };
    if host.part.is_empty() {
        return Err(host.wrong(expected));
    }
    Ok((host, Some(rest)))
}

/// Refuses what can be no name: it would end up in the request to a proxy.
fn sound(host: Piece<'_>, expected: &str) -> Result<(), RouteError> {
    if is_sound(host.part) {
        Ok(())
    } else {
        Err(host.wrong(expected))
    }
}

fn is_sound(host: &str) -> bool {
    let banned = |c: char| c.is_whitespace() || c.is_control() || "[]{}<>/@,;\"'`\\".contains(c);
    !host.is_empty() && host.len() <= HOST_BYTES && !host.contains(banned)
}

fn number(piece: Piece<'_>) -> Result<u16, RouteError> {
    port(piece.part).ok_or_else(|| piece.wrong(A_PORT))
}

fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

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
pub(super) fn encoded(text: &str) -> String {
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

#[cfg(test)]
mod tests;
