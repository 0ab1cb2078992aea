//! The tables of keys, and what is refused.

use broker::config::keys::{self, BadSetting, Effect, Fallback, Key};

fn all() -> impl Iterator<Item = &'static Key> {
    keys::brokers().chain(keys::topics()).chain(keys::groups())
}

fn refused(result: Result<(), BadSetting>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_default_is_a_value_of_its_own_key() {
    for key in all() {
        if let Fallback::Text(text) = key.fallback {
            assert_eq!(keys::check(key, text), Ok(()), "{} = {text}", key.name);
        }
    }
}

#[test]
fn every_key_says_in_a_sentence_what_it_is_for_and_whether_it_does_anything() {
    for key in all() {
        let told = key.documentation();
        assert!(key.doc.ends_with('.') && key.doc.len() > 10, "{}", key.name);
        let admits = told.contains("without effect");
        assert_eq!(admits, key.effect == Effect::NoEffect, "{}", key.name);
    }
}

#[test]
fn every_key_is_found_by_its_name_and_in_one_table_of_brokers_only() {
    for key in keys::brokers() {
        assert_eq!(keys::find(key.name), Some(key));
    }
    assert!(keys::brokers().count() > 330, "Kafka 4.3 shows 340");
    assert_eq!(keys::topics().count(), 34, "33 shown, one internal");
    assert_eq!(keys::groups().count(), 17);
    assert_eq!(keys::find("retention.ms"), None, "a topic's key");
    assert_eq!(keys::find_topic("log.retention.ms"), None, "a broker's key");
}

#[test]
fn a_refusal_names_the_key_and_what_would_be_right() {
    let cases = [
        ("retention.ms", "-2", "at least -1"),
        ("retention.ms", "a week", "whole number of 64 bits"),
        ("segment.bytes", "3000000000", "whole number of 32 bits"),
        ("segment.bytes", "1024", "at least 1048576"),
        ("compression.type", "lzma", "zstd"),
        ("compression.gzip.level", "0", "from 1 to 9, or -1"),
        ("cleanup.policy", "compact,compact", "each once"),
        ("cleanup.policy", "shred", "compact, delete"),
        ("min.cleanable.dirty.ratio", "1.5", "from 0 to 1"),
        ("min.cleanable.dirty.ratio", "NaN", "not a number"),
        ("preallocate", "yes", "neither true nor false"),
        (
            "leader.replication.throttled.replicas",
            "0:1,2",
            "partition:broker",
        ),
        ("min.insync.replicas", "0", "at least 1"),
    ];
    for (key, value, right) in cases {
        let told = refused(keys::check_topic(key, value));
        assert!(told.starts_with(key), "{told}");
        assert!(told.contains(right), "{told}");
        assert!(told.contains(value), "{told}");
    }
}

#[test]
fn values_at_their_bounds_are_taken() {
    let cases = [
        ("retention.ms", "-1"),
        ("retention.ms", " 5 "),
        ("segment.bytes", "1048576"),
        ("segment.bytes", "2147483647"),
        ("compression.gzip.level", "-1"),
        ("compression.zstd.level", "-131072"),
        ("cleanup.policy", "delete, compact"),
        ("min.cleanable.dirty.ratio", "1"),
        ("preallocate", "TRUE"),
        ("follower.replication.throttled.replicas", "*"),
        ("follower.replication.throttled.replicas", "0:101,1:102"),
        ("follower.replication.throttled.replicas", ""),
    ];
    for (key, value) in cases {
        assert_eq!(keys::check_topic(key, value), Ok(()), "{key} = {value}");
    }
}

#[test]
fn limits_by_address_are_all_sound_or_refused_with_their_key() {
    let key = "max.connections.per.ip.overrides";
    for good in [
        "",
        "127.0.0.1:5",
        "10.0.0.1:0, 10.0.0.2:7",
        "[::1]:3",
        "fe80::1:3",
    ] {
        assert_eq!(keys::check_static(key, good), Ok(()), "{good}");
    }
    let bad = [
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:many",
        "127.0.0.1:-1",
        ":5",
        "10.0.0.1:1,10.0.0:1",
        "client.example:5",
        "10.0.0.1:1,10.0.0.1:2",
    ];
    for bad in bad {
        let told = refused(keys::check_static(key, bad));
        assert!(
            told.starts_with(key) && told.contains("address:count"),
            "{told}"
        );
    }
    let limits = keys::limits_by_address("10.0.0.1:2,::ffff:10.0.0.2:3").unwrap();
    assert_eq!(limits.len(), 2);
    assert!(limits.contains_key(&"10.0.0.2".parse().unwrap()));
}

#[test]
fn a_duration_is_days_then_time_and_has_at_least_one_part() {
    let good = ["P1D", "PT1H", "P1DT2H3M4.5S", "PT0.5S"];
    let bad = [
        "P", "PT", "P1H", "PT1D", "P-1D", "PT1S2M", "PT1.5H", "P1DT", "PD", "PT..S",
    ];
    let check = |text: &str| keys::check_group("share.auto.offset.reset", text);
    for duration in good {
        assert_eq!(check(&format!("by_duration:{duration}")), Ok(()));
    }
    for duration in bad {
        assert!(
            check(&format!("by_duration:{duration}")).is_err(),
            "{duration}"
        );
    }
    assert_eq!(check("earliest"), Ok(()));
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    let told = refused(keys::check_topic("retention.m", "1"));
    assert!(told.contains("did you mean retention.ms?"), "{told}");
    assert_eq!(keys::nearest("num.partition"), Some("num.partitions"));
    assert_eq!(keys::nearest("brokr.id"), Some("broker.id"));
    assert_eq!(keys::nearest("completely.different.thing"), None);
    assert_eq!(keys::nearest(&"x".repeat(1_000_000)), None);
    assert_eq!(keys::nearest(""), None);
}

#[test]
fn a_broker_in_operation_takes_dynamic_keys_only() {
    assert_eq!(keys::check_broker("log.retention.ms", "1000"), Ok(()));
    let told = refused(keys::check_broker("num.partitions", "3"));
    assert!(
        told.starts_with("num.partitions: cannot be changed"),
        "{told}"
    );
    assert_eq!(keys::check_static("num.partitions", "3"), Ok(()));
    assert!(keys::check_static("num.partitions", "0").is_err());
}
