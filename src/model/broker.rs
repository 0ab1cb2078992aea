//! A broker as a client can know it: address, probe ladder, log dirs.

use std::fmt;
use std::sync::Arc;

use super::units::{Moment, Span};

/// A broker's node id: its identity. Addresses come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub i32);

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An advertised address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Host name or address as advertised, made safe for the screen where it is drawn.
    pub host: Arc<str>,
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The steps of reaching a broker, in order (operations.md §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    Dns,
    /// A proxy or a jump host on the way.
    Route,
    Tcp,
    Tls,
    Sasl,
    ApiVersions,
    Metadata,
    /// Whether it is this broker that answers.
    Node,
}

impl Rung {
    /// The rung's name on the broker page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Route => "route",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Sasl => "SASL",
            Self::ApiVersions => "ApiVersions",
            Self::Metadata => "Metadata",
            Self::Node => "node",
        }
    }
}

/// Where and why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFailure {
    pub rung: Rung,
    /// The phrase of operations.md §1.3, naming host and port.
    pub text: Arc<str>,
    /// Whether the other side actively refused (RST) rather than stayed silent.
    pub refused: bool,
}

/// What our own connections to one broker say (E7). Two consecutive failures make it unreachable, two successes
/// reachable again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probe {
    /// Reachability after hysteresis; `None` before the first verdict.
    pub reachable: Option<bool>,
    /// Since when `reachable` has had its value.
    pub since: Option<Moment>,
    /// When the last round ended, whatever came of it.
    pub last_round: Option<Moment>,
    /// The last round's failure.
    pub failure: Option<ProbeFailure>,
    /// The last failure of all, and when it was; it stays when rounds are good again.
    pub last_failure: Option<(ProbeFailure, Moment)>,
    /// Time of the last successful round per rung, in order of the ladder.
    pub rungs: Vec<(Rung, Span)>,
    /// Typical round trip of the last answered ApiVersions in microseconds, and when the last one was.
    pub rtt_us: Option<(u64, Moment)>,
    /// The address dialled last, and through what.
    pub dialled: Option<Arc<str>>,
    /// The rule of `dial.map` that led there; `None`: as advertised.
    pub rule: Option<Arc<str>>,
    /// Consecutive failed rounds.
    pub failures: u32,
    /// Consecutive good rounds.
    pub successes: u32,
    /// The cluster id the answering process gave, where it gave one.
    pub cluster_id: Option<Arc<str>>,
}

/// One log directory of a broker (DescribeLogDirs, KIP-827).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDir {
    pub path: Arc<str>,
    /// The broker's error for this dir; `KAFKA_STORAGE_ERROR` (56) = offline.
    pub error: Option<Arc<str>>,
    /// Volume size in bytes; v4+.
    pub total_bytes: Option<u64>,
    /// Usable bytes of the volume; v4+.
    pub usable_bytes: Option<u64>,
    /// Sum of the sizes of the replicas in it.
    pub replica_bytes: u64,
    /// How many replicas are in it.
    pub replicas: u32,
}

impl LogDir {
    /// Percent of the volume that is free; `None` = not told.
    pub fn free_percent(&self) -> Option<u64> {
        let hundredfold = u128::from(self.usable_bytes?) * 100;
        let free = hundredfold.checked_div(u128::from(self.total_bytes?))?;
        u64::try_from(free).ok()
    }
}
