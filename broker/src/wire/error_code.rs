//! The protocol's error codes: number, name, whether trying again can help, and words for an
//! operator.

use std::fmt;

/// An error code as it travels. Codes this list does not know keep their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ErrorCode(pub i16);

/// What a client may do after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request will fail again.
    Final,
    /// The same request may succeed later.
    Again,
    /// The request may succeed once leaders and topic ids have been looked up anew.
    AfterRefresh,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $retry:ident $(, $say:literal)?;)*) => {
        impl ErrorCode {
            $(
                #[doc = concat!("Code ", stringify!($code), ".")]
                pub const $name: Self = Self($code);
            )*

            /// The protocol's name, where this list has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// What a client may do. Unknown codes are final.
            pub const fn retry(self) -> Retry {
                match self.0 {
                    $($code => Retry::$retry,)*
                    _ => Retry::Final,
                }
            }

            /// What the code means to an operator, in a few words; the name says enough for the
            /// rest.
            pub const fn say(self) -> Option<&'static str> {
                match self.0 {
                    $($($code => Some($say),)?)*
                    _ => None,
                }
            }

            /// Every code of the list.
            pub const ALL: &'static [Self] = &[$(Self($code)),*];
        }
    };
}

impl ErrorCode {
    /// Whether this is no error at all.
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// Whether trying again can help.
    pub const fn is_retriable(self) -> bool {
        !matches!(self.retry(), Retry::Final)
    }
}

impl fmt::Display for ErrorCode {
    /// The name, or the number of an unknown code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}({})", self.0)
    }
}

