//! `IncrementalAlterConfigs` (rule 74).

use broker::meta::record::Resource;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::cluster::Cluster;

pub const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// A key, what to do with it, and the value.
pub type Change<'a> = (&'a str, i8, Option<&'a str>);

pub fn alteration(
    resource_type: i8,
    name: &str,
    changes: &[Change<'_>],
) -> IncrementalAlterConfigsRequest {
    let configs = changes
        .iter()
        .map(|(key, operation, value)| AlterableConfig {
            name: (*key).to_owned(),
            config_operation: *operation,
            value: value.map(str::to_owned),
            ..Default::default()
        });
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type,
            resource_name: name.to_owned(),
            configs: configs.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn alter(cluster: &mut Cluster, kind: i8, name: &str, changes: &[Change<'_>]) -> ErrorCode {
    let before = cluster.image.clone();
    let response: IncrementalAlterConfigsResponse = cluster.submit(alteration(kind, name, changes));
    let one = &response.responses[0];
    assert_eq!(
        (one.resource_type, one.resource_name.as_str()),
        (kind, name)
    );
    if !one.error_code.is_ok() {
        assert_eq!(cluster.image, before);
        assert!(one.error_message.is_some());
    }
    one.error_code
}

fn value(cluster: &Cluster, resource: &Resource, key: &str) -> Option<String> {
    cluster.image.config(resource)?.get(key).cloned()
}

fn cluster() -> (Cluster, Resource) {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[1]]);
    (cluster, Resource::Topic("a".to_owned()))
}

#[test]
fn values_are_set_and_deleted() {
    let (mut cluster, topic) = cluster();
    let set = [
        ("retention.ms", SET, Some("5")),
        ("segment.ms", SET, Some("7")),
    ];
    assert_eq!(alter(&mut cluster, TOPIC, "a", &set), ErrorCode::NONE);
    assert_eq!(
        value(&cluster, &topic, "retention.ms").as_deref(),
        Some("5")
    );
    let delete = [("retention.ms", DELETE, None)];
    assert_eq!(alter(&mut cluster, TOPIC, "a", &delete), ErrorCode::NONE);
    assert_eq!(value(&cluster, &topic, "retention.ms"), None);
    assert_eq!(value(&cluster, &topic, "segment.ms").as_deref(), Some("7"));
}

#[test]
fn lists_grow_from_their_default_and_shrink() {
    let (mut cluster, topic) = cluster();
    let append = [("cleanup.policy", APPEND, Some("compact"))];
    for _ in 0..2 {
        assert_eq!(alter(&mut cluster, TOPIC, "a", &append), ErrorCode::NONE);
        let now = value(&cluster, &topic, "cleanup.policy");
        assert_eq!(now.as_deref(), Some("delete,compact"));
    }
    let subtract = [("cleanup.policy", SUBTRACT, Some("delete"))];
    assert_eq!(alter(&mut cluster, TOPIC, "a", &subtract), ErrorCode::NONE);
    assert_eq!(
        value(&cluster, &topic, "cleanup.policy").as_deref(),
        Some("compact")
    );
    let no_list = [("retention.ms", APPEND, Some("5"))];
    assert_eq!(
        alter(&mut cluster, TOPIC, "a", &no_list),
        ErrorCode::INVALID_CONFIG
    );
}

#[test]
fn a_resource_changes_as_a_whole_or_not_at_all() {
    let (mut cluster, _) = cluster();
    let half = [
        ("retention.ms", SET, Some("5")),
        ("segment.ms", SET, Some("never")),
    ];
    assert_eq!(
        alter(&mut cluster, TOPIC, "a", &half),
        ErrorCode::INVALID_CONFIG
    );
    let twice = [
        ("retention.ms", SET, Some("5")),
        ("retention.ms", SET, Some("6")),
    ];
    assert_eq!(
        alter(&mut cluster, TOPIC, "a", &twice),
        ErrorCode::INVALID_REQUEST
    );
    let null = [("retention.ms", SET, None)];
    assert_eq!(
        alter(&mut cluster, TOPIC, "a", &null),
        ErrorCode::INVALID_REQUEST
    );
    let operation = [("retention.ms", 4, Some("5"))];
    assert_eq!(
        alter(&mut cluster, TOPIC, "a", &operation),
        ErrorCode::INVALID_REQUEST
    );
}

#[test]
fn brokers_have_settings_each_and_together() {
    let (mut cluster, _) = cluster();
    let set = [("log.retention.ms", SET, Some("5"))];
    assert_eq!(alter(&mut cluster, BROKER, "", &set), ErrorCode::NONE);
    assert_eq!(alter(&mut cluster, BROKER, "2", &set), ErrorCode::NONE);
    for broker in [None, Some(2)] {
        let now = value(&cluster, &Resource::Broker(broker), "log.retention.ms");
        assert_eq!(now.as_deref(), Some("5"));
    }
    let fixed = [("node.id", SET, Some("5"))];
    assert_eq!(
        alter(&mut cluster, BROKER, "2", &fixed),
        ErrorCode::INVALID_CONFIG
    );
}

#[test]
fn resources_must_be_there_and_be_named_once() {
    let (mut cluster, _) = cluster();
    let set = [("log.retention.ms", SET, Some("5"))];
    assert_eq!(
        alter(&mut cluster, TOPIC, "b", &set),
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(
        alter(&mut cluster, BROKER, "9", &set),
        ErrorCode::BROKER_ID_NOT_REGISTERED
    );
    assert_eq!(
        alter(&mut cluster, BROKER, "x", &set),
        ErrorCode::INVALID_REQUEST
    );
    assert_eq!(
        alter(&mut cluster, 8, "1", &set),
        ErrorCode::INVALID_REQUEST
    );
    let mut request = alteration(BROKER, "1", &set);
    request.resources.push(request.resources[0].clone());
    let response: IncrementalAlterConfigsResponse = cluster.submit(request);
    assert_eq!(response.responses.len(), 1);
    assert_eq!(response.responses[0].error_code, ErrorCode::INVALID_REQUEST);
}

#[test]
fn validating_changes_nothing() {
    let (mut cluster, _) = cluster();
    let before = cluster.image.clone();
    let mut request = alteration(TOPIC, "a", &[("retention.ms", SET, Some("5"))]);
    request.validate_only = true;
    let response: IncrementalAlterConfigsResponse = cluster.submit(request);
    assert_eq!(response.responses[0].error_code, ErrorCode::NONE);
    assert_eq!(cluster.image, before);
}
