//! What is known about one broker, source by source: the inputs of the decision table, and their words.
//!
//! Decides nothing: [`super::verdict::judge_broker`] does.

use std::sync::Arc;

use super::broker::{BrokerId, Endpoint, LogDir, Probe, Rung};
use super::facts::{Facts, Kind, Registration, RosterEntry, Topology};
use super::matrix::{Matrix, Share};
use super::observed::{Observed, Source};
use super::quorum::QuorumReplica;
use super::units::{Moment, Span, bytes};

/// A replica that fetched within this time of the leader's clock is running (operations.md §1.5 row 5).
const FETCHING: Span = Span::from_secs(15);

/// What a broker said of its disks is believed for three rounds of that question.
const DISKS_BELIEVED: Span = Span::from_secs(180);

/// Free space below which a volume is filling, in percent (operations.md §1.5 row 15).
pub const DISK_LOW_PERCENT: u64 = 15;

/// What our own connection says about the process behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Not probed, or no round has ended.
    Undecided,
    /// It answers Kafka requests, or refuses our credentials.
    Running,
    /// The port is open; nothing more comes.
    Silent,
    /// No connection.
    Unreachable,
}

/// Whether Metadata lists a broker alive. Where every broker is fenced, the bundled broker that answers lists itself, so
/// that clients have whom to ask: a list of one, and fenced.
fn lists_alive(topology: &Topology, id: BrokerId, registration: Option<&Registration>) -> bool {
    let fenced = registration.is_some_and(|known| known.fenced == Some(true));
    let stands_in = topology.brokers.len() == 1 && fenced;
    topology.brokers.contains_key(&id) && !stands_in
}

/// All that is known about one broker.
pub struct Evidence<'a> {
    pub id: BrokerId,
    pub now: Moment,
    pub facts: &'a Facts,
    /// Whether the cluster lists it alive (E1); `None` = the cluster has not been asked.
    pub listed: Option<bool>,
    pub registration: Option<&'a Registration>,
    pub probe: Option<&'a Probe>,
    pub record: Option<&'a QuorumReplica>,
    pub share: Option<&'a Share>,
    pub roster: Option<&'a RosterEntry>,
    pub log_dirs: Option<&'a Observed<Arc<Vec<LogDir>>>>,
    /// No controller can change anything: what the cluster says about brokers is frozen.
    pub quorum_lost: bool,
}

impl<'a> Evidence<'a> {
    /// Gathers what the facts say about `id`.
    pub fn gather(
        id: BrokerId,
        facts: &'a Facts,
        matrix: &'a Matrix,
        quorum_lost: bool,
        now: Moment,
    ) -> Self {
        let topology = facts.topology.value();
        let registration = facts.registrations.value().and_then(|all| all.get(&id));
        Self {
            id,
            now,
            facts,
            listed: topology.map(|topology| lists_alive(topology, id, registration)),
            registration,
            probe: facts.probes.get(&id).map(|probe| &**probe),
            record: facts
                .quorum
                .value()
                .and_then(|quorum| quorum.replicas().find(|replica| replica.id == id)),
            share: matrix.share(id),
            roster: facts.roster.get(&id),
            log_dirs: facts.log_dirs.get(&id),
            quorum_lost,
        }
    }

    /// Address and rack from the freshest source that has them.
    pub fn address(&self) -> (Option<Endpoint>, Option<Arc<str>>) {
        let listed = self
            .facts
            .topology
            .value()
            .and_then(|topology| topology.brokers.get(&self.id));
        if let Some((endpoint, rack)) = listed {
            return (Some(endpoint.clone()), rack.clone());
        }
        let registered = self.registration.map(|r| (&r.endpoint, &r.rack));
        match registered.or_else(|| self.roster.map(|entry| (&entry.endpoint, &entry.rack))) {
            Some((endpoint, rack)) => (Some(endpoint.clone()), rack.clone()),
            None => (None, None),
        }
    }

    /// Whether any partition has a replica on it (E3).
    pub fn referenced(&self) -> bool {
        self.share.is_some_and(|share| share.replicas > 0)
    }

    /// Whether the operator's profile says that it belongs to the cluster.
    pub fn wanted(&self) -> bool {
        self.facts.expected.contains(&self.id)
    }

    /// Whether the controller has it registered and fenced (E2).
    pub fn fenced(&self) -> bool {
        self.registration.is_some_and(|r| r.fenced == Some(true))
    }