codes! {
    UNKNOWN_SERVER_ERROR = -1, Final;
    NONE = 0, Final;
    OFFSET_OUT_OF_RANGE = 1, Final;
    CORRUPT_MESSAGE = 2, Again;
    UNKNOWN_TOPIC_OR_PARTITION = 3, AfterRefresh,
        "no such topic/partition, or you may not see it";
    INVALID_FETCH_SIZE = 4, Final;
    LEADER_NOT_AVAILABLE = 5, AfterRefresh, "no leader at the moment";
    NOT_LEADER_OR_FOLLOWER = 6, AfterRefresh, "leadership moved; refreshing";
    REQUEST_TIMED_OUT = 7, Again,
        "the broker/controller did not finish in time; the change may or may not have happened";
    BROKER_NOT_AVAILABLE = 8, Final;
    REPLICA_NOT_AVAILABLE = 9, AfterRefresh, "that broker has no live copy";
    MESSAGE_TOO_LARGE = 10, Final;
    STALE_CONTROLLER_EPOCH = 11, Final;
    OFFSET_METADATA_TOO_LARGE = 12, Final;
    NETWORK_EXCEPTION = 13, AfterRefresh;
    COORDINATOR_LOAD_IN_PROGRESS = 14, Again, "group coordinator loading";
    COORDINATOR_NOT_AVAILABLE = 15, AfterRefresh, "group coordinator unavailable";
    NOT_COORDINATOR = 16, AfterRefresh, "group coordinator moved";
    INVALID_TOPIC_EXCEPTION = 17, Final;
    RECORD_LIST_TOO_LARGE = 18, Final;
    NOT_ENOUGH_REPLICAS = 19, Again, "writes with acks=all refused: too few in-sync replicas";
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20, Again,
        "writes with acks=all refused: too few in-sync replicas";
    INVALID_REQUIRED_ACKS = 21, Final;
    ILLEGAL_GENERATION = 22, Final;
    INCONSISTENT_GROUP_PROTOCOL = 23, Final;
    INVALID_GROUP_ID = 24, Final;
    UNKNOWN_MEMBER_ID = 25, Final, "the group is not empty";
    INVALID_SESSION_TIMEOUT = 26, Final;
    REBALANCE_IN_PROGRESS = 27, Final;
    INVALID_COMMIT_OFFSET_SIZE = 28, Final;
    TOPIC_AUTHORIZATION_FAILED = 29, Final, "no permission on this topic";
    GROUP_AUTHORIZATION_FAILED = 30, Final, "no permission on this group";
    CLUSTER_AUTHORIZATION_FAILED = 31, Final, "no permission on the cluster";
    INVALID_TIMESTAMP = 32, Final;
    UNSUPPORTED_SASL_MECHANISM = 33, Final, "login refused";
    ILLEGAL_SASL_STATE = 34, Final;
    UNSUPPORTED_VERSION = 35, Final, "this broker is too old/new for that";
    TOPIC_ALREADY_EXISTS = 36, Final;
    INVALID_PARTITIONS = 37, Final;
    INVALID_REPLICATION_FACTOR = 38, Final, "not enough brokers";
    INVALID_REPLICA_ASSIGNMENT = 39, Final, "broker unknown, dead or cordoned";
    INVALID_CONFIG = 40, Final;
    NOT_CONTROLLER = 41, Again, "controller moved; retrying";
    INVALID_REQUEST = 42, Final;
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43, Final;
    POLICY_VIOLATION = 44, Final;
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45, Final;
    DUPLICATE_SEQUENCE_NUMBER = 46, Final;
    INVALID_PRODUCER_EPOCH = 47, Final;
    INVALID_TXN_STATE = 48, Final;
    INVALID_PRODUCER_ID_MAPPING = 49, Final;
    INVALID_TRANSACTION_TIMEOUT = 50, Final;
    CONCURRENT_TRANSACTIONS = 51, Again;
    TRANSACTION_COORDINATOR_FENCED = 52, Final;
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53, Final, "no permission on this transactional id";
    SECURITY_DISABLED = 54, Final, "no authorizer configured";
    OPERATION_NOT_ATTEMPTED = 55, Final, "skipped because another item failed";
    KAFKA_STORAGE_ERROR = 56, AfterRefresh, "disk error on the broker";
    LOG_DIR_NOT_FOUND = 57, Final;
    SASL_AUTHENTICATION_FAILED = 58, Final, "login refused";
    UNKNOWN_PRODUCER_ID = 59, Final;
    REASSIGNMENT_IN_PROGRESS = 60, Final, "already moving";
    DELEGATION_TOKEN_AUTH_DISABLED = 61, Final;
    DELEGATION_TOKEN_NOT_FOUND = 62, Final;
    DELEGATION_TOKEN_OWNER_MISMATCH = 63, Final;
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64, Final;
    DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65, Final;
    DELEGATION_TOKEN_EXPIRED = 66, Final;
    INVALID_PRINCIPAL_TYPE = 67, Final;
    NON_EMPTY_GROUP = 68, Final, "group has members";
    GROUP_ID_NOT_FOUND = 69, Final, "no such group";
    FETCH_SESSION_ID_NOT_FOUND = 70, Again;
    INVALID_FETCH_SESSION_EPOCH = 71, Again;
    LISTENER_NOT_FOUND = 72, AfterRefresh, "the leader has no listener of the kind you use";
    TOPIC_DELETION_DISABLED = 73, Final, "delete.topic.enable=false";
    FENCED_LEADER_EPOCH = 74, AfterRefresh;
    UNKNOWN_LEADER_EPOCH = 75, Again;
    UNSUPPORTED_COMPRESSION_TYPE = 76, Final;
    STALE_BROKER_EPOCH = 77, Final;
    OFFSET_NOT_AVAILABLE = 78, Again;
    MEMBER_ID_REQUIRED = 79, Final;
    PREFERRED_LEADER_NOT_AVAILABLE = 80, AfterRefresh, "preferred not eligible";
    GROUP_MAX_SIZE_REACHED = 81, Final;
    FENCED_INSTANCE_ID = 82, Final;
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83, AfterRefresh, "nobody eligible alive";
    ELECTION_NOT_NEEDED = 84, AfterRefresh, "already so";
    NO_REASSIGNMENT_IN_PROGRESS = 85, Final, "nothing in progress";
    GROUP_SUBSCRIBED_TO_TOPIC = 86, Final, "the group still subscribes to it";
    INVALID_RECORD = 87, Final;
    UNSTABLE_OFFSET_COMMIT = 88, Again, "open transaction holds offsets";
    THROTTLING_QUOTA_EXCEEDED = 89, Again, "admin change quota; retry after throttle time";
    PRODUCER_FENCED = 90, Final;
    RESOURCE_NOT_FOUND = 91, Final, "no such user";
    DUPLICATE_RESOURCE = 92, Final, "twice in one request";
    UNACCEPTABLE_CREDENTIAL = 93, Final, "iterations or name not acceptable";
    INCONSISTENT_VOTER_SET = 94, Final;
    INVALID_UPDATE_VERSION = 95, Final;
    FEATURE_UPDATE_FAILED = 96, Final;
    PRINCIPAL_DESERIALIZATION_FAILURE = 97, Final;
    SNAPSHOT_NOT_FOUND = 98, Final;
    POSITION_OUT_OF_RANGE = 99, Final;
    UNKNOWN_TOPIC_ID = 100, AfterRefresh, "topic was deleted and re-created";
    DUPLICATE_BROKER_REGISTRATION = 101, Final;
    BROKER_ID_NOT_REGISTERED = 102, Final;
    INCONSISTENT_TOPIC_ID = 103, AfterRefresh, "topic was deleted and re-created";
    INCONSISTENT_CLUSTER_ID = 104, Final, "that address belongs to another cluster";
    TRANSACTIONAL_ID_NOT_FOUND = 105, Final;
    FETCH_SESSION_TOPIC_ID_ERROR = 106, Again;
    INELIGIBLE_REPLICA = 107, Final;
    NEW_LEADER_ELECTED = 108, Final;
    OFFSET_MOVED_TO_TIERED_STORAGE = 109, Final;
    FENCED_MEMBER_EPOCH = 110, Final, "group has moved on; nothing changed";
    UNRELEASED_INSTANCE_ID = 111, Final;
    UNSUPPORTED_ASSIGNOR = 112, Final;
    STALE_MEMBER_EPOCH = 113, Final, "group has moved on; nothing changed";
    MISMATCHED_ENDPOINT_TYPE = 114, Final;
    UNSUPPORTED_ENDPOINT_TYPE = 115, Final;
    UNKNOWN_CONTROLLER_ID = 116, Final;
    UNKNOWN_SUBSCRIPTION_ID = 117, Final;
    TELEMETRY_TOO_LARGE = 118, Final;
    INVALID_REGISTRATION = 119, Final;
    TRANSACTION_ABORTABLE = 120, Final;
    INVALID_RECORD_STATE = 121, Final;
    SHARE_SESSION_NOT_FOUND = 122, Again;
    INVALID_SHARE_SESSION_EPOCH = 123, Again;
    FENCED_STATE_EPOCH = 124, Final;
    INVALID_VOTER_KEY = 125, Final;
    DUPLICATE_VOTER = 126, Final;
    VOTER_NOT_FOUND = 127, Final;
    INVALID_REGULAR_EXPRESSION = 128, Final;
    REBOOTSTRAP_REQUIRED = 129, Final;
    STREAMS_INVALID_TOPOLOGY = 130, Final;
    STREAMS_INVALID_TOPOLOGY_EPOCH = 131, Final;
    STREAMS_TOPOLOGY_FENCED = 132, Final;
    SHARE_SESSION_LIMIT_REACHED = 133, Again;
    GROUP_DELETION_FAILED = 134, Final;
    STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED = 135, Final;
    CONTROLLER_ID_NOT_REGISTERED = 136, Final;
}
