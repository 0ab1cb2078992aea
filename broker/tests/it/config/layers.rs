//! What is in force when several places say something, and how that is explained.

use broker::config::keys;
use broker::config::layers::{Entry, Layers, Source};
use broker::config::topic::{self, TopicSettings, Values};
use broker::config::{group, topic as topics};
use proptest::prelude::*;

fn values(pairs: &[(&str, &str)]) -> Values {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

/// Values of a topic, this broker, all brokers and the file.
struct Set([Values; 4]);

impl Set {
    fn new(
        topic: &[(&str, &str)],
        broker: &[(&str, &str)],
        cluster: &[(&str, &str)],
        file: &[(&str, &str)],
    ) -> Self {
        Self([topic, broker, cluster, file].map(values))
    }

    fn layers(&self) -> Layers<'_> {
        let [_, broker, cluster, file] = &self.0;
        Layers {
            broker: Some(broker),
            cluster: Some(cluster),
            file,
        }
    }

    fn settings(&self) -> TopicSettings {
        let [topic, broker, cluster, file] = &self.0;
        topic::effective(Some(topic), &[broker, cluster, file])
    }

    fn explain(&self, key: &str) -> Entry {
        let key = keys::find_topic(key).unwrap();
        topic::explain(key, Some(&self.0[0]), &self.layers())
    }
}

fn told(entry: &Entry) -> Vec<(Source, &str, &str)> {
    let one = |synonym: &'_ broker::config::layers::Sourced| (synonym.source, synonym.name);
    entry
        .synonyms
        .iter()
        .map(|synonym| {
            let (source, name) = one(synonym);
            (source, name, synonym.value.as_deref().unwrap_or("hidden"))
        })
        .collect()
}

#[test]
fn kafkas_defaults_hold_where_nothing_is_set() {
    assert_eq!(topic::effective(None, &[]), TopicSettings::default());
    let defaults: Values = keys::topics()
        .filter_map(|key| Some((key.name.to_owned(), key.default()?.to_owned())))
        .collect();
    let spelled_out = topic::effective(Some(&defaults), &[]);
    assert_eq!(spelled_out, TopicSettings::default(), "the table agrees");
}

#[test]
fn the_defaults_of_brokers_are_those_of_topics() {
    for key in keys::topics() {
        let none = Set::new(&[], &[], &[], &[]);
        let entry = none.explain(key.name);
        assert_eq!(entry.value.as_deref(), key.default(), "{}", key.name);
        assert_eq!(entry.source, Source::Default, "{}", key.name);
    }
}

#[test]
fn a_topics_own_value_beats_its_broker_which_beats_the_cluster_which_beats_the_file() {
    let key = [("min.insync.replicas", "5")];
    let (b, c, f) = (
        [("min.insync.replicas", "4")],
        [("min.insync.replicas", "3")],
        [("min.insync.replicas", "2")],
    );
    let in_force = |set: &Set| {
        (
            set.settings().min_insync_replicas,
            set.explain("min.insync.replicas").source,
        )
    };
    assert_eq!(in_force(&Set::new(&key, &b, &c, &f)), (5, Source::Topic));
    assert_eq!(in_force(&Set::new(&[], &b, &c, &f)), (4, Source::Broker));
    assert_eq!(in_force(&Set::new(&[], &[], &c, &f)), (3, Source::Cluster));
    assert_eq!(in_force(&Set::new(&[], &[], &[], &f)), (2, Source::File));
    assert_eq!(
        in_force(&Set::new(&[], &[], &[], &[])),
        (1, Source::Default)
    );
}

#[test]
fn milliseconds_beat_minutes_which_beat_hours() {
    let hours = ("log.retention.hours", "2");
    let minutes = ("log.retention.minutes", "3");
    let ms = ("log.retention.ms", "4");
    let retention = |file: &[(&str, &str)]| Set::new(&[], &[], &[], file).settings().retention_ms;
    assert_eq!(retention(&[hours]), 7_200_000);
    assert_eq!(retention(&[hours, minutes]), 180_000);
    assert_eq!(retention(&[hours, minutes, ms]), 4);
    assert_eq!(retention(&[("log.retention.hours", "-1")]), -1, "no limit");
    let dynamic = Set::new(&[], &[], &[("log.retention.ms", "9")], &[hours, minutes]);
    assert_eq!(dynamic.settings().retention_ms, 9);
}

#[test]
fn an_explanation_lists_every_value_strongest_first_as_it_was_written() {
    let set = Set::new(
        &[("retention.ms", "1000")],
        &[("log.retention.ms", "123456")],
        &[("log.retention.ms", "654321")],
        &[("log.retention.hours", "24")],
    );
    let entry = set.explain("retention.ms");
    assert_eq!(entry.value.as_deref(), Some("1000"));
    assert_eq!(
        told(&entry),
        [
            (Source::Topic, "retention.ms", "1000"),
            (Source::Broker, "log.retention.ms", "123456"),
            (Source::Cluster, "log.retention.ms", "654321"),
            (Source::File, "log.retention.hours", "24"),
            (Source::Default, "log.retention.hours", "168"),
        ],
        "rule 73"
    );
    let from_file = Set::new(&[], &[], &[], &[("log.retention.hours", "24")]);
    let entry = from_file.explain("retention.ms");
    assert_eq!(
        entry.value.as_deref(),
        Some("86400000"),
        "in the topic's unit"
    );
    assert_eq!(entry.source, Source::File);
}

