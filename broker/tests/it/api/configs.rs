//! DescribeConfigs, and what becomes of changes (rules 73 and 74).

use broker::api::access::Rights;
use broker::api::describe_configs::{
    BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC, describe,
};
use broker::api::incremental_alter_configs::{DELETE, SET, is_made, judge};
use broker::api::{alter_configs, create_topics, list_config_resources};
use broker::meta::record::Resource;
use broker::meta::settings;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
};
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::{DescribeConfigsRequest, ListConfigResourcesRequest};

use super::cluster::{Cluster, node, partition};

fn ask(cluster: &Cluster, kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsResult {
    let keys = keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.to_owned(),
            configuration_keys: keys,
            ..DescribeConfigsResource::default()
        }],
        include_synonyms: true,
        include_documentation: true,
        ..DescribeConfigsRequest::default()
    };
    let node = node(&[
        ("log.retention.hours", "24"),
        ("ssl.keystore.password", "s3cret"),
    ]);
    let mut response = describe(&cluster.0, &node, &request, &Rights::default());
    response.results.remove(0)
}

fn config<'a>(result: &'a DescribeConfigsResult, name: &str) -> &'a DescribeConfigsResourceResult {
    let mut all = result.configs.iter();
    all.find(|config| config.name == name).unwrap()
}

fn sources(config: &DescribeConfigsResourceResult) -> Vec<i8> {
    config
        .synonyms
        .iter()
        .map(|synonym| synonym.source)
        .collect()
}

fn cluster() -> Cluster {
    let mut cluster = Cluster::of(3);
    cluster.topic("orders", &[partition(&[1, 2, 3])]);
    cluster
}

#[test]
fn a_topics_value_is_told_with_everything_that_it_overrides() {
    let mut cluster = cluster();
    let all = ask(&cluster, TOPIC, "orders", None);
    assert_eq!(all.configs.len(), 33, "every key that is shown");
    let file = config(&all, "retention.ms");
    assert_eq!(file.value.as_deref(), Some("86400000"));
    assert_eq!((file.config_source, sources(file)), (4, vec![4, 5]));
    assert!(!file.read_only && file.documentation.is_some());

    cluster.set(Resource::Broker(None), "log.retention.ms", "3000");
    cluster.set(Resource::Broker(Some(1)), "log.retention.ms", "2000");
    cluster.set(Resource::Broker(Some(2)), "log.retention.ms", "9000");
    cluster.set(Resource::Topic("orders".into()), "retention.ms", "1000");
    let own = ask(&cluster, TOPIC, "orders", Some(&["retention.ms"]));
    assert_eq!(own.configs.len(), 1, "only what is asked for");
    let own = &own.configs[0];
    assert_eq!(own.value.as_deref(), Some("1000"));
    assert_eq!((own.config_source, sources(own)), (1, vec![1, 2, 3, 4, 5]));
}

#[test]
fn a_broker_tells_all_its_keys_but_no_secret() {
    let mut cluster = cluster();
    cluster.set(Resource::Broker(None), "log.retention.ms", "3000");
    let all = ask(&cluster, BROKER, "1", None);
    assert_eq!(
        (all.error_code, &all.error_message),
        (ErrorCode::NONE, &None)
    );
    let secret = config(&all, "ssl.keystore.password");
    assert!(secret.is_sensitive && secret.value.is_none());
    assert!(!format!("{all:?}").contains("s3cret"));
    let dynamic = config(&all, "log.retention.ms");
    assert_eq!((dynamic.config_source, dynamic.read_only), (3, false));
    let fixed = config(&all, "num.partitions");
    assert_eq!((fixed.config_source, fixed.read_only), (5, true));
    assert_eq!(fixed.config_type, 3);
    assert!(
        all.configs
            .iter()
            .all(|one| one.name != "log.initial.task.delay.ms")
    );
}

#[test]
fn only_the_broker_itself_is_described_by_it() {
    let cluster = cluster();
    for name in ["2", "one"] {
        let other = ask(&cluster, BROKER, name, None);
        assert_eq!(other.error_code, ErrorCode::INVALID_REQUEST, "rule 73");
        assert!(other.configs.is_empty());
    }
}

