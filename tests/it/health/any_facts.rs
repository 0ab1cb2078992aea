//! Whatever the cluster says, judging does not panic and keeps its promises.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookout::model::broker::{LogDir, Probe, ProbeFailure, Rung};
use lookout::model::observed::{Failure, FailureKind};
use lookout::model::topic::{Partition, Topic, TopicConfig, TopicName};
use lookout::model::{
    BrokerId, Endpoint, Facts, Identity, Kind, Moment, Observed, Quorum, QuorumReplica,
    Registration, RosterEntry, Snapshot, Source, Topology,
};
use proptest::prelude::*;
use proptest::{collection, option};

fn id() -> impl Strategy<Value = BrokerId> {
    prop_oneof![8 => 0..6, 1 => Just(-1), 1 => any::<i32>()].prop_map(BrokerId)
}

fn ids() -> impl Strategy<Value = Box<[BrokerId]>> {
    collection::vec(id(), 0..5).prop_map(Vec::into_boxed_slice)
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![4 => 0..100_000_i64, 1 => any::<i64>()].prop_map(Moment::from_unix_ms)
}

fn endpoint() -> Endpoint {
    Endpoint {
        host: "h".into(),
        port: 1,
    }
}

fn observed<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Observed<Arc<T>>> {
    let kind = prop_oneof![
        Just(FailureKind::NoAnswer),
        Just(FailureKind::NotPermitted),
        Just(FailureKind::NotOffered),
        Just(FailureKind::Refused),
        Just(FailureKind::Garbled),
    ];
    (option::of(value), moment(), option::of(kind), id()).prop_map(|(value, at, kind, from)| {
        let mut fact = value.map_or_else(Observed::default, |value| {
            Observed::learned(Arc::new(value), at, Source::Broker(from))
        });
        if let Some(kind) = kind {
            fact.fail(Failure {
                at,
                text: "no".into(),
                kind,
            });
        }
        fact
    })
}

fn partition() -> impl Strategy<Value = Partition> {
    (0..4, option::of(id()), ids(), ids(), ids()).prop_map(
        |(index, leader, replicas, isr, offline)| Partition {
            index,
            leader,
            leader_epoch: None,
            replicas,
            isr,
            offline,
            error: 0,
        },
    )
}

fn name() -> impl Strategy<Value = TopicName> {
    prop_oneof![Just("a"), Just("b"), Just("\u{1b}[31m"), Just("")].prop_map(Arc::from)
}

fn topology() -> impl Strategy<Value = Topology> {
    let topic = (name(), any::<bool>(), collection::vec(partition(), 0..6));
    let rack = option::of(Just(Arc::from("r")));
    (
        collection::btree_map(id(), rack, 0..6),
        option::of(id()),
        collection::vec(topic, 0..4),
    )
        .prop_map(|(brokers, controller, topics)| Topology {
            brokers: brokers
                .into_iter()
                .map(|(id, rack)| (id, (endpoint(), rack)))
                .collect(),
            controller,
            topics: Arc::new(
                topics
                    .into_iter()
                    .map(|(name, internal, partitions)| {
                        let topic = Topic {
                            name: name.clone(),
                            id: None,
                            internal,
                            error: 0,
                            partitions,
                        };
                        (name, Arc::new(topic))
                    })
                    .collect(),
            ),
        })
}

fn quorum() -> impl Strategy<Value = Quorum> {
    let replica = || {
        (id(), option::of(moment()), option::of(moment())).prop_map(|(id, fetch, caught_up)| {
            QuorumReplica {
                id,
                log_end_offset: None,
                last_fetch: fetch,
                last_caught_up: caught_up,
            }
        })
    };
    (
        option::of(id()),
        collection::vec(replica(), 0..4),
        collection::vec(replica(), 0..4),
    )
        .prop_map(|(leader, voters, observers)| Quorum {
            leader,
            epoch: 0,
            high_watermark: 0,
            voters,
            observers,
        })
}

