//! What the controller can be asked for: Kafka's own requests, plus its timer.

use bytes::Bytes;

use crate::wire::api_key::ApiKey;
use crate::wire::error::{Result as WireResult, WireError};
use crate::wire::messages::value::Value as _;
#[cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the table below names the messages once"
    )
)]
use crate::wire::messages::*;
use crate::wire::primitives::Reader;

/// Who asks for a command, where a client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Its user, without `User:`.
    pub user: String,
    /// Its client id; empty where it has none.
    pub client_id: String,
    /// Whether it is refused what is above its quota: it knows the error (KIP-599).
    pub is_strict: bool,
}

impl Asker {
    /// Puts it into a command on its way.
    pub fn put(self, request: &mut ControllerCommandRequest) {
        request.user = Some(self.user);
        request.client_id = Some(self.client_id);
        request.is_strict = self.is_strict;
    }

    /// Reads it from a command that arrived.
    pub fn of(request: &ControllerCommandRequest) -> Option<Self> {
        Some(Self {
            user: request.user.clone()?,
            client_id: request.client_id.clone()?,
            is_strict: request.is_strict,
        })
    }
}

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
            /// Tells for how long the asker is to be quiet, if the answer can.
            pub fn throttle(&mut self, ms: i32) {
                let told = match self {
                    $(Self::$variant(response) => response.throttle_time_ms(),)*
                };
                if let Some(told) = told {
                    *told = ms;
                }
            }

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
    CreateAcls(CreateAclsRequest, CreateAclsResponse),
    DeleteAcls(DeleteAclsRequest, DeleteAclsResponse),
}
