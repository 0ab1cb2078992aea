//! What goes to the controller, on a node that is a quorum of its own: whoever changes something
//! sees it in the next answer.

use std::sync::Arc;
use std::time::Duration;

use broker::api::init_producer_id::ProducerIds;
use broker::api::{
    AnswerRoom, Broker, Caller, Ctx, Quotas, create_partitions, create_topics, delete_topics,
    describe_configs, incremental_alter_configs, init_producer_id, metadata,
};
use broker::auth::Session;
use broker::clock::Clock;
use broker::config::NodeConfig;
use broker::fault::Faults;
use broker::group::{GroupSettings, Groups};
use broker::meta::controller::ControllerSettings;
use broker::meta::features::SUPPORTED;
use broker::meta::quorum::{Quorum, QuorumOptions};
use broker::metrics::Metrics;
use broker::peer::{Address, Dialer};
use broker::registry::{self, Registry};
use broker::replica::{Ground, Replicas};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::broker_registration::{RegisteredFeature, RegisteredListener};
use broker::wire::messages::create_partitions::CreatePartitionsTopic;
use broker::wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use broker::wire::messages::describe_configs::DescribeConfigsResource;
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use broker::wire::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    DescribeConfigsRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest, MetadataRequest,
};
use broker::wire::uuid::Uuid;
use tempfile::TempDir;

use super::cluster::node;

use crate::support::secure::open_gate;

const PATIENCE: Duration = Duration::from_secs(40);

