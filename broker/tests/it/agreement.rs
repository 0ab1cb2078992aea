//! Our codec against another one, by bytes: what either writes the other must read and write again
//! unchanged. Only valid bytes go to the other codec; it aborts on hostile ones.

use broker::wire::messages::arbitrary::Source;
use broker::wire::messages::{APIS, Message, Sample};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, Message as TheirMessage, VersionRange};

/// Values per message and version.
const VALUES: u64 = 40;

/// What the other codec does with bytes.
struct Peer {
    name: &'static str,
    versions: VersionRange,
    recode: fn(&Bytes, i16) -> Result<Bytes, String>,
    default: fn(i16) -> Option<Bytes>,
}

fn recode_theirs<M: Encodable + Decodable>(bytes: &Bytes, version: i16) -> Result<Bytes, String> {
    let mut input = bytes.clone();
    let message = M::decode(&mut input, version).map_err(|error| format!("decode: {error}"))?;
    if !input.is_empty() {
        return Err(format!("{} bytes left", input.len()));
    }
    let mut out = BytesMut::new();
    message
        .encode(&mut out, version)
        .map_err(|error| format!("encode: {error}"))?;
    Ok(out.freeze())
}

fn default_theirs<M: Encodable + Default>(version: i16) -> Option<Bytes> {
    let mut out = BytesMut::new();
    M::default().encode(&mut out, version).ok()?;
    Some(out.freeze())
}

macro_rules! peers {
    ($($request:ident $response:ident;)*) => {
        const PEERS: &[Peer] = &[$(peers!(@one $request), peers!(@one $response),)*];
    };
    (@one $name:ident) => {
        Peer {
            name: <broker::wire::messages::$name as Message>::NAME,
            versions: <theirs::$name as TheirMessage>::VERSIONS,
            recode: recode_theirs::<theirs::$name>,
            default: default_theirs::<theirs::$name>,
        }
    };
}

peers! {
    ProduceRequest ProduceResponse;
    AddRaftVoterRequest AddRaftVoterResponse;
    RemoveRaftVoterRequest RemoveRaftVoterResponse;
    FetchRequest FetchResponse;
    ListOffsetsRequest ListOffsetsResponse;
    MetadataRequest MetadataResponse;
    OffsetCommitRequest OffsetCommitResponse;
    OffsetFetchRequest OffsetFetchResponse;
    FindCoordinatorRequest FindCoordinatorResponse;
    JoinGroupRequest JoinGroupResponse;
    HeartbeatRequest HeartbeatResponse;
    LeaveGroupRequest LeaveGroupResponse;
    SyncGroupRequest SyncGroupResponse;
    DescribeGroupsRequest DescribeGroupsResponse;
    ListGroupsRequest ListGroupsResponse;
    SaslHandshakeRequest SaslHandshakeResponse;
    ApiVersionsRequest ApiVersionsResponse;
    CreateTopicsRequest CreateTopicsResponse;
    DeleteTopicsRequest DeleteTopicsResponse;
    DeleteRecordsRequest DeleteRecordsResponse;
    InitProducerIdRequest InitProducerIdResponse;
    OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse;
    DescribeAclsRequest DescribeAclsResponse;
    CreateAclsRequest CreateAclsResponse;
    DeleteAclsRequest DeleteAclsResponse;
    DescribeConfigsRequest DescribeConfigsResponse;
    AlterConfigsRequest AlterConfigsResponse;
    AlterReplicaLogDirsRequest AlterReplicaLogDirsResponse;
    DescribeLogDirsRequest DescribeLogDirsResponse;
    SaslAuthenticateRequest SaslAuthenticateResponse;
    CreatePartitionsRequest CreatePartitionsResponse;
    DeleteGroupsRequest DeleteGroupsResponse;
    ElectLeadersRequest ElectLeadersResponse;
    IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse;
    AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse;
    ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse;
    OffsetDeleteRequest OffsetDeleteResponse;
    DescribeClientQuotasRequest DescribeClientQuotasResponse;
    AlterClientQuotasRequest AlterClientQuotasResponse;
    DescribeUserScramCredentialsRequest DescribeUserScramCredentialsResponse;
    AlterUserScramCredentialsRequest AlterUserScramCredentialsResponse;
    DescribeQuorumRequest DescribeQuorumResponse;
    UpdateFeaturesRequest UpdateFeaturesResponse;
    DescribeClusterRequest DescribeClusterResponse;
    DescribeProducersRequest DescribeProducersResponse;
    UnregisterBrokerRequest UnregisterBrokerResponse;
    DescribeTransactionsRequest DescribeTransactionsResponse;
    ListTransactionsRequest ListTransactionsResponse;
    ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse;
    AssignReplicasToDirsRequest AssignReplicasToDirsResponse;
    ListConfigResourcesRequest ListConfigResourcesResponse;
    DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse;
    ShareGroupDescribeRequest ShareGroupDescribeResponse;
    DescribeShareGroupOffsetsRequest DescribeShareGroupOffsetsResponse;
    AlterPartitionRequest AlterPartitionResponse;
    BrokerRegistrationRequest BrokerRegistrationResponse;
    BrokerHeartbeatRequest BrokerHeartbeatResponse;
    AllocateProducerIdsRequest AllocateProducerIdsResponse;
}

/// Messages that the other codec lacks.
const ONLY_OURS: [&str; 2] = [
    "StreamsGroupDescribeRequest",
    "StreamsGroupDescribeResponse",
];

fn samples() -> impl Iterator<Item = &'static Sample> {
    APIS.iter().flat_map(|api| [&api.request, &api.response])
}

fn peer_of(sample: &Sample) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == sample.name)
}

fn shared_versions(sample: &Sample, peer: &Peer) -> impl Iterator<Item = i16> + use<> {
    let shared = peer.versions.min..=peer.versions.max;
    sample
        .versions
        .clone()
        .filter(move |version| shared.contains(version))
}

#[test]
fn every_message_has_a_peer_or_is_known_to_have_none() {
    for sample in samples() {
        let has_peer = peer_of(sample).is_some();
        assert_ne!(
            has_peer,
            ONLY_OURS.contains(&sample.name),
            "{}",
            sample.name
        );
    }
}

#[test]
fn what_we_write_the_other_codec_reads_and_writes_unchanged() {
    let mut compared = 0;
    for sample in samples() {
        let Some(peer) = peer_of(sample) else {
            continue;
        };
        for version in shared_versions(sample, peer) {
            for seed in 0..VALUES {
                let bytes = (sample.generate)(&mut Source::new(seed), version).unwrap();
                let bytes = Bytes::from(bytes);
                let again = (peer.recode)(&bytes, version);
                assert_eq!(
                    again.as_ref(),
                    Ok(&bytes),
                    "{} v{version} seed {seed}",
                    sample.name
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 5_000, "only {compared} values were compared");
}

#[test]
fn the_other_codecs_defaults_are_ours() {
    let mut compared = 0;
    for sample in samples() {
        let Some(peer) = peer_of(sample) else {
            continue;
        };
        for version in shared_versions(sample, peer) {
            let Some(bytes) = (peer.default)(version) else {
                continue;
            };
            let ours = (sample.recode)(&bytes, version).map(Bytes::from);
            assert_eq!(ours.as_ref(), Ok(&bytes), "{} v{version}", sample.name);
            compared += 1;
        }
    }
    assert!(compared > 300, "only {compared} defaults were compared");
}
