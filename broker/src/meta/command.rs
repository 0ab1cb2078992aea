//! What the controller can be asked for: Kafka's own requests, plus its timer.

use crate::wire::messages::*;

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

commands! {
    BrokerRegistration(BrokerRegistrationRequest, BrokerRegistrationResponse),
    BrokerHeartbeat(BrokerHeartbeatRequest, BrokerHeartbeatResponse),
    AlterPartition(AlterPartitionRequest, AlterPartitionResponse),
    AllocateProducerIds(AllocateProducerIdsRequest, AllocateProducerIdsResponse),
    CreateTopics(CreateTopicsRequest, CreateTopicsResponse),
    DeleteTopics(DeleteTopicsRequest, DeleteTopicsResponse),
    CreatePartitions(CreatePartitionsRequest, CreatePartitionsResponse),
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse),
}
