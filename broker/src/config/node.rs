//! The settings of one node: from a properties file and `--set`, checked, with every refusal
//! naming its key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::authorization::{self, Authorization};
use super::first_users::{self, FirstUser};
use super::keys::{self, BadSetting, Key};
use super::listeners::{self, Place};
use super::properties::{self, BadLine};
use super::quorum::QuorumPlace;
use super::release::Release;
use super::security::{self, Outgoing, Protocol, Scope, Security};

/// Why there are no settings to start with.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of the file is no property.
    #[error("{path}, {bad}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, and what is wrong.
        bad: BadLine,
    },
    /// A `--set` without an equals sign.
    #[error("--set {0}: write it as key=value")]
    NoPair(String),
    /// Keys or values that cannot be; all of them at once.
    #[error("{}", listed(.0))]
    Settings(Vec<BadSetting>),
}

fn listed(all: &[BadSetting]) -> String {
    let mut text = String::new();
    for (at, bad) in all.iter().enumerate() {
        let separator = if at == 0 { "" } else { "\n" };
        let _written = write!(text, "{separator}{bad}");
    }
    text
}

/// A place to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name, such as `PLAINTEXT`.
    pub name: String,
    /// Host to bind; empty is every address.
    pub host: String,
    /// Port to bind; 0 lets the system choose one.
    pub port: u16,
    /// What clients are told: host and port. An empty host is this machine's name, port 0 the port
    /// that was bound. The controller's listener is not advertised.
    pub advertised: (String, u16),
    /// What it demands of who enters.
    pub security: Security,
}

/// One node's settings: what the program goes by, typed, and all the values as they were given.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the Kafka key of its name")]
pub struct NodeConfig {
    pub node_id: i32,
    /// `process.roles` has `broker`.
    pub is_broker: bool,
    /// `process.roles` has `controller`.
    pub is_controller: bool,
    /// Who votes in the metadata quorum.
    pub quorum: QuorumPlace,
    pub listeners: Vec<Listener>,
    pub controller_listener: String,
    pub inter_broker_listener: String,
    /// How this node enters the listeners between brokers.
    pub to_brokers: Outgoing,
    /// How this node enters the controllers' listeners.
    pub to_controllers: Outgoing,
    /// Who may do what, where anybody is asked for permission.
    pub authorization: Option<Authorization>,
    /// `lookout.scram.users`: users that a new cluster begins with.
    pub first_users: Vec<FirstUser>,
    pub log_dirs: Vec<PathBuf>,
    pub metadata_log_dir: PathBuf,
    pub rack: Option<String>,
    /// `lookout.cluster.id`: what a new data directory is formatted with; `None` lets an existing one say.
    pub cluster_id: Option<String>,
    /// `lookout.as.version`: the release of Kafka that clients take the node for.
    pub as_release: Option<Release>,
    /// `lookout.metrics.listener`: where Prometheus text is served.
    pub metrics_listener: Option<SocketAddr>,
    /// `lookout.registry.listener`: where the schema registry is served.
    pub registry_listener: Option<SocketAddr>,
    /// `lookout.fault.file`: faults on purpose are read from this file whenever it changes.
    pub fault_file: Option<PathBuf>,
    /// Every value that was given, by key.
    pub given: BTreeMap<String, String>,
}

/// Keys of which the first must not be above the second.
const IN_ORDER: [(&str, &str); 6] = [
    ("broker.heartbeat.interval.ms", "broker.session.timeout.ms"),
    ("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"),
    ("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"),
    (
        "group.min.session.timeout.ms",
        "group.max.session.timeout.ms",
    ),
    (
        "group.consumer.min.session.timeout.ms",
        "group.consumer.max.session.timeout.ms",
    ),
    (
        "group.consumer.min.heartbeat.interval.ms",
        "group.consumer.max.heartbeat.interval.ms",
    ),
];