    /// What the latest round of probes read. The cluster's opinion stands beside it, so one round is enough here.
    pub fn reading(&self) -> Reading {
        let Some(probe) = self.probe else {
            return Reading::Undecided;
        };
        match &probe.failure {
            Some(failure) => match failure.rung {
                Rung::Dns | Rung::Route | Rung::Tcp => Reading::Unreachable,
                Rung::Tls | Rung::Sasl if failure.refused => Reading::Running,
                Rung::Tls | Rung::Sasl | Rung::ApiVersions => Reading::Silent,
                Rung::Metadata | Rung::Node => Reading::Running,
            },
            None if probe.reachable == Some(true) => Reading::Running,
            None => Reading::Undecided,
        }
    }

    /// Whether our connections are known to fail, after hysteresis, and the last one did too.
    pub fn unreachable(&self) -> bool {
        self.probe
            .is_some_and(|probe| probe.reachable == Some(false) && probe.failure.is_some())
    }

    /// Whether our connections are known to work.
    pub fn reachable(&self) -> bool {
        self.probe
            .is_some_and(|probe| probe.reachable == Some(true))
    }

    /// Whether the process refuses us rather than being away: wrong credentials or certificate.
    pub fn refuses_us(&self) -> bool {
        self.probe
            .and_then(|probe| probe.failure.as_ref())
            .is_some_and(|failure| {
                failure.refused && matches!(failure.rung, Rung::Tls | Rung::Sasl)
            })
    }

    /// Whether the process at its address belongs to another cluster, or is another broker of this one.
    pub fn wrong_target(&self) -> bool {
        let failure = self.probe.and_then(|probe| probe.failure.as_ref());
        if failure.is_some_and(|failure| failure.rung == Rung::Node) {
            return true;
        }
        let ours = self.facts.identity.value();
        let theirs = self.probe.and_then(|probe| probe.cluster_id.as_ref());
        self.reachable()
            && ours
                .zip(theirs)
                .is_some_and(|(ours, theirs)| ours.excludes(theirs))
    }

    /// Age of its last fetch of the metadata log by the quorum leader's clock (operations.md §1.7).
    pub fn fetch_age(&self) -> Option<Span> {
        let leader_now = self.facts.quorum.value()?.leader_now()?;
        Some(self.record?.last_fetch?.age(leader_now))
    }

    /// The last fetch by our own clock; `None` while it keeps fetching.
    pub fn stopped_fetching(&self) -> Option<Moment> {
        let age = self.fetch_age().filter(|age| *age >= FETCHING)?;
        Some(self.facts.quorum.at()?.minus(age))
    }

    /// 1.5 × the time after which the cluster drops a silent broker (9 s, ZooKeeper 18 s).
    pub fn session_grace(&self) -> Span {
        match self.facts.identity.value().map(|identity| identity.kind) {
            Some(Kind::ZooKeeper) => Span::from_secs(27),
            Some(Kind::KRaft | Kind::Redpanda | Kind::Unknown) | None => Span::from_secs(14),
        }
    }

    /// How long our connections have failed.
    pub fn unreachable_for(&self) -> Option<Span> {
        Some(self.probe?.since?.age(self.now))
    }

    /// Whether somebody else's answer is all there is: one broker answers, and it is not this one.
    pub fn opinion_of(&self) -> Option<BrokerId> {
        let mut probes = self.facts.probes.values();
        match self.facts.coverage.answered.as_slice() {
            [only] if *only != self.id && probes.all(|probe| probe.last_round.is_some()) => {
                Some(*only)
            }
            _ => None,
        }
    }