fn probe() -> impl Strategy<Value = Arc<Probe>> {
    let rung = prop_oneof![
        Just(Rung::Dns),
        Just(Rung::Route),
        Just(Rung::Tcp),
        Just(Rung::Tls),
        Just(Rung::Sasl),
        Just(Rung::ApiVersions),
        Just(Rung::Metadata),
        Just(Rung::Node)
    ];
    let failure = (rung, any::<bool>()).prop_map(|(rung, refused)| ProbeFailure {
        rung,
        text: "no".into(),
        refused,
    });
    (
        option::of(any::<bool>()),
        option::of(moment()),
        option::of(failure),
    )
        .prop_map(|(reachable, since, failure)| {
            Arc::new(Probe {
                reachable,
                since,
                failure,
                ..Probe::default()
            })
        })
}

fn identity() -> impl Strategy<Value = Identity> {
    let kind = prop_oneof![
        Just(Kind::KRaft),
        Just(Kind::ZooKeeper),
        Just(Kind::Redpanda),
        Just(Kind::Unknown)
    ];
    kind.prop_map(|kind| Identity {
        cluster_id: "c".into(),
        kind,
        metadata_version: None,
    })
}

fn log_dir() -> impl Strategy<Value = Vec<LogDir>> {
    let dir = (
        option::of(any::<u64>()),
        option::of(any::<u64>()),
        any::<bool>(),
    )
        .prop_map(|(total_bytes, usable_bytes, failed)| LogDir {
            path: "/d".into(),
            error: failed.then(|| "E".into()),
            total_bytes,
            usable_bytes,
            replica_bytes: 0,
            replicas: 0,
        });
    collection::vec(dir, 0..3)
}

fn registration() -> impl Strategy<Value = Registration> {
    option::of(any::<bool>()).prop_map(|fenced| Registration {
        endpoint: endpoint(),
        rack: None,
        fenced,
    })
}

fn roster_entry() -> impl Strategy<Value = RosterEntry> {
    moment().prop_map(|last_alive| RosterEntry {
        endpoint: endpoint(),
        rack: None,
        first_seen: last_alive,
        last_alive,
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let config = option::of(any::<u16>()).prop_map(|min_insync_replicas| TopicConfig {
        min_insync_replicas,
        ..TopicConfig::default()
    });
    let cluster = (
        observed(identity()),
        observed(topology()),
        observed(collection::btree_map(id(), registration(), 0..5)),
        observed(quorum()),
        observed(collection::btree_map(name(), config, 0..4)),
    );
    let brokers = (
        collection::btree_map(id(), probe(), 0..6),
        collection::btree_map(id(), observed(log_dir()), 0..4),
        collection::btree_map(id(), roster_entry(), 0..4),
        collection::vec(id(), 0..3),
        option::of(moment()),
    );
    (cluster, brokers).prop_map(|(cluster, brokers)| {
        let (identity, topology, registrations, quorum, configs) = cluster;
        let (probes, log_dirs, roster, answered, lost) = brokers;
        let mut facts = Facts {
            identity,
            topology,
            registrations,
            quorum,
            configs,
            probes: Arc::new(probes),
            log_dirs: Arc::new(log_dirs),
            roster: Arc::new(roster),
            no_contact_since: lost.filter(|at| at.unix_ms % 4 == 0),
            sizes: Arc::new(BTreeMap::new()),
            ..Facts::default()
        };
        facts.coverage.answered = answered;
        facts
    })
}

proptest! {
    #[test]
    fn any_facts_can_be_judged(first in facts(), second in facts(), at in moment(), later in moment()) {
        let before = Snapshot::judge(first, None, at);
        let after = Snapshot::judge(second.clone(), Some(&before), later);
        for snapshot in [&before, &after] {
            let severities: Vec<_> = snapshot.findings.iter().map(|f| f.severity).collect();
            prop_assert!(severities.is_sorted_by(|a, b| a >= b), "worst first: {severities:?}");
            prop_assert!(snapshot.totals.alive <= snapshot.totals.expected);
            prop_assert!(snapshot.totals.alive_but_bad <= snapshot.totals.expected);
            prop_assert!(snapshot.brokers.is_sorted_by_key(|broker| broker.id));
            prop_assert!(snapshot.findings.iter().all(|f| !f.text.is_empty() && !f.next.is_empty()));
        }
        prop_assert_eq!(&after, &Snapshot::judge(second, Some(&before), later), "deterministic");
    }
}