/// Keys whose table allows what no node can work with: times and counts that must be above zero.
const ABOVE_ZERO: [&str; 6] = [
    "broker.heartbeat.interval.ms",
    "broker.session.timeout.ms",
    "connections.max.idle.ms",
    "default.replication.factor",
    "replica.fetch.wait.max.ms",
    "replica.lag.time.max.ms",
];

impl NodeConfig {
    /// Reads a properties file, if one is named, and puts `key=value` settings over it.
    pub fn load(file: Option<&Path>, set: &[String]) -> Result<Self, ConfigError> {
        let mut given = match file {
            Some(path) => read(path)?,
            None => BTreeMap::new(),
        };
        for pair in set {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| ConfigError::NoPair(pair.clone()))?;
            given.insert(key.trim().to_owned(), value.trim().to_owned());
        }
        Self::from_values(&given).map_err(ConfigError::Settings)
    }

    /// Checks values by Kafka's keys. Keys that mean nothing here are refused with their names.
    pub fn from_values(given: &BTreeMap<String, String>) -> Result<Self, Vec<BadSetting>> {
        let mut refused: Vec<BadSetting> = given
            .iter()
            .filter_map(|(key, value)| security::check_static(key, value).err())
            .collect();
        if refused.is_empty() {
            let values = Values(given);
            refused.extend(values.out_of_order());
            match values.config() {
                Ok(config) if refused.is_empty() => return Ok(config),
                Ok(_) => {}
                Err(bad) => refused.push(bad),
            }
        }
        Err(refused)
    }

    /// A number in force for this node: as given, else Kafka's default. 0 for a key without either.
    pub fn number(&self, key: &str) -> i64 {
        Values(&self.given).number(key)
    }

    /// A text in force for this node: as given, else Kafka's default. Empty for a key without either.
    pub fn text(&self, key: &str) -> String {
        Values(&self.given).text(key).to_owned()
    }

    /// A switch in force for this node: as given, else Kafka's default.
    pub fn flag(&self, key: &str) -> bool {
        keys::boolean(Values(&self.given).text(key)).unwrap_or_default()
    }

    /// A time in force for this node; `None` where the key's value says "no limit" (below zero).
    pub fn millis(&self, key: &str) -> Option<std::time::Duration> {
        let number = u64::try_from(self.number(key)).ok()?;
        Some(std::time::Duration::from_millis(number))
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    properties::parse(&text).map_err(|bad| ConfigError::Line {
        path: path.to_owned(),
        bad,
    })
}

fn bad(key: &str, why: impl Into<String>) -> BadSetting {
    BadSetting {
        key: key.to_owned(),
        why: why.into(),
    }
}

/// Values whose keys and types are checked.
struct Values<'a>(&'a BTreeMap<String, String>);

