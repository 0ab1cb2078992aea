//! What the controller can be asked for: Kafka's own requests, plus its timer.

use bytes::Bytes;

use crate::wire::api_key::ApiKey;
use crate::wire::error::{Result as WireResult, WireError};
#[cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the table below names the messages once"
    )
)]
use crate::wire::messages::*;
use crate::wire::primitives::Reader;

/// Defines the command and reply enums over Kafka's messages.
macro_rules! commands {
    ($($variant:ident($request:ident, $response:ident),)*) => {
        /// A request to the active controller.
        #[derive(Debug, Clone)]
        pub enum Command {
            $(#[doc = concat!("`", stringify!($request), "`.")] $variant($request),)*
        }

        /// Its answer, of the same name.
        #[derive(Debug, Clone)]
        pub enum Reply {
            $(#[doc = concat!("`", stringify!($response), "`.")] $variant($response),)*
        }

        impl Command {
            /// The command as it travels to the active controller, in its newest version.
            pub fn encode(&self) -> WireResult<ControllerCommandRequest> {
                let mut body = Vec::new();
                let (api_key, api_version) = match self {
                    $(Self::$variant(request) => {
                        let version = *$request::VERSIONS.end();
                        request.encode(version, &mut body)?;
                        ($request::KEY, version)
                    })*
                };
                Ok(ControllerCommandRequest {
                    api_key,
                    api_version,
                    body: body.into(),
                    ..ControllerCommandRequest::default()
                })
            }

            /// Reads what `encode` made.
            pub fn decode(key: ApiKey, version: i16, body: &Bytes) -> WireResult<Self> {
                match key {
                    $($request::KEY => decode_all(Reader::over(body), version).map(Self::$variant),)*
                    _ => Err(not_a_command(version)),
                }
            }
        }

        impl Reply {
            /// The answer as it travels back, in the version of its command.
            pub fn encode(&self, version: i16) -> WireResult<Vec<u8>> {
                let mut body = Vec::new();
                match self {
                    $(Self::$variant(response) => response.encode(version, &mut body)?,)*
                }
                Ok(body)
            }

            /// Reads the answer to a command of this key and version.
            pub fn decode(key: ApiKey, version: i16, body: &Bytes) -> WireResult<Self> {
                match key {
                    $($request::KEY => decode_all(Reader::over(body), version).map(Self::$variant),)*
                    _ => Err(not_a_command(version)),
                }
            }
        }

        $(
            impl From<$response> for Reply {
                fn from(response: $response) -> Self {
                    Self::$variant(response)
                }
            }

            impl From<$request> for Command {
                fn from(request: $request) -> Self {
                    Self::$variant(request)
                }
            }

            impl TryFrom<Reply> for $response {
                type Error = Reply;
                fn try_from(reply: Reply) -> Result<Self, Reply> {
                    match reply {
                        Reply::$variant(response) => Ok(response),
                        other => Err(other),
                    }
                }
            }
        )*
    };
}

fn not_a_command(version: i16) -> WireError {
    WireError::UnknownVersion {
        message: "Command",
        version,
    }
}

commands! {
    BrokerRegistration(BrokerRegistrationRequest, BrokerRegistrationResponse),
    BrokerHeartbeat(BrokerHeartbeatRequest, BrokerHeartbeatResponse),
    AlterPartition(AlterPartitionRequest, AlterPartitionResponse),
    AssignReplicasToDirs(AssignReplicasToDirsRequest, AssignReplicasToDirsResponse),
    AllocateProducerIds(AllocateProducerIdsRequest, AllocateProducerIdsResponse),
    CreateTopics(CreateTopicsRequest, CreateTopicsResponse),
    DeleteTopics(DeleteTopicsRequest, DeleteTopicsResponse),
    CreatePartitions(CreatePartitionsRequest, CreatePartitionsResponse),
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse),
    ElectLeaders(ElectLeadersRequest, ElectLeadersResponse),
    AlterPartitionReassignments(
        AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse
    ),
    UnregisterBroker(UnregisterBrokerRequest, UnregisterBrokerResponse),
    UpdateFeatures(UpdateFeaturesRequest, UpdateFeaturesResponse),
    AlterUserScramCredentials(
        AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse
    ),
    AlterClientQuotas(AlterClientQuotasRequest, AlterClientQuotasResponse),
}
