//! One file per API: a request and what is known become a response. The dispatch is the only
//! place that knows all of them.

use std::sync::Arc;

use bytes::Bytes;

use crate::auth::Session;
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::fault::Faults;
use crate::group::Groups;
use crate::meta::image::Image;
use crate::meta::quorum::Quorum;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::replica::Replicas;
use crate::wire::messages::{
    AddRaftVoterRequest, AlterClientQuotasRequest, AlterConfigsRequest,
    AlterPartitionReassignmentsRequest, AlterReplicaLogDirsRequest,
    AlterUserScramCredentialsRequest, ApiVersionsRequest, CreateAclsRequest,
    CreatePartitionsRequest, CreateTopicsRequest, DeleteAclsRequest, DeleteGroupsRequest,
    DeleteRecordsRequest, DeleteTopicsRequest, DescribeAclsRequest, DescribeClientQuotasRequest,
    DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest, DescribeLogDirsRequest,
    DescribeProducersRequest, DescribeQuorumRequest, DescribeTopicPartitionsRequest,
    DescribeUserScramCredentialsRequest, ElectLeadersRequest, FetchRequest, FindCoordinatorRequest,
    HeartbeatRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest,
    LeaveGroupRequest, ListConfigResourcesRequest, ListGroupsRequest, ListOffsetsRequest,
    ListPartitionReassignmentsRequest, Message, MetadataRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest, ProduceRequest,
    RemoveRaftVoterRequest, SaslAuthenticateRequest, SaslHandshakeRequest, SyncGroupRequest,
    UnregisterBrokerRequest, UpdateFeaturesRequest,
};

#[macro_use]
mod dispatch;
pub mod access;
mod controllers;
mod data;
mod forward;
pub mod needs;
mod quotas;
mod registry;
mod room;
mod topology;

pub mod add_raft_voter;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
pub mod alter_replica_log_dirs;
pub mod alter_user_scram_credentials;
pub mod api_versions;
pub mod create_acls;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_topics;
pub mod describe_acls;
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_quorum;
pub mod describe_topic_partitions;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod fetch;
pub mod find_coordinator;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod remove_raft_voter;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod sync_group;
pub mod unregister_broker;
pub mod update_features;

pub use crate::auth::Then;
pub use data::Data;
use dispatch::Asked;
pub use dispatch::{Begun, Framed, HandOver, Later, Opening, Reach, Refused, Served, Work};
pub use quotas::{Mute, Quotas};
pub use room::{AnswerRoom, Holding};