impl<'a> Values<'a> {
    fn given(&self, key: &str) -> Option<&'a str> {
        let value = self.0.get(key).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    fn text(&self, key: &str) -> &'a str {
        let default = || keys::find(key).and_then(Key::default);
        self.given(key).or_else(default).unwrap_or_default()
    }

    fn number(&self, key: &str) -> i64 {
        self.text(key).parse().unwrap_or_default()
    }

    fn out_of_order(&self) -> Vec<BadSetting> {
        let crossed = IN_ORDER.iter().filter_map(|(low, high)| {
            let (below, above) = (self.number(low), self.number(high));
            (below > above).then(|| bad(low, format!("{below} is above {high}, {above}")))
        });
        let too_low = ABOVE_ZERO.iter().filter_map(|key| {
            let number = self.number(key);
            (number <= 0).then(|| bad(key, format!("{number} must be above zero")))
        });
        crossed.chain(too_low).collect()
    }

    fn config(&self) -> Result<NodeConfig, BadSetting> {
        let node_id = self.node_id()?;
        let roles: Vec<&str> = keys::list(self.text("process.roles")).collect();
        let (is_broker, is_controller) = (roles.contains(&"broker"), roles.contains(&"controller"));
        if roles.is_empty() {
            return Err(bad(
                "process.roles",
                "is missing: broker, controller, or both",
            ));
        }
        let quorum = QuorumPlace::read(|key| self.text(key), (node_id, is_controller))?;
        let controllers = self.controllers()?;
        let protocols = self.protocols(&controllers)?;
        let listeners = self.listeners(&controllers, &protocols, (is_broker, is_controller))?;
        let inter_broker_listener = self.inter_broker(&listeners, &controllers, is_broker)?;
        let controller_listener = controllers.first().cloned().unwrap_or_default();
        let log_dirs = self.log_dirs()?;
        let metadata_log_dir = match self.given("metadata.log.dir") {
            Some(dir) => PathBuf::from(dir),
            None => log_dirs.first().cloned().unwrap_or_default(),
        };
        Ok(NodeConfig {
            node_id,
            is_broker,
            is_controller,
            quorum,
            listeners,
            to_brokers: if is_broker {
                let key = "sasl.mechanism.inter.broker.protocol";
                self.outgoing(&inter_broker_listener, &protocols, key)?
            } else {
                Outgoing::default()
            },
            to_controllers: self.outgoing(
                &controller_listener,
                &protocols,
                "sasl.mechanism.controller.protocol",
            )?,
            authorization: Authorization::read(
                self.text(authorization::CLASS),
                self.text(authorization::SUPER_USERS),
                keys::boolean(self.text(authorization::EVERYONE)).unwrap_or_default(),
            )?,
            first_users: first_users::parse(self.text("lookout.scram.users"))?,
            controller_listener,
            inter_broker_listener,
            log_dirs,
            metadata_log_dir,
            rack: self.given("broker.rack").map(str::to_owned),
            cluster_id: self.given("lookout.cluster.id").map(str::to_owned),
            as_release: self.given("lookout.as.version").and_then(Release::named),
            metrics_listener: self.endpoint("lookout.metrics.listener")?,
            registry_listener: self.endpoint("lookout.registry.listener")?,
            fault_file: self.given("lookout.fault.file").map(PathBuf::from),
            given: self.0.clone(),
        })
    }

    fn node_id(&self) -> Result<i32, BadSetting> {
        let (new, old) = (self.given("node.id"), self.given("broker.id"));
        if let (Some(new), Some(old)) = (new, old)
            && new != old
        {
            return Err(bad("broker.id", format!("{old} is not node.id, {new}")));
        }
        let id = new.or(old).ok_or_else(|| bad("node.id", "is missing"))?;
        let id = id.parse().ok().filter(|id: &i32| *id >= 0);
        id.ok_or_else(|| bad("node.id", "must be at least 0"))
    }

    fn controllers(&self) -> Result<Vec<String>, BadSetting> {
        let key = "controller.listener.names";
        let names: Vec<String> = keys::list(self.text(key))
            .map(str::to_ascii_uppercase)
            .collect();
        if names.is_empty() {
            return Err(bad(
                key,
                "is missing: the name of the controllers' listener",
            ));
        }
        Ok(names)
    }

    fn listeners(
        &self,
        controllers: &[String],
        protocols: &BTreeMap<String, Protocol>,
        (is_broker, is_controller): (bool, bool),
    ) -> Result<Vec<Listener>, BadSetting> {
        let key = "listeners";
        let places = listeners::places(key, self.text(key))?;
        check_ports(&places)?;
        let is_one = |place: &Place| controllers.contains(&place.name);
        let has_controller = places.iter().any(is_one);
        if is_controller
            && !controllers
                .first()
                .is_some_and(|first| places.iter().any(|place| place.name == *first))
        {
            let first = controllers.first().cloned().unwrap_or_default();
            return Err(bad(
                key,
                format!("a controller needs listener {first} of controller.listener.names"),
            ));
        }
        if !is_controller && has_controller {
            return Err(bad(
                key,
                "has a controllers' listener, but the node is no controller",
            ));
        }
        if is_broker && places.iter().all(is_one) {
            return Err(bad(key, "has no listener for clients"));
        }
        let told = listeners::places("advertised.listeners", self.text("advertised.listeners"))?;
        let security = |name: &str| {
            let protocol = protocols.get(name).copied().unwrap_or_default();
            Scope::of(self.0, name).security(protocol)
        };
        listeners::advertised(places, &told, controllers, security)
    }

    /// The security protocol of every listener of this node and of the controllers'.
    fn protocols(&self, controllers: &[String]) -> Result<BTreeMap<String, Protocol>, BadSetting> {
        let places = listeners::places("listeners", self.text("listeners"))?;
        let names: Vec<&str> = places
            .iter()
            .map(|place| place.name.as_str())
            .chain(controllers.iter().map(String::as_str))
            .collect();
        let map = self.given("listener.security.protocol.map");
        listeners::protocols(&names, map, controllers)
    }

    fn outgoing(
        &self,
        listener: &str,
        protocols: &BTreeMap<String, Protocol>,
        mechanism_key: &str,
    ) -> Result<Outgoing, BadSetting> {
        let protocol = protocols.get(listener).copied().unwrap_or_default();
        Scope::of(self.0, listener).outgoing(protocol, mechanism_key)
    }

    fn inter_broker(
        &self,
        listeners: &[Listener],
        controllers: &[String],
        is_broker: bool,
    ) -> Result<String, BadSetting> {
        let key = "inter.broker.listener.name";
        let protocol_key = "security.inter.broker.protocol";
        if self.given(key).is_some() && self.given(protocol_key).is_some() {
            let why = format!("only one of {protocol_key} and {key} may be given");
            return Err(bad(key, why));
        }
        // Without a name the listener is called as its protocol is.
        let name = self.given(key).unwrap_or_else(|| self.text(protocol_key));
        let name = name.to_ascii_uppercase();
        if controllers.contains(&name) {
            return Err(bad(key, format!("{name} is a controllers' listener")));
        }
        if is_broker && !listeners.iter().any(|listener| listener.name == name) {
            return Err(bad(key, format!("{name} is not one of `listeners`")));
        }
        Ok(name)
    }

    fn log_dirs(&self) -> Result<Vec<PathBuf>, BadSetting> {
        let key = if self.given("log.dirs").is_some() {
            "log.dirs"
        } else {
            "log.dir"
        };
        let mut dirs: Vec<PathBuf> = Vec::new();
        for dir in keys::list(self.text(key)).map(PathBuf::from) {
            if dirs.contains(&dir) {
                return Err(bad(key, format!("{} is named twice", dir.display())));
            }
            dirs.push(dir);
        }
        if dirs.is_empty() {
            return Err(bad(key, "names no directory"));
        }
        Ok(dirs)
    }

    fn endpoint(&self, key: &str) -> Result<Option<SocketAddr>, BadSetting> {
        let Some(text) = self.given(key) else {
            return Ok(None);
        };
        let text = text.replacen("localhost:", "127.0.0.1:", 1);
        let text = if text.starts_with(':') {
            format!("0.0.0.0{text}")
        } else {
            text
        };
        let address = text.parse();
        address
            .map(Some)
            .map_err(|_| bad(key, format!("`{text}` is not address:port")))
    }
}

fn check_ports(places: &[Place]) -> Result<(), BadSetting> {
    for (at, place) in places.iter().enumerate() {
        let twin = places
            .iter()
            .take(at)
            .find(|other| place.port != 0 && other.port == place.port && other.host == place.host);
        if let Some(twin) = twin {
            let why = format!("{} and {} share port {}", twin.name, place.name, place.port);
            return Err(bad("listeners", why));
        }
    }
    Ok(())
}
