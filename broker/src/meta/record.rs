//! What the metadata quorum agrees on: facts, applied in order. Kept on disk, so that every change
//! here must read what earlier versions wrote.

use serde::{Deserialize, Serialize};

use super::acl::Acl;
use crate::quota::{Amount, Entity, Limit};
use crate::sasl::scram::{Credential, Hash};
use crate::wire::uuid::Uuid;

/// One agreed fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A broker (re)registered; it starts fenced and not in shutdown.
    RegisterBroker {
        /// What it said of itself.
        registration: Registration,
        /// Its broker epoch: the offset at which the controller expects this record to land. It is
        /// written down so that the answer to the broker and every image agree on it, and so that it
        /// survives a snapshot.
        epoch: i64,
    },
    /// A broker's registration is removed.
    UnregisterBroker {
        /// Its id.
        id: i32,
    },
    /// A broker's state changed; `None` leaves a field as it is.
    BrokerChange {
        /// Its id.
        id: i32,
        /// Fenced or not.
        fenced: Option<bool>,
        /// In controlled shutdown or not.
        in_controlled_shutdown: Option<bool>,
        /// Its log directories that are online.
        log_dirs: Option<Vec<Uuid>>,
    },
    /// A topic appeared; its partitions follow.
    Topic {
        /// Its id.
        id: Uuid,
        /// Its name.
        name: String,
    },
    /// A topic is gone, with its partitions and configuration.
    RemoveTopic {
        /// Its id.
        id: Uuid,
    },
    /// The whole state of one partition, new or changed. New partitions of a topic come in order of
    /// their indexes, without gaps.
    Partition {
        /// The topic's id.
        topic: Uuid,
        /// The partition's index.
        index: i32,
        /// Its state from here on.
        state: PartitionState,
    },
    /// A configuration value is set, or removed (`None`).
    Config {
        /// Whose.
        resource: Resource,
        /// Kafka's key name.
        key: String,
        /// The value.
        value: Option<String>,
    },
    /// The next free producer id.
    ProducerIds {
        /// Every id below it is given away.
        next: i64,
    },
    /// A feature is finalised at a level.
    Feature {
        /// Its name, such as `metadata.version`.
        name: String,
        /// Its level; 0 removes it.
        level: i16,
    },
    /// What is kept of a user's password (KIP-554), or that nothing is any more (`None`).
    ScramCredential {
        /// The user.
        user: String,
        /// The mechanism's hash.
        hash: Hash,
        /// Salted keys; never a password.
        credential: Option<Credential>,
    },
    /// A quota of a client or an address is set (KIP-546), or removed (`None`).
    ClientQuota {
        /// Whose.
        entity: Entity,
        /// Which.
        key: Limit,
        /// How much.
        value: Option<Amount>,
    },
    /// An access rule holds.
    AccessControlEntry {
        /// What it says.
        acl: Acl,
    },
    /// An access rule holds no longer.
    RemoveAccessControlEntry {
        /// What it said.
        acl: Acl,
    },
}

/// What a broker says of itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Its id.
    pub id: i32,
    /// Marks this run of its process.
    pub incarnation: Uuid,
    /// Its rack.
    pub rack: Option<String>,
    /// Where it listens, listener by listener, in its own order.
    pub listeners: Vec<Listener>,
    /// Identities of its online log directories.
    pub log_dirs: Vec<Uuid>,
    /// Features it supports: name, lowest and highest level.
    pub features: Vec<(String, i16, i16)>,
}

/// One advertised listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Its name, such as `PLAINTEXT`.
    pub name: String,
    /// Advertised host.
    pub host: String,
    /// Advertised port.
    pub port: u16,
    /// Kafka's number of the security protocol (0 PLAINTEXT, 1 SSL, 2 `SASL_PLAINTEXT`, 3 `SASL_SSL`).
    pub security_protocol: i16,
}

/// Who leads, who replicates, who is in sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionState {
    /// Assigned brokers in assignment order; during a reassignment the full list.
    pub replicas: Vec<i32>,
    /// Log directory of each replica, in the order of `replicas`; zero is unassigned.
    pub directories: Vec<Uuid>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Replicas that a reassignment adds.
    pub adding: Vec<i32>,
    /// Replicas that a reassignment removes.
    pub removing: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    /// The last leader, once ISR and ELR are empty (KIP-966).
    pub last_known_elr: Vec<i32>,
    /// The leader's id, or −1.
    pub leader: i32,
    /// Grows with every change of leader.
    pub leader_epoch: i32,
    /// Grows with every change.
    pub partition_epoch: i32,
    /// Whether an unclean election still has to be reported as recovered (KIP-704).
    pub recovering: bool,
}

/// Whose configuration it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resource {
    /// A topic, by name.
    Topic(String),
    /// One broker, or all of them (`None`).
    Broker(Option<i32>),
    /// A group, by id.
    Group(String),
    /// A client-metrics subscription, by name.
    ClientMetrics(String),
}