// A line an API: its file, how it is asked, the versions that clients are told, who is served.
// `answer` is `async fn answer(&Ctx, Request) -> Response`; `begin` is `fn begin(&Ctx, Request) ->
// Begun`, for what is pipelined; `end` is `async fn end(&Ctx, Request) -> (Response, Then)`, for what
// may end the connection; `weigh` is an `answer` that counts against the client's quotas itself. An API that is not in the list is neither served nor advertised.
served! {
    // Data.
    init_producer_id::answer(InitProducerIdRequest), 0-5, Brokers;
    produce::begin(ProduceRequest), 0-13, Brokers;
    fetch::weigh(FetchRequest), 4-18, Brokers;
    list_offsets::answer(ListOffsetsRequest), 1-11, Brokers;
    offset_for_leader_epoch::answer(OffsetForLeaderEpochRequest), 2-4, Brokers;
    delete_records::answer(DeleteRecordsRequest), 0-2, Brokers;
    alter_replica_log_dirs::answer(AlterReplicaLogDirsRequest), 1-2, Brokers;
    describe_log_dirs::answer(DescribeLogDirsRequest), 1-5, Brokers;
    describe_producers::answer(DescribeProducersRequest), 0-0, Brokers;

    // Groups.
    find_coordinator::answer(FindCoordinatorRequest), 0-6, Brokers;
    join_group::answer(JoinGroupRequest), 0-9, Brokers;
    sync_group::answer(SyncGroupRequest), 0-5, Brokers;
    heartbeat::answer(HeartbeatRequest), 0-4, Brokers;
    leave_group::answer(LeaveGroupRequest), 0-5, Brokers;
    offset_commit::answer(OffsetCommitRequest), 2-9, Brokers;
    offset_fetch::answer(OffsetFetchRequest), 1-9, Brokers;
    describe_groups::answer(DescribeGroupsRequest), 0-6, Brokers;
    list_groups::answer(ListGroupsRequest), 0-5, Brokers;
    delete_groups::answer(DeleteGroupsRequest), 0-2, Brokers;
    offset_delete::answer(OffsetDeleteRequest), 0-0, Brokers;

    // Topics and settings.
    metadata::answer(MetadataRequest), 0-13, Brokers;
    describe_topic_partitions::answer(DescribeTopicPartitionsRequest), 0-0, Brokers;
    create_topics::answer(CreateTopicsRequest), 2-7, Brokers;
    delete_topics::answer(DeleteTopicsRequest), 1-6, Brokers;
    create_partitions::answer(CreatePartitionsRequest), 0-3, Brokers;
    describe_configs::answer(DescribeConfigsRequest), 1-4, Brokers;
    incremental_alter_configs::answer(IncrementalAlterConfigsRequest), 0-1, Brokers;
    alter_configs::answer(AlterConfigsRequest), 0-2, Brokers;
    list_config_resources::answer(ListConfigResourcesRequest), 0-1, Brokers;

    // Cluster.
    describe_cluster::answer(DescribeClusterRequest), 0-2, Everywhere;
    describe_quorum::answer(DescribeQuorumRequest), 0-2, Everywhere;
    add_raft_voter::answer(AddRaftVoterRequest), 0-1, Everywhere;
    remove_raft_voter::answer(RemoveRaftVoterRequest), 0-0, Everywhere;
    elect_leaders::answer(ElectLeadersRequest), 0-2, Brokers;
    alter_partition_reassignments::answer(AlterPartitionReassignmentsRequest), 0-1, Brokers;
    unregister_broker::answer(UnregisterBrokerRequest), 0-0, Brokers;
    update_features::answer(UpdateFeaturesRequest), 0-2, Brokers;
    list_partition_reassignments::answer(ListPartitionReassignmentsRequest), 0-0, Brokers;

    // Users.
    describe_user_scram_credentials::answer(DescribeUserScramCredentialsRequest), 0-0, Brokers;
    alter_user_scram_credentials::answer(AlterUserScramCredentialsRequest), 0-0, Brokers;
    describe_client_quotas::answer(DescribeClientQuotasRequest), 0-1, Brokers;
    alter_client_quotas::answer(AlterClientQuotasRequest), 0-1, Brokers;

    // Access rules.
    describe_acls::answer(DescribeAclsRequest), 1-3, Everywhere;
    create_acls::answer(CreateAclsRequest), 1-3, Everywhere;
    delete_acls::answer(DeleteAclsRequest), 1-3, Everywhere;

    // Connections.
    api_versions::answer(ApiVersionsRequest), 0-4, Everywhere;
    sasl_handshake::end(SaslHandshakeRequest), 0-1, Everywhere;
    sasl_authenticate::end(SaslAuthenticateRequest), 0-2, Everywhere;
}

/// What every API may see of the node.
#[derive(Debug)]
pub struct Broker {
    /// Its settings.
    pub config: Arc<NodeConfig>,
    /// The cluster's id.
    pub cluster_id: String,
    /// The door to the metadata.
    pub quorum: Quorum,
    /// Its replicas.
    pub replicas: Arc<Replicas>,
    /// Its groups.
    pub groups: Arc<Groups>,
    /// Its schema registry.
    pub registry: Arc<Registry>,
    /// Ids for idempotent producers.
    pub producer_ids: init_producer_id::ProducerIds,
    /// Time.
    pub clock: Clock,
    /// What clients used of late.
    pub quotas: Quotas,
    /// Memory for answers that are not sent yet.
    pub answers: AnswerRoom,
    /// Numbers.
    pub metrics: Metrics,
    /// Faults on purpose.
    pub faults: Faults,
}

impl Broker {
    /// The newest image.
    pub fn image(&self) -> Arc<Image> {
        self.quorum.images().borrow().clone()
    }
}

/// What a handler knows of who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Name of the listener that the request came in on.
    pub listener: Arc<str>,
    /// The client's address, as DescribeGroups shows it (`/127.0.0.1`).
    pub host: Arc<str>,
    /// The header's client id.
    pub client_id: Option<String>,
    /// Who it is: its certificate or its login.
    pub session: Arc<Session>,
    /// Until when its connection is muted.
    pub mute: Arc<Mute>,
    /// What its next answer holds of the node's memory.
    pub holding: Arc<Holding>,
}

impl Caller {
    /// `User:NAME`; `User:ANONYMOUS` where nobody says who they are.
    pub fn principal(&self) -> Arc<str> {
        self.session.principal()
    }

    /// Whether the request came in on the controller's listener.
    pub fn on_controller_listener(&self, config: &NodeConfig) -> bool {
        *self.listener == *config.controller_listener
    }
}

/// What a handler knows besides its request.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The node.
    pub broker: Arc<Broker>,
    /// Who asks.
    pub caller: Caller,
    /// Version of the request, and so of the response.
    pub version: i16,
}
