//! The protocol's requests and responses, one table file per API.
//!
//! A file holds the tables of a request and of its response, and nothing else; the macro in
//! `schema` makes structs and codec of them. [`APIS`] lists what exists.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
pub mod row;
#[macro_use]
mod schema;
pub mod value;

/// Key 10000; between nodes only, so not in [`APIS`].
pub mod quorum_stream;
pub use quorum_stream::{QuorumStreamRequest, QuorumStreamResponse};
/// Key 10001; between nodes only, so not in [`APIS`].
pub mod controller_command;
pub use controller_command::{ControllerCommandRequest, ControllerCommandResponse};
/// Key 10002; between nodes only, so not in [`APIS`].
pub mod registry_command;
pub use registry_command::{RegistryCommandRequest, RegistryCommandResponse};

use std::ops::RangeInclusive;

use super::api_key::ApiKey;
use super::error::{Result, WireError};
use super::primitives::Reader;
use value::{At, Value};

/// A request or a response.
pub trait Message: Value {
    /// The struct's name.
    const NAME: &'static str;
    /// The API it belongs to.
    const KEY: ApiKey;
    /// Versions the codec speaks.
    const VERSIONS: RangeInclusive<i16>;
    /// First version with compact lengths and tagged fields; `i16::MAX` where none has.
    const FLEXIBLE_FROM: i16;

    /// Appends the message, without header.
    fn encode(&self, version: i16, out: &mut Vec<u8>) -> Result<()> {
        self.write(place::<Self>(version)?, out)
    }

    /// Reads the message, without header; what follows it stays in the reader.
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self> {
        Self::read(reader, place::<Self>(version)?)
    }
}

/// A message that is answered.
pub trait Request: Message {
    /// What answers it, in the same version.
    type Response: Message;
}

fn place<M: Message>(version: i16) -> Result<At> {
    if M::VERSIONS.contains(&version) {
        return Ok(At::top(version, M::FLEXIBLE_FROM, M::NAME));
    }
    Err(WireError::UnknownVersion {
        message: M::NAME,
        version,
    })
}

/// Reads a message that must be all there is.
pub fn decode_all<M: Message>(mut reader: Reader<'_>, version: i16) -> Result<M> {
    let message = M::decode(&mut reader, version)?;
    match reader.left() {
        0 => Ok(message),
        left => Err(WireError::LeftOver {
            message: M::NAME,
            left,
        }),
    }
}

/// What the codec knows of one API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its number.
    pub key: ApiKey,
    /// Versions the codec speaks.
    pub versions: RangeInclusive<i16>,
    /// First flexible version; `i16::MAX` where none is.
    pub flexible_from: i16,
    /// Values and bytes of the request, for tests.
    #[cfg(feature = "arbitrary")]
    pub request: Sample,
    /// Values and bytes of the response, for tests.
    #[cfg(feature = "arbitrary")]
    pub response: Sample,
}

impl Api {
    const fn of<R: Request>() -> Self {
        Self {
            key: R::KEY,
            versions: R::VERSIONS,
            flexible_from: R::FLEXIBLE_FROM,
            #[cfg(feature = "arbitrary")]
            request: Sample::of::<R>(),
            #[cfg(feature = "arbitrary")]
            response: Sample::of::<R::Response>(),
        }
    }
}

/// One message type without its type, so that a test can walk all of them.
#[cfg(feature = "arbitrary")]
#[derive(Debug, Clone)]
pub struct Sample {
    /// The struct's name.
    pub name: &'static str,
    /// Versions the codec speaks.
    pub versions: RangeInclusive<i16>,
    /// Encodes any value the version can carry.
    pub generate: fn(&mut arbitrary::Source, i16) -> Result<Vec<u8>>,
    /// Decodes a whole message and encodes it again.
    pub recode: fn(&bytes::Bytes, i16) -> Result<Vec<u8>>,
}

#[cfg(feature = "arbitrary")]
impl Sample {
    const fn of<M: Message>() -> Self {
        Self {
            name: M::NAME,
            versions: M::VERSIONS,
            generate: |source, version| {
                let mut out = Vec::new();
                M::arbitrary(source, place::<M>(version)?).encode(version, &mut out)?;
                Ok(out)
            },
            recode: |bytes, version| {
                let mut out = Vec::with_capacity(bytes.len());
                decode_all::<M>(Reader::over(bytes), version)?.encode(version, &mut out)?;
                Ok(out)
            },
        }
    }
}

