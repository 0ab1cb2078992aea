//! Writing, reading, and what is asked of logs.

use broker::wire::messages::{
    AlterReplicaLogDirsRequest, DeleteRecordsRequest, FetchRequest, ListOffsetsRequest,
    OffsetForLeaderEpochRequest, ProduceRequest, alter_replica_log_dirs, delete_records, fetch,
    list_offsets, offset_for_leader_epoch, produce,
};
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord, Producer};
use broker::wire::uuid::Uuid;
use bytes::Bytes;

use super::{Asker, TOPIC, by_topic, id_of};

fn records(version: i16) -> Bytes {
    let mut builder = BatchBuilder::new(BatchSettings {
        producer: Some(Producer {
            id: i64::from(version) + 1000,
            epoch: 0,
            base_sequence: 0,
        }),
        ..BatchSettings::default()
    });
    let record = NewRecord {
        timestamp_ms: 1_700_000_000_000,
        value: Some(b"v"),
        ..NewRecord::default()
    };
    builder.push(&record).unwrap();
    builder.finish().unwrap().into()
}

pub(super) async fn data(asker: &mut Asker, id: Uuid) {
    asker
        .all(|version| [1, -1, 5].map(|acks| write(version, acks, id)).to_vec())
        .await;
    let offsets = [0, 1_000];
    asker
        .all(|version| {
            let each = offsets.into_iter();
            each.flat_map(|offset| [0, 1].map(|isolation| read(version, isolation, offset, id)))
                .collect()
        })
        .await;
    asker.all(points).await;
    asker.all(epochs).await;
    asker.all(cuts).await;
    asker.all(moves).await;
}

/// To a directory that is none of the node's.
fn moves(_: i16) -> Vec<AlterReplicaLogDirsRequest> {
    vec![AlterReplicaLogDirsRequest {
        dirs: vec![alter_replica_log_dirs::AlterReplicaLogDir {
            path: "/nowhere".to_owned(),
            topics: by_topic(
                |index| index,
                |name, partitions| alter_replica_log_dirs::AlterReplicaLogDirTopic {
                    name: name.to_owned(),
                    partitions,
                    ..alter_replica_log_dirs::AlterReplicaLogDirTopic::default()
                },
            ),
            ..alter_replica_log_dirs::AlterReplicaLogDir::default()
        }],
        ..AlterReplicaLogDirsRequest::default()
    }]
}

/// The end of partition 0 of the topic.
pub(super) fn ends() -> Vec<list_offsets::ListOffsetsTopic> {
    vec![list_offsets::ListOffsetsTopic {
        name: TOPIC.to_owned(),
        partitions: vec![list_offsets::ListOffsetsPartition {
            timestamp: -1,
            current_leader_epoch: -1,
            ..list_offsets::ListOffsetsPartition::default()
        }],
        ..list_offsets::ListOffsetsTopic::default()
    }]
}

fn points(version: i16) -> Vec<ListOffsetsRequest> {
    let at = |timestamp| ListOffsetsRequest {
        replica_id: -1,
        isolation_level: i8::from(version >= 2),
        topics: by_topic(
            |partition_index| list_offsets::ListOffsetsPartition {
                partition_index,
                timestamp,
                ..list_offsets::ListOffsetsPartition::default()
            },
            |name, partitions| list_offsets::ListOffsetsTopic {
                name: name.to_owned(),
                partitions,
                ..list_offsets::ListOffsetsTopic::default()
            },
        ),
        ..ListOffsetsRequest::default()
    };
    [-6, -5, -4, -3, -2, -1, 5].map(at).to_vec()
}

fn epochs(_: i16) -> Vec<OffsetForLeaderEpochRequest> {
    vec![OffsetForLeaderEpochRequest {
        topics: by_topic(
            |partition| offset_for_leader_epoch::OffsetForLeaderPartition {
                partition,
                ..offset_for_leader_epoch::OffsetForLeaderPartition::default()
            },
            |name, partitions| offset_for_leader_epoch::OffsetForLeaderTopic {
                topic: name.to_owned(),
                partitions,
                ..offset_for_leader_epoch::OffsetForLeaderTopic::default()
            },
        ),
        ..OffsetForLeaderEpochRequest::default()
    }]
}

fn cuts(version: i16) -> Vec<DeleteRecordsRequest> {
    vec![DeleteRecordsRequest {
        topics: by_topic(
            |partition_index| delete_records::DeleteRecordsPartition {
                partition_index,
                offset: i64::from(version),
                ..delete_records::DeleteRecordsPartition::default()
            },
            |name, partitions| delete_records::DeleteRecordsTopic {
                name: name.to_owned(),
                partitions,
                ..delete_records::DeleteRecordsTopic::default()
            },
        ),
        timeout_ms: 5_000,
        ..DeleteRecordsRequest::default()
    }]
}

fn write(version: i16, acks: i16, id: Uuid) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 5_000,
        topic_data: by_topic(
            |index| produce::PartitionProduceData {
                index,
                records: Some(records(version)),
                ..produce::PartitionProduceData::default()
            },
            |name, partition_data| produce::TopicProduceData {
                name: name.to_owned(),
                topic_id: id_of(name, id),
                partition_data,
                ..produce::TopicProduceData::default()
            },
        ),
        ..ProduceRequest::default()
    }
}

fn read(version: i16, isolation_level: i8, offset: i64, id: Uuid) -> FetchRequest {
    FetchRequest {
        min_bytes: 1,
        max_wait_ms: 10,
        isolation_level,
        topics: by_topic(
            |partition| fetch::FetchPartition {
                partition,
                fetch_offset: offset,
                last_fetched_epoch: if version >= 12 { 0 } else { -1 },
                partition_max_bytes: 1 << 20,
                ..fetch::FetchPartition::default()
            },
            |name, partitions| fetch::FetchTopic {
                topic: name.to_owned(),
                topic_id: id_of(name, id),
                partitions,
                ..fetch::FetchTopic::default()
            },
        ),
        ..FetchRequest::default()
    }
}
