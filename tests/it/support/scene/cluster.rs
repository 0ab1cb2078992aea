//! Brokers, quorum, probes, log dirs and memory of a scene.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookout::model::broker::{LogDir, Probe, ProbeFailure, Rung};
use lookout::model::observed::{Failure, FailureKind};
use lookout::model::{
    BrokerId, Coverage, Endpoint, Facts, Identity, Kind, Moment, Observed, Quorum, QuorumReplica,
    Registration, RosterEntry, Source, Span, Topology,
};

use super::{NOW, Scene, span};

/// The quorum leader's clock runs ahead of ours: a rule that mixed the two would show it.
const LEADER_CLOCK_AHEAD: Span = Span::from_secs(100);

pub fn add(scene: &Scene, facts: &mut Facts) {
    if scene.racks.is_empty() {
        contact(scene, facts);
        return;
    }
    let from = source(scene);
    let learned = scene.learned();
    facts.identity = Observed::learned(
        Arc::new(Identity {
            cluster_id: "Nk018hRAQFytWskYqtQduw".into(),
            kind: match scene.kind.as_str() {
                "kraft" => Kind::KRaft,
                "zookeeper" => Kind::ZooKeeper,
                other => panic!("unknown kind {other}"),
            },
            metadata_version: Some(30),
        }),
        learned,
        from,
    );
    let brokers = scene
        .brokers()
        .into_iter()
        .filter(|(id, _)| !scene.absent(*id))
        .map(|(id, rack)| (BrokerId(id), (endpoint(id), rack_of(rack))))
        .collect();
    facts.topology = Observed::learned(
        Arc::new(Topology {
            brokers,
            controller: scene.leader.map(BrokerId),
            topics: Arc::default(),
        }),
        learned,
        from,
    );
    facts.registrations = section(scene, "registrations", registrations(scene));
    add_quorum(scene, facts);
    facts.probes = Arc::new(probes(scene));
    facts.log_dirs = Arc::new(log_dirs(scene));
    facts.roster = Arc::new(roster(scene));
    contact(scene, facts);
}

/// A section as learned, or the refusal.
pub fn section<T>(scene: &Scene, name: &str, value: T) -> Observed<Arc<T>> {
    if scene.denied.iter().any(|denied| denied == name) {
        return Observed::failed(Failure {
            at: scene.learned(),
            text: format!("{name}: not permitted").into(),
            kind: FailureKind::NotPermitted,
        });
    }
    let mut fact = Observed::learned(Arc::new(value), scene.learned(), source(scene));
    if scene.stale.is_some() || scene.no_contact.is_some() {
        fact.fail(no_answer("no broker answers"));
    }
    fact
}

pub fn endpoint(id: i32) -> Endpoint {
    Endpoint {
        host: format!("kafka-{id}").into(),
        port: 9092,
    }
}

pub fn no_answer(text: &str) -> Failure {
    Failure {
        at: NOW.minus(Span::from_secs(1)),
        text: text.into(),
        kind: FailureKind::NoAnswer,
    }
}

fn rack_of(rack: &str) -> Option<Arc<str>> {
    (rack != "-").then(|| rack.into())
}

/// The first broker that answers.
fn source(scene: &Scene) -> Source {
    let mut ids: Vec<i32> = scene.brokers().into_iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.into_iter()
        .find(|id| !scene.absent(*id))
        .map_or(Source::Bootstrap, |id| Source::Broker(BrokerId(id)))
}

fn contact(scene: &Scene, facts: &mut Facts) {
    facts.no_contact_since = scene.no_contact.as_ref().map(|age| NOW.minus(span(age)));
    if scene.no_contact.is_some() {
        facts.contact_failures = ["no answer from kafka-1:9092", "no answer from kafka-2:9092"]
            .map(Arc::from)
            .into();
    }
    let asked: Vec<BrokerId> = facts.probes.keys().copied().collect();
    let answered = facts
        .probes
        .iter()
        .filter(|(_, probe)| probe.failure.is_none())
        .map(|(id, _)| *id)
        .collect();
    facts.coverage = Coverage { asked, answered };
}

fn registrations(scene: &Scene) -> BTreeMap<BrokerId, Registration> {
    scene
        .brokers()
        .into_iter()
        .map(|(id, rack)| {
            let registration = Registration {
                endpoint: endpoint(id),
                rack: rack_of(rack),
                fenced: Some(scene.absent(id)),
            };
            (BrokerId(id), registration)
        })
        .collect()
}

fn add_quorum(scene: &Scene, facts: &mut Facts) {
    if scene.voters.is_empty() {
        return;
    }
    let leader_now = scene.learned().plus(LEADER_CLOCK_AHEAD);
    let replica = |id: i32| {
        let silent = silent_for(scene, id);
        let at = silent.map_or(leader_now, |silent| leader_now.minus(silent));
        QuorumReplica {
            id: BrokerId(id),
            log_end_offset: Some(if silent.is_some() { 481_000 } else { 482_211 }),
            last_fetch: Some(at),
            last_caught_up: Some(at),
        }
    };
    let observes = |id: &i32| {
        // Observers vanish five minutes after their last fetch.
        !scene.voters.contains(id)
            && silent_for(scene, *id).is_none_or(|silent| silent < Span::from_secs(300))
    };
    let quorum = Quorum {
        leader: scene.leader.map(BrokerId),
        epoch: 7,
        high_watermark: 482_210,
        voters: scene.voters.iter().copied().map(replica).collect(),
        observers: scene
            .brokers()
            .into_iter()
            .map(|(id, _)| id)
            .filter(observes)
            .map(replica)
            .collect(),
    };
    facts.quorum = section(scene, "quorum", quorum);
    if scene.quorum_lost.is_some() {
        facts
            .quorum
            .fail(no_answer("DescribeQuorum: no answer from kafka-1:9092"));
    }
}