/// Declares the table files and lists their requests.
macro_rules! apis {
    ($($(#[$meta:meta])* $module:ident: $request:ident, $response:ident;)*) => {
        $(
            $(#[$meta])*
            pub mod $module;
            pub use $module::{$request, $response};
        )*

        /// Every API the codec speaks, by key.
        pub static APIS: &[Api] = &[$(Api::of::<$request>(),)*];
    };
}

apis! {
    /// Key 0.
    produce: ProduceRequest, ProduceResponse;
    /// Key 1.
    fetch: FetchRequest, FetchResponse;
    /// Key 2.
    list_offsets: ListOffsetsRequest, ListOffsetsResponse;
    /// Key 3.
    metadata: MetadataRequest, MetadataResponse;
    /// Key 8.
    offset_commit: OffsetCommitRequest, OffsetCommitResponse;
    /// Key 9.
    offset_fetch: OffsetFetchRequest, OffsetFetchResponse;
    /// Key 10.
    find_coordinator: FindCoordinatorRequest, FindCoordinatorResponse;
    /// Key 11.
    join_group: JoinGroupRequest, JoinGroupResponse;
    /// Key 12.
    heartbeat: HeartbeatRequest, HeartbeatResponse;
    /// Key 13.
    leave_group: LeaveGroupRequest, LeaveGroupResponse;
    /// Key 14.
    sync_group: SyncGroupRequest, SyncGroupResponse;
    /// Key 15.
    describe_groups: DescribeGroupsRequest, DescribeGroupsResponse;
    /// Key 16.
    list_groups: ListGroupsRequest, ListGroupsResponse;
    /// Key 17.
    sasl_handshake: SaslHandshakeRequest, SaslHandshakeResponse;
    /// Key 18.
    api_versions: ApiVersionsRequest, ApiVersionsResponse;
    /// Key 19.
    create_topics: CreateTopicsRequest, CreateTopicsResponse;
    /// Key 20.
    delete_topics: DeleteTopicsRequest, DeleteTopicsResponse;
    /// Key 21.
    delete_records: DeleteRecordsRequest, DeleteRecordsResponse;
    /// Key 22.
    init_producer_id: InitProducerIdRequest, InitProducerIdResponse;
    /// Key 23.
    offset_for_leader_epoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    /// Key 29.
    describe_acls: DescribeAclsRequest, DescribeAclsResponse;
    /// Key 30.
    create_acls: CreateAclsRequest, CreateAclsResponse;
    /// Key 31.
    delete_acls: DeleteAclsRequest, DeleteAclsResponse;
    /// Key 32.
    describe_configs: DescribeConfigsRequest, DescribeConfigsResponse;
    /// Key 33.
    alter_configs: AlterConfigsRequest, AlterConfigsResponse;
    /// Key 34.
    alter_replica_log_dirs: AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse;
    /// Key 35.
    describe_log_dirs: DescribeLogDirsRequest, DescribeLogDirsResponse;
    /// Key 36.
    sasl_authenticate: SaslAuthenticateRequest, SaslAuthenticateResponse;
    /// Key 37.
    create_partitions: CreatePartitionsRequest, CreatePartitionsResponse;
    /// Key 42.
    delete_groups: DeleteGroupsRequest, DeleteGroupsResponse;
    /// Key 43.
    elect_leaders: ElectLeadersRequest, ElectLeadersResponse;
    /// Key 44.
    incremental_alter_configs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    /// Key 45.
    alter_partition_reassignments:
        AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    /// Key 46.
    list_partition_reassignments:
        ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse;
    /// Key 47.
    offset_delete: OffsetDeleteRequest, OffsetDeleteResponse;
    /// Key 48.
    describe_client_quotas: DescribeClientQuotasRequest, DescribeClientQuotasResponse;
    /// Key 49.
    alter_client_quotas: AlterClientQuotasRequest, AlterClientQuotasResponse;
    /// Key 50.
    describe_user_scram_credentials:
        DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse;
    /// Key 51.
    alter_user_scram_credentials:
        AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse;
    /// Key 55.
    describe_quorum: DescribeQuorumRequest, DescribeQuorumResponse;
    /// Key 56.
    alter_partition: AlterPartitionRequest, AlterPartitionResponse;
    /// Key 57.
    update_features: UpdateFeaturesRequest, UpdateFeaturesResponse;
    /// Key 60.
    describe_cluster: DescribeClusterRequest, DescribeClusterResponse;
    /// Key 61.
    describe_producers: DescribeProducersRequest, DescribeProducersResponse;
    /// Key 62.
    broker_registration: BrokerRegistrationRequest, BrokerRegistrationResponse;
    /// Key 63.
    broker_heartbeat: BrokerHeartbeatRequest, BrokerHeartbeatResponse;
    /// Key 64.
    unregister_broker: UnregisterBrokerRequest, UnregisterBrokerResponse;
    /// Key 65.
    describe_transactions: DescribeTransactionsRequest, DescribeTransactionsResponse;
    /// Key 66.
    list_transactions: ListTransactionsRequest, ListTransactionsResponse;
    /// Key 67.
    allocate_producer_ids: AllocateProducerIdsRequest, AllocateProducerIdsResponse;
    /// Key 69.
    consumer_group_describe: ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse;
    /// Key 73.
    assign_replicas_to_dirs: AssignReplicasToDirsRequest, AssignReplicasToDirsResponse;
    /// Key 74.
    list_config_resources: ListConfigResourcesRequest, ListConfigResourcesResponse;
    /// Key 75.
    describe_topic_partitions: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse;
    /// Key 77.
    share_group_describe: ShareGroupDescribeRequest, ShareGroupDescribeResponse;
    /// Key 80.
    add_raft_voter: AddRaftVoterRequest, AddRaftVoterResponse;
    /// Key 81.
    remove_raft_voter: RemoveRaftVoterRequest, RemoveRaftVoterResponse;
    /// Key 89.
    streams_group_describe: StreamsGroupDescribeRequest, StreamsGroupDescribeResponse;
    /// Key 90.
    describe_share_group_offsets:
        DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse;
}