    /// Log dirs with an error.
    pub fn failed_dirs(&self) -> impl Iterator<Item = &'a LogDir> {
        self.told_dirs().filter(|dir| dir.error.is_some())
    }

    /// Volumes with little room left, and how many percent of them are free.
    pub fn filling_dirs(&self) -> impl Iterator<Item = (&'a LogDir, u64)> {
        self.told_dirs().filter_map(|dir| {
            let free = dir.free_percent()?;
            (free < DISK_LOW_PERCENT).then_some((dir, free))
        })
    }

    /// Log dirs as told lately: a broker that tells nothing more may have been repaired.
    fn told_dirs(&self) -> impl Iterator<Item = &'a LogDir> + use<'a> {
        let old = self
            .log_dirs
            .is_some_and(|dirs| dirs.overdue(self.now, DISKS_BELIEVED).is_some());
        self.dirs().filter(move |_| !old)
    }

    fn dirs(&self) -> impl Iterator<Item = &'a LogDir> + use<'a> {
        self.log_dirs
            .and_then(|dirs| dirs.value())
            .into_iter()
            .flat_map(|dirs| dirs.iter())
    }

    /// One line per source.
    pub fn lines(&self) -> Vec<Arc<str>> {
        let mut lines = vec![self.metadata_line()];
        lines.push(self.registration_line());
        lines.push(self.quorum_line());
        lines.push(self.probe_line());
        lines.extend(self.replica_lines());
        lines.extend(self.disk_lines());
        lines.extend(
            self.roster
                .filter(|_| self.listed != Some(true))
                .map(|entry| {
                    format!(
                        "memory: last seen alive {} UTC",
                        entry.last_alive.clock_utc()
                    )
                }),
        );
        lines.extend(
            self.opinion_of()
                .map(|only| format!("only broker {only} answers: this is its opinion")),
        );
        lines.into_iter().map(Arc::from).collect()
    }

    fn metadata_line(&self) -> String {
        let source = match self.facts.topology.from() {
            Source::Broker(id) => format!("Metadata from broker {id}"),
            Source::Bootstrap => "Metadata".to_owned(),
        };
        let due = Span::from_ms(self.facts.pace.ms.saturating_mul(2));
        let source = match self.facts.topology.overdue(self.now, due) {
            Some(age) => format!("{source}, {age} ago"),
            None => source,
        };
        match self.listed {
            Some(true) => format!("{source}: listed alive"),
            Some(false) => format!("{source}: not listed"),
            None => format!("{source}: {}", unavailable(&self.facts.topology)),
        }
    }

    fn registration_line(&self) -> String {
        if self.facts.registrations.value().is_none() {
            let why = unavailable(&self.facts.registrations);
            return format!("controller (DescribeCluster): {why}");
        }
        match self.registration.map(|registration| registration.fenced) {
            Some(Some(true)) => "controller: registered, fenced".to_owned(),
            Some(Some(false)) => "controller: registered, not fenced".to_owned(),
            Some(None) => "controller: registered; this version cannot tell fenced".to_owned(),
            None => "controller: not registered".to_owned(),
        }
    }

    fn quorum_line(&self) -> String {
        if self.facts.quorum.value().is_none() {
            return format!(
                "quorum (DescribeQuorum): {}",
                unavailable(&self.facts.quorum)
            );
        }
        if self.record.is_none() {
            return "quorum: neither voter nor observer".to_owned();
        }
        match (self.fetch_age(), self.stopped_fetching()) {
            (_, Some(stopped)) => format!("quorum: last fetch {} UTC", stopped.clock_utc()),
            (Some(_), None) => "quorum: fetches the metadata log".to_owned(),
            (None, None) => "quorum: last fetch unknown".to_owned(),
        }
    }

    fn probe_line(&self) -> String {
        let Some(probe) = self.probe else {
            return "probe: not probed".to_owned();
        };
        match (&probe.failure, probe.reachable) {
            (Some(failure), _) => format!("probe {}: {}", failure.rung.name(), failure.text),
            (None, Some(true)) => "probe: answers".to_owned(),
            (None, Some(false)) => "probe: answers again".to_owned(),
            (None, None) => "probe: no round ended yet".to_owned(),
        }
    }

    fn replica_lines(&self) -> Vec<String> {
        let Some(share) = self.share else {
            return Vec::new();
        };
        let mut lines = vec![format!(
            "replicas: {}, {} out of sync; leads {}",
            share.replicas, share.out_of_sync, share.leaders
        )];
        if share.nobody_follows() {
            lines.push(format!(
                "peers: nobody follows it in {} of {} partitions it leads",
                share.abandoned, share.followed
            ));
        }
        if self.listed == Some(true) && share.follows_nobody() {
            lines.push(format!(
                "peers: it is behind in {} of {} partitions: catching up, or unable to fetch",
                share.lost, share.following
            ));
        }
        if self.listed == Some(true) && share.offline > 0 {
            lines.push(format!("replicas: {} offline", share.offline));
        }
        lines
    }

    fn disk_lines(&self) -> Vec<String> {
        let Some(dirs) = self.log_dirs else {
            return vec!["log dirs: not asked yet".to_owned()];
        };
        if dirs.value().is_none() || dirs.failure().is_some() {
            return vec![format!("log dirs: {}", unavailable(dirs))];
        }
        let failed = self.failed_dirs().map(|dir| {
            format!(
                "log dir {}: {}",
                dir.path,
                dir.error.as_deref().unwrap_or_default()
            )
        });
        let filling = self.filling_dirs().map(|(dir, free)| {
            let left = bytes(dir.usable_bytes.unwrap_or_default());
            format!("log dir {}: {left} free, {free} %", dir.path)
        });
        let lines: Vec<String> = failed.chain(filling).collect();
        if lines.is_empty() {
            return vec![format!("log dirs: {} online", self.dirs().count())];
        }
        lines
    }
}

/// Why a fact is not there.
pub fn unavailable<T>(fact: &Observed<T>) -> &'static str {
    fact.failure()
        .map_or("not asked yet", |failure| failure.kind.words())
}
