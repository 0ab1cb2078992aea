//! The settings of one node: from a properties file and `--set`, checked, with every refusal
//! naming its key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::keys::BadSetting;
use crate::peer::Address;

/// A place to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name, such as `PLAINTEXT`.
    pub name: String,
    /// Host to bind; empty is every address.
    pub host: String,
    /// Port to bind.
    pub port: u16,
    /// What clients are told: host and port. The controller's listener is not advertised.
    pub advertised: (String, u16),
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
    /// `controller.quorum.voters`.
    pub voters: Vec<Address>,
    pub listeners: Vec<Listener>,
    pub controller_listener: String,
    pub inter_broker_listener: String,
    pub log_dirs: Vec<PathBuf>,
    pub metadata_log_dir: PathBuf,
    pub rack: Option<String>,
    /// `lookout.cluster.id`: what a new data directory is formatted with; `None` lets an existing one say.
    pub cluster_id: Option<String>,
    /// `lookout.metrics.listener`: where Prometheus text is served.
    pub metrics_listener: Option<SocketAddr>,
    /// `lookout.fault.file`: faults on purpose are read from this file whenever it changes.
    pub fault_file: Option<PathBuf>,
    /// Every value that was given, by key.
    pub given: BTreeMap<String, String>,
}

impl NodeConfig {
    /// Checks values by Kafka's keys. Keys that mean nothing here are refused with their names.
    pub fn from_values(given: BTreeMap<String, String>) -> Result<Self, Vec<BadSetting>> {
        let _ = given;
        todo!()
    }

    /// A number in force for this node: as given, else Kafka's default.
    pub fn number(&self, key: &str) -> i64 {
        let _ = key;
        todo!()
    }

    /// A text in force for this node: as given, else Kafka's default.
    pub fn text(&self, key: &str) -> String {
        let _ = key;
        todo!()
    }

    /// A switch in force for this node: as given, else Kafka's default.
    pub fn flag(&self, key: &str) -> bool {
        let _ = key;
        todo!()
    }
}