#[test]
fn a_brokers_key_is_explained_from_where_it_is_set_itself() {
    let set = Set::new(
        &[],
        &[],
        &[("log.retention.ms", "5")],
        &[("log.retention.minutes", "7")],
    );
    let explain = |name: &str| Entry::of_broker(keys::find(name).unwrap(), &set.layers());
    let ms = explain("log.retention.ms");
    assert_eq!(ms.value.as_deref(), Some("5"));
    assert_eq!(
        told(&ms),
        [
            (Source::Cluster, "log.retention.ms", "5"),
            (Source::File, "log.retention.minutes", "7"),
            (Source::Default, "log.retention.hours", "168"),
        ]
    );
    let minutes = explain("log.retention.minutes");
    assert_eq!(minutes.value.as_deref(), Some("7"));
    assert_eq!(minutes.source, Source::File);
    let roll = explain("log.roll.ms");
    assert_eq!((roll.value, roll.source), (None, Source::Default));
    assert!(roll.synonyms.is_empty(), "what is not set has no synonyms");
}

#[test]
fn a_secret_is_never_told() {
    let set = Set::new(&[], &[("ssl.keystore.password", "s3cret")], &[], &[]);
    let entry = Entry::of_broker(keys::find("ssl.keystore.password").unwrap(), &set.layers());
    assert_eq!(entry.source, Source::Broker);
    assert!(!format!("{entry:?}").contains("s3cret"));
}

#[test]
fn a_groups_key_falls_back_to_the_brokers() {
    let set = Set::new(
        &[],
        &[],
        &[],
        &[("group.consumer.session.timeout.ms", "50000")],
    );
    let key = keys::find_group("consumer.session.timeout.ms").unwrap();
    let inherited = group::explain(key, None, &set.layers());
    assert_eq!(inherited.value.as_deref(), Some("50000"));
    assert_eq!(inherited.source, Source::File);
    let own = values(&[("consumer.session.timeout.ms", "46000")]);
    let own = group::explain(key, Some(&own), &set.layers());
    assert_eq!(
        (own.value.as_deref(), own.source),
        (Some("46000"), Source::Group)
    );
}

#[test]
fn what_is_in_force_now_skips_values_that_are_not_valid_or_not_dynamic() {
    let set = Set::new(
        &[],
        &[("min.insync.replicas", "zero"), ("num.partitions", "9")],
        &[("min.insync.replicas", "3")],
        &[
            ("num.partitions", "2"),
            ("unclean.leader.election.enable", "true"),
        ],
    );
    let layers = set.layers();
    assert_eq!(layers.number("min.insync.replicas"), Some(3));
    assert_eq!(layers.number("num.partitions"), Some(2), "read-only");
    assert!(layers.flag("unclean.leader.election.enable"));
    assert_eq!(layers.number("log.roll.ms"), None);
    assert_eq!(layers.text("no.such.key"), None);
    let settings = set.settings();
    assert_eq!(settings.min_insync_replicas, 3);
}

const NUMBERS: [(&str, &str); 4] = [
    ("min.insync.replicas", "min.insync.replicas"),
    ("max.message.bytes", "message.max.bytes"),
    ("retention.ms", "log.retention.ms"),
    ("segment.ms", "log.roll.ms"),
];

proptest! {
    #[test]
    fn what_is_told_is_what_the_logs_go_by(
        which in 0..NUMBERS.len(),
        places in prop::collection::vec(prop::option::of(1_i32..1_000_000), 4),
    ) {
        let (own, of_broker) = NUMBERS[which];
        let mut set = Set::new(&[], &[], &[], &[]);
        for (at, value) in places.iter().enumerate() {
            let key = if at == 0 { own } else { of_broker };
            if let Some(value) = value {
                set.0[at].insert(key.to_owned(), value.to_string());
            }
        }
        let settings = set.settings();
        let in_force = match which {
            0 => i64::from(settings.min_insync_replicas),
            1 => i64::from(settings.max_message_bytes),
            2 => settings.retention_ms,
            _ => settings.segment_ms,
        };
        let told = set.explain(own).value.unwrap();
        prop_assert_eq!(told, in_force.to_string());
    }
}

#[test]
fn every_synonym_is_a_key_of_brokers() {
    for key in keys::topics() {
        for synonym in topics::synonyms(key.name) {
            let broker = keys::find(synonym.key).unwrap_or_else(|| panic!("{}", synonym.key));
            assert!(
                synonym.times != 1 || broker.kind == key.kind,
                "{}",
                key.name
            );
        }
    }
}