fn silent_for(scene: &Scene, id: i32) -> Option<Span> {
    let key = id.to_string();
    let age = scene.down.get(&key).or_else(|| scene.hanging.get(&key));
    age.map(|age| span(age))
}

fn probes(scene: &Scene) -> BTreeMap<BrokerId, Arc<Probe>> {
    scene
        .brokers()
        .into_iter()
        .map(|(id, _)| (BrokerId(id), Arc::new(led(scene, id, probe(scene, id)))))
        .collect()
}

/// A probe that goes by a rule, or whose last failure is remembered.
fn led(scene: &Scene, id: i32, mut probe: Probe) -> Probe {
    let key = id.to_string();
    if let Some((rule, dialled)) = scene.led.get(&key) {
        probe.rule = Some(rule.as_str().into());
        probe.dialled = Some(dialled.as_str().into());
    }
    probe.last_failure = scene.failed_lately.get(&key).map(|text| {
        let failure = ProbeFailure {
            rung: Rung::Tcp,
            text: text.as_str().into(),
            refused: true,
        };
        (failure, NOW.minus(Span::from_secs(60)))
    });
    probe
}

fn probe(scene: &Scene, id: i32) -> Probe {
    let key = id.to_string();
    let address: Arc<str> = endpoint(id).to_string().into();
    let quiet = scene
        .stale
        .as_ref()
        .map_or(Span::from_secs(1), |age| span(age));
    let last_round = NOW.minus(quiet);
    let failed = |rung, text: String, refused, since: Moment| Probe {
        reachable: Some(false),
        since: Some(since),
        last_round: Some(last_round),
        failure: Some(ProbeFailure {
            rung,
            text: text.into(),
            refused,
        }),
        dialled: Some(address.clone()),
        failures: 4,
        ..Probe::default()
    };
    if let Some(age) = scene.no_contact.as_ref().or_else(|| scene.down.get(&key)) {
        let since = NOW.minus(span(age));
        return if scene.refused.contains(&id) {
            let text = format!("kafka-{id} answers, nothing listens on 9092");
            failed(Rung::Tcp, text, true, since)
        } else {
            failed(Rung::Tcp, format!("no answer from {address}"), false, since)
        };
    }
    if let Some(text) = scene.misled.get(&key) {
        let since = NOW.minus(Span::from_secs(600));
        return failed(Rung::Node, text.clone(), true, since);
    }
    if let Some(age) = scene.hanging.get(&key) {
        let text = format!("{address} is open, the broker does not answer");
        return failed(Rung::ApiVersions, text, false, NOW.minus(span(age)));
    }
    let rtt_us = 700 + 100 * u64::from(id.unsigned_abs());
    Probe {
        reachable: Some(true),
        since: Some(NOW.minus(Span::from_secs(3600))),
        last_round: Some(last_round),
        rungs: [Rung::Dns, Rung::Tcp, Rung::ApiVersions, Rung::Metadata]
            .map(|rung| (rung, Span::from_ms(1)))
            .to_vec(),
        rtt_us: Some((rtt_us, last_round)),
        dialled: Some(address),
        successes: 9,
        cluster_id: Some("Nk018hRAQFytWskYqtQduw".into()),
        ..Probe::default()
    }
}

fn log_dirs(scene: &Scene) -> BTreeMap<BrokerId, Observed<Arc<Vec<LogDir>>>> {
    const VOLUME: u64 = 3_000_000_000_000;
    let mut all = BTreeMap::new();
    for (id, _) in scene.brokers() {
        let key = id.to_string();
        let free = scene.free_percent.get(&key).copied().unwrap_or(59);
        let mut dirs = vec![LogDir {
            path: "/var/lib/kafka".into(),
            error: None,
            total_bytes: Some(VOLUME),
            usable_bytes: Some(VOLUME / 100 * free),
            replica_bytes: VOLUME / 100 * (98 - free.min(98)),
            replicas: 40,
        }];
        dirs.extend(scene.failed_dir.get(&key).map(|path| LogDir {
            path: path.as_str().into(),
            error: Some("KAFKA_STORAGE_ERROR".into()),
            total_bytes: None,
            usable_bytes: None,
            replica_bytes: 0,
            replicas: 0,
        }));
        let mut fact = section(scene, "log_dirs", dirs);
        if let Some(silent) = silent_for(scene, id)
            && let Some(dirs) = fact.value().cloned()
        {
            fact = Observed::learned(dirs, NOW.minus(silent), Source::Broker(BrokerId(id)));
            fact.fail(no_answer(&format!("no answer from kafka-{id}:9092")));
        }
        all.insert(BrokerId(id), fact);
    }
    all
}

fn roster(scene: &Scene) -> BTreeMap<BrokerId, RosterEntry> {
    scene
        .brokers()
        .into_iter()
        .map(|(id, rack)| {
            let key = id.to_string();
            let away = scene.down.get(&key).or_else(|| scene.fenced.get(&key));
            let entry = RosterEntry {
                endpoint: endpoint(id),
                rack: rack_of(rack),
                first_seen: NOW.minus(Span::from_secs(86_400 * 40)),
                last_alive: away.map_or_else(|| scene.learned(), |age| NOW.minus(span(age))),
            };
            (BrokerId(id), entry)
        })
        .collect()
}