/// Registers until there is a controller that answers.
async fn register(
    quorum: &Quorum,
    request: &BrokerRegistrationRequest,
) -> BrokerRegistrationResponse {
    loop {
        if let Ok(reply) = quorum.submit(request.clone().into()).await {
            return BrokerRegistrationResponse::try_from(reply).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_created(lone: &Lone, name: &str) -> MetadataResponseTopic {
    loop {
        let topic = lone.metadata(name).await;
        if topic.error_code.is_ok() {
            return topic;
        }
    }
}

async fn ask_for_ids(lone: Arc<Lone>) -> Vec<i64> {
    let mut ids = Vec::new();
    for _ in 0..600 {
        let request = InitProducerIdRequest {
            transactional_id: None,
            ..InitProducerIdRequest::default()
        };
        let response = init_producer_id::answer(&lone.ctx(5), request).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        assert_eq!(response.producer_epoch, 0, "rule 50");
        ids.push(response.producer_id);
    }
    ids
}

/// A node without sockets: its quorum, its replicas, and clients of the newest versions.
struct Lone {
    ctx: Ctx,
    _disk: TempDir,
}

/// A client whom nobody asks who it is.
fn somebody() -> Caller {
    Caller {
        listener: "PLAINTEXT".into(),
        host: "/127.0.0.1".into(),
        client_id: None,
        session: Arc::new(Session::begin(&open_gate(&Metrics::default()), None).unwrap()),
        mute: Arc::default(),
        holding: Arc::default(),
    }
}

fn registry_of(
    config: &Arc<NodeConfig>,
    quorum: &Quorum,
    replicas: &Arc<Replicas>,
) -> Arc<Registry> {
    Registry::new(registry::Ground {
        config: Arc::clone(config),
        cluster_id: "lone".to_owned(),
        quorum: quorum.clone(),
        replicas: Arc::clone(replicas),
        clock: Clock::System,
    })
}

impl Lone {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let disk = tempfile::tempdir().unwrap();
        let config = node(settings);
        let dialer = Dialer {
            faults: Faults::default(),
            client_id: "lone".to_owned(),
            connect_timeout: Duration::from_secs(5),
            ways: Arc::default(),
        };
        let controller = ControllerSettings::from_file("lone".to_owned(), config.given.clone());
        let options = QuorumOptions {
            voters: vec![Address {
                node: 1,
                host: "127.0.0.1".to_owned(),
                port: 1,
            }],
            cluster_id: "lone".to_owned(),
            ..QuorumOptions::new(1, disk.path().join("meta"), dialer.clone(), controller)
        };
        let quorum = Quorum::open(options).await.unwrap();
        let (clock, metrics, faults) = (Clock::System, Metrics::default(), Faults::default());
        let replicas = Replicas::open(Ground {
            config: Arc::clone(&config),
            dirs: Vec::new(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            faults: faults.clone(),
            dialer,
        });
        let groups = Groups::new(
            GroupSettings::of(&config),
            replicas.clone(),
            clock.clone(),
            &metrics,
        );
        let broker = Broker {
            quotas: Quotas::new(&config, clock.clone(), &metrics),
            answers: AnswerRoom::new(&config, &metrics),
            registry: registry_of(&config, &quorum, &replicas),
            config,
            cluster_id: "lone".to_owned(),
            quorum,
            replicas,
            groups,
            producer_ids: ProducerIds::default(),
            clock,
            metrics,
            faults,
        };
        let lone = Self {
            ctx: Ctx {
                broker: Arc::new(broker),
                caller: somebody(),
                version: 7,
            },
            _disk: disk,
        };
        lone.register().await;
        lone
    }

    fn ctx(&self, version: i16) -> Ctx {
        Ctx {
            version,
            ..self.ctx.clone()
        }
    }

    /// Registers this broker and unfences it.
    async fn register(&self) {
        let quorum = &self.ctx.broker.quorum;
        let request = BrokerRegistrationRequest {
            broker_id: 1,
            cluster_id: "lone".to_owned(),
            incarnation_id: Uuid([5; 16]),
            listeners: vec![RegisteredListener {
                name: "PLAINTEXT".to_owned(),
                host: "localhost".to_owned(),
                port: 9092,
                ..RegisteredListener::default()
            }],
            features: SUPPORTED
                .iter()
                .map(|feature| RegisteredFeature {
                    name: feature.name.to_owned(),
                    min_supported_version: feature.min,
                    max_supported_version: feature.max,
                    ..RegisteredFeature::default()
                })
                .collect(),
            log_dirs: vec![Uuid([7; 16])],
            ..BrokerRegistrationRequest::default()
        };
        let registered = register(quorum, &request);
        let registered = tokio::time::timeout(PATIENCE, registered).await.unwrap();
        assert_eq!(registered.error_code, ErrorCode::NONE);
        let heartbeat = BrokerHeartbeatRequest {
            broker_id: 1,
            broker_epoch: registered.broker_epoch,
            current_metadata_offset: i64::MAX,
            ..BrokerHeartbeatRequest::default()
        };
        let heard = quorum.submit(heartbeat.into()).await.unwrap();
        assert!(!BrokerHeartbeatResponse::try_from(heard).unwrap().is_fenced);
    }

    async fn create(&self, name: &str, partitions: i32) -> ErrorCode {
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: name.to_owned(),
                num_partitions: partitions,
                replication_factor: -1,
                configs: vec![CreatableTopicConfig {
                    name: "retention.ms".to_owned(),
                    value: Some("1000".to_owned()),
                    ..CreatableTopicConfig::default()
                }],
                ..CreatableTopic::default()
            }],
            timeout_ms: 30_000,
            ..CreateTopicsRequest::default()
        };
        let response = create_topics::answer(&self.ctx, request).await;
        response.topics[0].error_code
    }

    async fn metadata(&self, name: &str) -> MetadataResponseTopic {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                name: Some(name.to_owned()),
                ..MetadataRequestTopic::default()
            }]),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let mut response = metadata::answer(&self.ctx(12), request).await;
        response.topics.remove(0)
    }

    async fn set(&self, kind: i8, name: &str, key: &str, value: &str) -> (ErrorCode, String) {
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: kind,
                resource_name: name.to_owned(),
                configs: vec![AlterableConfig {
                    name: key.to_owned(),
                    value: Some(value.to_owned()),
                    ..AlterableConfig::default()
                }],
                ..AlterConfigsResource::default()
            }],
            ..IncrementalAlterConfigsRequest::default()
        };
        let mut response = incremental_alter_configs::answer(&self.ctx(1), request).await;
        let result = response.responses.remove(0);
        (result.error_code, result.error_message.unwrap_or_default())
    }

    async fn value(&self, kind: i8, name: &str, key: &str) -> (Option<String>, i8) {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: kind,
                resource_name: name.to_owned(),
                configuration_keys: Some(vec![key.to_owned()]),
                ..DescribeConfigsResource::default()
            }],
            ..DescribeConfigsRequest::default()
        };
        let mut response = describe_configs::answer(&self.ctx(4), request).await;
        let config = response.results.remove(0).configs.remove(0);
        (config.value, config.config_source)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_creates_grows_and_deletes_a_topic_sees_it_at_once() {
    let lone = Lone::start(&[("auto.create.topics.enable", "false")]).await;
    assert_eq!(lone.create("orders", 3).await, ErrorCode::NONE);
    let topic = lone.metadata("orders").await;
    assert_eq!(
        (topic.error_code, topic.partitions.len()),
        (ErrorCode::NONE, 3)
    );
    assert_eq!(topic.partitions[0].leader_id, 1);
    assert_eq!(
        lone.create("orders", 3).await,
        ErrorCode::TOPIC_ALREADY_EXISTS
    );

    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: "orders".to_owned(),
            count: 5,
            assignments: None,
            ..CreatePartitionsTopic::default()
        }],
        timeout_ms: 30_000,
        ..CreatePartitionsRequest::default()
    };
    let grown = create_partitions::answer(&lone.ctx(3), request).await;
    assert_eq!(grown.results[0].error_code, ErrorCode::NONE);
    assert_eq!(lone.metadata("orders").await.partitions.len(), 5);

    let request = DeleteTopicsRequest {
        topic_names: vec!["orders".to_owned()],
        timeout_ms: 30_000,
        ..DeleteTopicsRequest::default()
    };
    let deleted = delete_topics::answer(&lone.ctx(5), request).await;
    assert_eq!(deleted.responses[0].error_code, ErrorCode::NONE);
    let gone = lone.metadata("orders").await;
    assert_eq!(gone.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_asked_for_is_created_and_has_no_leader_in_the_first_answer() {
    let lone = Lone::start(&[("num.partitions", "2")]).await;
    let first = lone.metadata("new").await;
    assert_eq!(first.error_code, ErrorCode::LEADER_NOT_AVAILABLE, "rule 10");
    let second = tokio::time::timeout(PATIENCE, until_created(&lone, "new"))
        .await
        .unwrap();
    assert_eq!(second.partitions.len(), 2);
    let bad = lone.metadata("a b").await;
    assert_eq!(bad.error_code, ErrorCode::INVALID_TOPIC_EXCEPTION);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changes_a_setting_goes_by_it_at_once_and_a_refusal_names_it() {
    let lone = Lone::start(&[]).await;
    assert_eq!(lone.create("orders", 1).await, ErrorCode::NONE);
    assert_eq!(
        lone.value(2, "orders", "retention.ms").await,
        (Some("1000".to_owned()), 1)
    );
    assert_eq!(
        lone.set(4, "", "min.insync.replicas", "2").await.0,
        ErrorCode::NONE
    );
    let in_force = lone.value(2, "orders", "min.insync.replicas").await;
    assert_eq!(in_force, (Some("2".to_owned()), 3));
    assert_eq!(
        lone.set(4, "1", "min.insync.replicas", "3").await.0,
        ErrorCode::NONE
    );
    let in_force = lone.value(2, "orders", "min.insync.replicas").await;
    assert_eq!(in_force, (Some("3".to_owned()), 2));

    for (kind, name, key, value) in [
        (2, "orders", "retention.ms", "soon"),
        (2, "orders", "retention.m", "1"),
        (4, "1", "num.partitions", "3"),
        (4, "", "listeners", "PLAINTEXT://:1"),
    ] {
        let (code, why) = lone.set(kind, name, key, value).await;
        assert!(!code.is_ok() && !code.is_retriable(), "{key}: {code}");
        assert_ne!(code, ErrorCode::UNKNOWN_SERVER_ERROR);
        assert!(why.contains(key), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_producer_id_is_given_twice_across_blocks_and_askers() {
    let lone = Arc::new(Lone::start(&[]).await);
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let lone = Arc::clone(&lone);
        askers.spawn(ask_for_ids(lone));
    }
    let mut ids = tokio::time::timeout(PATIENCE, askers.join_all())
        .await
        .unwrap()
        .concat();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_400, "more than two blocks");
}
