//! How advertised addresses are reached: rules that dial elsewhere, and a way through a proxy. Plain data and its text
//! form (`text` reads it, `Display` writes it). Never resolves a name; the identity for TLS and SASL stays the advertised
//! name whatever is dialled.

mod text;

use std::fmt;
use std::time::Duration;

pub use self::text::{RouteError, rules, spelled, timeout};

use super::secret::Secret;
use crate::model::Endpoint;

/// `dial.map`, `dial.via` and their companions. The default dials every advertised address as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// The first that matches wins; none: as advertised.
    pub rules: Vec<Rule>,
    /// What connections go through.
    pub via: Via,
    /// `dial.timeout`: how long one TCP connection may take, in place of the default.
    pub timeout: Option<Duration>,
}

/// `FROM -> TO`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// As the operator wrote it: what the broker page shows.
    pub text: String,
    pub from: From,
    pub to: To,
}

/// Which advertised addresses a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// `host:port`; `*` stands for any run of characters, alone as the port for any port.
    Address { host: String, port: Option<u16> },
    /// `node 3`.
    Node(i32),
    /// `*`.
    Any,
}

/// Where a rule leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// `host:port`.
    Address(Endpoint),
    /// `host:{9000+id}`, `host:{port+10000}`: the sum of a number and the broker's id or advertised port.
    Sum { host: String, base: i64, add: Add },
    /// `bootstrap`: the address that the operator named, the first that answers.
    Bootstrap,
}

/// What the port of a rule is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Add {
    Id,
    Port,
}

/// What connections go through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Via {
    #[default]
    Direct,
    /// `socks5h://[user[:password]@]host:port`: the proxy resolves; `socks5://`: this host resolves.
    Socks5 {
        proxy: Endpoint,
        login: Option<(String, Secret)>,
        names: Resolver,
    },
    /// `http://[user[:password]@]host:port`, by CONNECT.
    HttpConnect {
        proxy: Endpoint,
        login: Option<(String, Secret)>,
    },
    /// `ssh://[user@]host[:port]`: one `ssh -W` per connection, with the user's own ssh configuration and agent.
    Ssh {
        destination: String,
        port: Option<u16>,
    },
}

/// Who turns a name into an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolver {
    Here,
    Proxy,
}

impl Rule {
    /// A rule in its usual spelling.
    pub fn new(from: From, to: To) -> Self {
        let text = format!("{from} -> {to}");
        Self { text, from, to }
    }

    /// Whether it leads several advertised addresses to one place, where any of them may answer.
    pub fn is_shared(&self) -> bool {
        let one = match &self.from {
            From::Node(_) => true,
            From::Address { host, port } => port.is_some() && !host.contains('*'),
            From::Any => false,
        };
        match self.to {
            To::Bootstrap => true,
            To::Address(_) => !one,
            To::Sum { .. } => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { host, port } => match port {
                Some(port) => write!(f, "{}:{port}", bracketed(host)),
                None => write!(f, "{}:*", bracketed(host)),
            },
            Self::Node(id) => write!(f, "node {id}"),
            Self::Any => f.write_str("*"),
        }
    }
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(endpoint) => endpoint.fmt(f),
            Self::Sum { host, base, add } => {
                let host = bracketed(host);
                match (add, base) {
                    (Add::Id, base) if *base > 0 => write!(f, "{host}:{{{base}+id}}"),
                    (_, 0) => write!(f, "{host}:{{{add}}}"),
                    (_, base) => write!(f, "{host}:{{{add}{base:+}}}"),
                }
            }
            Self::Bootstrap => f.write_str("bootstrap"),
        }
    }
}

impl fmt::Display for Add {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Port => "port",
        })
    }
}

/// As in a configuration file, but for the password.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = |login: &Option<(String, Secret)>| match login {
            None => String::new(),
            Some((name, password)) if password.reveal().is_empty() => {
                format!("{}@", text::encoded(name))
            }
            Some((name, password)) => format!("{}:{password}@", text::encoded(name)),
        };
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Socks5 {
                proxy,
                login: who,
                names,
            } => {
                let scheme = match names {
                    Resolver::Here => "socks5",
                    Resolver::Proxy => "socks5h",
                };
                write!(f, "{scheme}://{}{proxy}", login(who))
            }
            Self::HttpConnect { proxy, login: who } => write!(f, "http://{}{proxy}", login(who)),
            Self::Ssh { destination, port } => {
                let (user, host) = match destination.rsplit_once('@') {
                    Some((user, host)) => (format!("{user}@"), host),
                    None => (String::new(), destination.as_str()),
                };
                write!(f, "ssh://{user}{}", bracketed(host))?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

/// A host as it stands before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}
