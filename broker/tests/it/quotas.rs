//! Quotas and throttles of whole nodes. What is held back is told by how little has come through, never by
//! how fast the machine is.

mod clients;
mod connections;
mod mutations;
mod readers;
mod settings;
mod throttles;

use broker::clock::Clock;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic};
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::produce::{PartitionProduceData, TopicProduceData};
use broker::wire::messages::{CreateTopicsRequest, IncrementalAlterConfigsRequest, ProduceRequest};
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord};

use crate::support::client::Client;

/// A topic whose partitions have these replicas.
async fn create(client: &mut Client, name: &str, replicas: &[&[i32]]) {
    let assignments = (0..)
        .zip(replicas)
        .map(|(index, ids)| CreatableReplicaAssignment {
            partition_index: index,
            broker_ids: ids.to_vec(),
            ..CreatableReplicaAssignment::default()
        });
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.to_owned(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: assignments.collect(),
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    let created = client.ask(&request, 7).await;
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
}

/// A request to write one record of so many bytes to partition 0.
fn write(name: &str, acks: i16, bytes: u32) -> ProduceRequest {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    let value = vec![b'v'; usize::try_from(bytes).unwrap()];
    let record = NewRecord {
        timestamp_ms: Clock::System.now_ms(),
        value: Some(&value),
        ..NewRecord::default()
    };
    builder.push(&record).unwrap();
    ProduceRequest {
        acks,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: name.to_owned(),
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(builder.finish().unwrap().into()),
                ..PartitionProduceData::default()
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    }
}

/// Writes until the partition's leader takes it.
async fn produce(client: &mut Client, name: &str, acks: i16, bytes: u32) {
    let request = write(name, acks, bytes);
    for _ in 0..600 {
        let done = client.ask(&request, 9).await;
        if done.responses[0].partition_responses[0].error_code.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{name} takes no record");
}

/// Sets a key of a topic (2) or of a broker (4; without a name of all brokers); an empty value removes it.
async fn configure(client: &mut Client, (kind, name): (i8, &str), key: &str, value: &str) {
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: name.to_owned(),
            configs: vec![AlterableConfig {
                name: key.to_owned(),
                config_operation: i8::from(value.is_empty()),
                value: Some(value.to_owned()).filter(|value| !value.is_empty()),
                ..AlterableConfig::default()
            }],
            ..AlterConfigsResource::default()
        }],
        ..IncrementalAlterConfigsRequest::default()
    };
    let answer = client.ask(&request, 1).await;
    let done = &answer.responses[0];
    assert_eq!(done.error_code, ErrorCode::NONE, "{:?}", done.error_message);
}
