//! How advertised addresses are reached: rules that dial elsewhere, and a way through a proxy. Plain data and its text
//! form. Never resolves a name; the identity for TLS and SASL stays the advertised name whatever is dialled.

use std::time::Duration;

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
