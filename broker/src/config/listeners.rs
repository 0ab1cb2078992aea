//! `listeners`, `advertised.listeners`, `controller.quorum.voters`: addresses in Kafka's notation.

use std::collections::BTreeMap;

use super::keys::{self, BadSetting};
use super::node::Listener;
use super::security::{Protocol, Security};
use crate::peer::Address;

/// A listener's name, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) port: u16,
}

/// Addresses that reach no single machine and so cannot be advertised.
const EVERYWHERE: [&str; 2] = ["0.0.0.0", "::"];

fn bad(key: &str, why: String) -> BadSetting {
    let key = key.to_owned();
    BadSetting { key, why }
}

/// Reads `NAME://host:port,…`; names and ports (but 0) are each used once.
pub(super) fn places(key: &str, text: &str) -> Result<Vec<Place>, BadSetting> {
    let mut all: Vec<Place> = Vec::new();
    for part in keys::list(text) {
        let place =
            place(part).ok_or_else(|| bad(key, format!("`{part}` is not NAME://host:port")))?;
        if all.iter().any(|other| other.name == place.name) {
            return Err(bad(key, format!("two listeners are named {}", place.name)));
        }
        all.push(place);
    }
    Ok(all)
}

fn place(text: &str) -> Option<Place> {
    let (name, rest) = text.split_once("://")?;
    let named = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let (host, port) = host_and_port(rest)?;
    named.then(|| Place {
        name: name.to_ascii_uppercase(),
        host,
        port,
    })
}

/// Reads `host:port`; IPv6 addresses stand in brackets; the host may be empty.
pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let clean = host
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'@' | b'[' | b']'));
    let port = port
        .parse()
        .ok()
        .filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    clean.then(|| (host.to_owned(), port))
}

/// Reads `id@host:port,…`.
pub(super) fn voters(text: &str) -> Result<Vec<Address>, BadSetting> {
    let key = "controller.quorum.voters";
    let mut all: Vec<Address> = Vec::new();
    for part in keys::list(text) {
        let voter = part.split_once('@').and_then(|(id, place)| {
            let node = id.parse().ok().filter(|id| *id >= 0)?;
            let (host, port) = host_and_port(place).filter(|(host, _)| !host.is_empty())?;
            Some(Address { node, host, port })
        });
        let voter = voter.ok_or_else(|| bad(key, format!("`{part}` is not id@host:port")))?;
        if let Some(twin) = all.iter().find(|other| other.node == voter.node) {
            return Err(bad(key, format!("node {} is named twice", twin.node)));
        }
        all.push(voter);
    }
    Ok(all)
}

/// Reads `host:port,…`: places of nodes whose ids are not known.
pub(super) fn servers(key: &str, text: &str) -> Result<Vec<Address>, BadSetting> {
    let places = keys::list(text).map(|part| {
        let place = host_and_port(part).filter(|(host, _)| !host.is_empty());
        let (host, port) = place.ok_or_else(|| bad(key, format!("`{part}` is not host:port")))?;
        Ok(Address {
            node: -1,
            host,
            port,
        })
    });
    places.collect()
}

/// The listeners with what is told of each. `controllers` are not advertised.
pub(super) fn advertised(
    listeners: Vec<Place>,
    told: &[Place],
    controllers: &[String],
    security: impl Fn(&str) -> Result<Security, BadSetting>,
) -> Result<Vec<Listener>, BadSetting> {
    let key = "advertised.listeners";
    for place in told {
        if !listeners.iter().any(|listener| listener.name == place.name) {
            let why = format!("{} is not one of `listeners`", place.name);
            return Err(bad(key, why));
        }
    }
    let with_host = |place: Place| {
        let advertised = told.iter().find(|other| other.name == place.name);
        let (host, port) = match advertised {
            Some(told) => (told.host.clone(), told.port),
            None => (place.host.clone(), place.port),
        };
        let is_controller = controllers.contains(&place.name);
        if EVERYWHERE.contains(&host.as_str()) && !is_controller {
            let why = format!(
                "{} would tell clients {host}, which no client can reach: give the address of this machine",
                place.name
            );
            return Err(bad(key, why));
        }
        Ok(Listener {
            security: security(&place.name)?,
            name: place.name,
            host: place.host,
            port: place.port,
            advertised: (host, port),
        })
    };
    listeners.into_iter().map(with_host).collect()
}

/// The security protocol of each of these listeners.
pub(super) fn protocols(
    names: &[&str],
    map: Option<&str>,
    controllers: &[String],
) -> Result<BTreeMap<String, Protocol>, BadSetting> {
    let key = "listener.security.protocol.map";
    let default = keys::find(key)
        .and_then(keys::Key::default)
        .unwrap_or_default();
    let mut known = BTreeMap::new();
    for part in keys::list(map.unwrap_or(default)) {
        let (name, protocol) = part
            .split_once(':')
            .ok_or_else(|| bad(key, format!("`{part}` is not NAME:PROTOCOL")))?;
        let protocol = Protocol::named(protocol.trim())
            .ok_or_else(|| bad(key, format!("{name}: no such protocol {protocol}")))?;
        known.insert(name.trim().to_ascii_uppercase(), protocol);
    }
    let protocol_of = |name: &&str| {
        let implied = map.is_none() && controllers.iter().any(|known| known == name);
        let plaintext = implied.then_some(Protocol::Plaintext);
        let found = known.get(*name).copied().or(plaintext);
        let missing = || bad(key, format!("no security protocol for listener {name}"));
        Ok(((*name).to_owned(), found.ok_or_else(missing)?))
    };
    names.iter().map(protocol_of).collect()
}