#[test]
fn all_brokers_together_have_just_what_was_set_for_them() {
    let mut cluster = cluster();
    assert!(ask(&cluster, BROKER, "", None).configs.is_empty());
    cluster.set(Resource::Broker(None), "min.insync.replicas", "2");
    cluster.set(Resource::Broker(Some(1)), "log.retention.ms", "2000");
    let told = ask(&cluster, BROKER, "", None);
    assert_eq!(told.configs.len(), 1);
    assert_eq!(told.configs[0].value.as_deref(), Some("2"));
    assert_eq!(sources(&told.configs[0]), [3]);
}

#[test]
fn groups_loggers_and_what_does_not_exist() {
    let mut cluster = cluster();
    cluster.set(
        Resource::Group("g".into()),
        "consumer.session.timeout.ms",
        "50000",
    );
    let group = ask(&cluster, GROUP, "g", None);
    assert_eq!(
        config(&group, "consumer.session.timeout.ms").config_source,
        8
    );
    assert_eq!(
        config(&group, "consumer.heartbeat.interval.ms").config_source,
        5
    );
    let logger = ask(&cluster, BROKER_LOGGER, "1", None);
    assert_eq!(logger.configs[0].name, "ROOT");
    assert!(logger.configs[0].read_only);
    assert_eq!(logger.configs[0].config_source, 6);
    let code = |kind, name| ask(&cluster, kind, name, None).error_code;
    assert_eq!(code(TOPIC, "nope"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(code(GROUP, ""), ErrorCode::INVALID_REQUEST);
    assert_eq!(code(CLIENT_METRICS, "m"), ErrorCode::INVALID_REQUEST);
    assert_eq!(code(77, "x"), ErrorCode::INVALID_REQUEST);
}

#[test]
fn a_dynamic_value_is_in_force_for_the_broker_that_it_names() {
    let mut cluster = cluster();
    let node = node(&[("min.insync.replicas", "2")]);
    let in_force =
        |cluster: &Cluster| settings::of_topic(&cluster.0, &node, "orders").min_insync_replicas;
    assert_eq!(in_force(&cluster), 2);
    cluster.set(Resource::Broker(Some(2)), "min.insync.replicas", "9");
    assert_eq!(in_force(&cluster), 2, "another broker's");
    cluster.set(Resource::Broker(None), "min.insync.replicas", "3");
    assert_eq!(in_force(&cluster), 3);
    assert_eq!(
        settings::layers(&cluster.0, &node).number("min.insync.replicas"),
        Some(3)
    );
    cluster.set(Resource::Topic("orders".into()), "min.insync.replicas", "1");
    assert_eq!(in_force(&cluster), 1);
}

fn change(kind: i8, name: &str, configs: &[(&str, i8, Option<&str>)]) -> AlterConfigsResource {
    let config = |(key, operation, value): &(&str, i8, Option<&str>)| AlterableConfig {
        name: (*key).to_owned(),
        config_operation: *operation,
        value: value.map(str::to_owned),
        ..AlterableConfig::default()
    };
    AlterConfigsResource {
        resource_type: kind,
        resource_name: name.to_owned(),
        configs: configs.iter().map(config).collect(),
        ..AlterConfigsResource::default()
    }
}

#[test]
fn a_broker_refuses_changes_of_another_of_log_levels_and_of_one_thing_twice() {
    let changes = [
        change(BROKER, "1", &[]),
        change(BROKER, "", &[]),
        change(BROKER, "2", &[]),
        change(BROKER_LOGGER, "1", &[]),
        change(TOPIC, "a", &[]),
        change(TOPIC, "a", &[]),
    ];
    let refused: Vec<bool> = judge(&changes, 1).iter().map(Option::is_some).collect();
    assert_eq!(refused, [false, false, true, true, true, true], "rule 74");
    let first = judge(&changes, 1).remove(2).unwrap();
    assert_eq!(first.error_code, ErrorCode::INVALID_REQUEST);
    assert_eq!(first.resource_name, "2");
}

#[test]
fn a_change_is_seen_once_the_image_holds_it() {
    let mut cluster = cluster();
    let set = change(TOPIC, "orders", &[("retention.ms", SET, Some("5"))]);
    let append = change(TOPIC, "orders", &[("cleanup.policy", 2, Some("compact"))]);
    let subtract = change(TOPIC, "orders", &[("cleanup.policy", 3, Some("compact"))]);
    let delete = change(TOPIC, "orders", &[("retention.ms", DELETE, None)]);
    assert!(!is_made(&cluster.0, &set) && is_made(&cluster.0, &delete));
    assert!(!is_made(&cluster.0, &append) && is_made(&cluster.0, &subtract));
    cluster.set(Resource::Topic("orders".into()), "retention.ms", "5");
    cluster.set(
        Resource::Topic("orders".into()),
        "cleanup.policy",
        "delete,compact",
    );
    assert!(is_made(&cluster.0, &set) && !is_made(&cluster.0, &delete));
    assert!(is_made(&cluster.0, &append) && !is_made(&cluster.0, &subtract));
}

#[test]
fn a_replacement_removes_what_it_does_not_name() {
    let mut cluster = cluster();
    cluster.set(Resource::Topic("orders".into()), "retention.ms", "5");
    cluster.set(Resource::Topic("orders".into()), "segment.ms", "7");
    let replacement = broker::wire::messages::alter_configs::AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: "orders".to_owned(),
        configs: vec![broker::wire::messages::alter_configs::AlterableConfig {
            name: "segment.ms".to_owned(),
            value: Some("8".to_owned()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let expected = change(
        TOPIC,
        "orders",
        &[
            ("segment.ms", SET, Some("8")),
            ("retention.ms", DELETE, None),
        ],
    );
    assert_eq!(alter_configs::changes(&cluster.0, &replacement), expected);
}

#[test]
fn topics_of_the_brokers_own_are_made_by_their_own_settings() {
    let cluster = cluster();
    let node = node(&[
        ("offsets.topic.num.partitions", "4"),
        ("offsets.topic.replication.factor", "2"),
    ]);
    let layers = settings::layers(&cluster.0, &node);
    let offsets = create_topics::automatic("__consumer_offsets", &layers);
    assert_eq!((offsets.num_partitions, offsets.replication_factor), (4, 2));
    let compacted = offsets.configs.iter().any(|config| {
        config.name == "cleanup.policy" && config.value.as_deref() == Some("compact")
    });
    assert!(compacted);
    let other = create_topics::automatic("orders", &layers);
    assert_eq!((other.num_partitions, other.replication_factor), (-1, -1));
    assert!(other.configs.is_empty());
}

#[test]
fn resources_are_listed_by_type_and_version_0_knows_client_metrics_only() {
    let mut cluster = cluster();
    cluster.fence(3, true);
    cluster.set(
        Resource::Group("g".into()),
        "consumer.session.timeout.ms",
        "50000",
    );
    let list = |types: &[i8], version| {
        let request = ListConfigResourcesRequest {
            resource_types: types.to_vec(),
            ..ListConfigResourcesRequest::default()
        };
        let response = list_config_resources::describe(&cluster.0, &request, version);
        let resources = response.config_resources.into_iter();
        let pairs: Vec<_> = resources
            .map(|one| (one.resource_type, one.resource_name))
            .collect();
        (response.error_code, pairs)
    };
    assert_eq!(list(&[], 0), (ErrorCode::NONE, vec![]), "KIP-714");
    let brokers = vec![(4, "1".to_owned()), (4, "2".to_owned())];
    assert_eq!(list(&[4], 1), (ErrorCode::NONE, brokers), "live ones");
    assert_eq!(list(&[32], 1).1, [(32, "g".to_owned())]);
    assert_eq!(list(&[], 1).1.len(), 1 + 2 + 2 + 1);
    assert_eq!(list(&[1], 1).0, ErrorCode::UNSUPPORTED_VERSION);
}
