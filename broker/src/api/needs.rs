//! Who may ask which API for what: every rule of Kafka's brokers and controllers, once. The APIs name their rows
//! here when they ask, and the table in `broker/README.md` is this one.

use super::access::Need;
use crate::meta::acl::{Operation, ResourceKind};
use crate::wire::api_key::ApiKey;

/// Defines the table, and a constant for each of its rows.
macro_rules! needs {
    ($($api:ident { $($name:ident = $operation:ident $kind:ident, $what:literal;)* })*) => {
        $($(
            #[doc = concat!("Of ", stringify!($api), ", ", $what, ".")]
            pub const $name: Need = Need {
                operation: Operation::$operation,
                kind: ResourceKind::$kind,
                what: $what,
            };
        )*)*

        /// What each API needs, row by row.
        pub static NEEDS: &[(ApiKey, &[Need])] = &[$((ApiKey::$api, &[$($name,)*]),)*];
    };
}

needs! {
    // Data.
    PRODUCE {
        PRODUCE_TRANSACTION = Write TransactionalId, "records of a transaction";
        PRODUCE_TOPIC = Write Topic, "each topic";
    }
    FETCH {
        FETCH_FOLLOWER = ClusterAction Cluster, "a follower, which may then fetch every topic";
        FETCH_TOPIC = Read Topic, "anybody else, each topic";
    }
    LIST_OFFSETS {
        LIST_OFFSETS_TOPIC = Describe Topic, "each topic";
    }
    OFFSET_FOR_LEADER_EPOCH {
        EPOCHS_FOLLOWER = ClusterAction Cluster, "every topic";
        EPOCHS_TOPIC = Describe Topic, "else each topic";
    }
    DELETE_RECORDS {
        DELETE_RECORDS_TOPIC = Delete Topic, "each topic";
    }
    INIT_PRODUCER_ID {
        PRODUCER_ID_TRANSACTION = Write TransactionalId, "with a transactional id";
        PRODUCER_ID_CLUSTER = IdempotentWrite Cluster, "without one";
        PRODUCER_ID_TOPIC = Write Topic, "or any one topic, without one";
    }
    ALTER_REPLICA_LOG_DIRS {
        MOVE_REPLICAS = Alter Cluster, "the request";
    }
    DESCRIBE_LOG_DIRS {
        DESCRIBE_DISKS = Describe Cluster, "the request";
    }
    DESCRIBE_PRODUCERS {
        DESCRIBE_PRODUCERS_TOPIC = Read Topic, "each topic";
    }

    // Groups.
    FIND_COORDINATOR {
        FIND_GROUP = Describe Group, "each group";
        FIND_TRANSACTION = Describe TransactionalId, "each transactional id";
        FIND_SHARE = ClusterAction Cluster, "coordinators of share groups";
    }
    JOIN_GROUP {
        JOIN = Read Group, "the group";
    }
    SYNC_GROUP {
        SYNC = Read Group, "the group";
    }
    HEARTBEAT {
        BEAT = Read Group, "the group";
    }
    LEAVE_GROUP {
        LEAVE = Read Group, "the group";
    }
    OFFSET_COMMIT {
        COMMIT_GROUP = Read Group, "the group";
        COMMIT_TOPIC = Read Topic, "each topic";
    }
    OFFSET_FETCH {
        OFFSETS_GROUP = Describe Group, "each group";
        OFFSETS_TOPIC = Describe Topic, "each topic; where all are asked for, others are left out";
    }
    DESCRIBE_GROUPS {
        DESCRIBE_GROUP = Describe Group, "each group";
    }
    LIST_GROUPS {
        LIST_ALL_GROUPS = Describe Cluster, "every group";
        LIST_GROUP = Describe Group, "else each group; others are left out";
    }
    DELETE_GROUPS {
        DELETE_GROUP = Delete Group, "each group";
    }
    OFFSET_DELETE {
        FORGET_GROUP = Delete Group, "the group";
        FORGET_TOPIC = Read Topic, "each topic";
    }

    // Topics and settings.
    METADATA {
        METADATA_TOPIC = Describe Topic, "each topic; where all are asked for, others are left out";
        METADATA_CREATE_ANY = Create Cluster, "a topic that is made by asking for it";
        METADATA_CREATE = Create Topic, "or that topic";
        METADATA_OPERATIONS = Describe Cluster, "what may be done with the cluster";
    }
    DESCRIBE_TOPIC_PARTITIONS {
        PARTITIONS_TOPIC = Describe Topic, "each topic; where all are asked for, others are left out";
    }
    CREATE_TOPICS {
        CREATE_ANY = Create Cluster, "every topic";
        CREATE_TOPIC = Create Topic, "else each topic";
        CREATED_CONFIGS = DescribeConfigs Topic, "the configuration that each topic got";
    }
    DELETE_TOPICS {
        DELETE_ANY = Delete Cluster, "every topic";
        DELETE_TOPIC = Delete Topic, "else each topic";
        DELETE_SEEN = Describe Topic, "whether a topic exists";
    }
    CREATE_PARTITIONS {
        GROW_TOPIC = Alter Topic, "each topic";
    }
    DESCRIBE_CONFIGS {
        CONFIGS_CLUSTER = DescribeConfigs Cluster, "brokers, log levels, client metrics";
        CONFIGS_TOPIC = DescribeConfigs Topic, "each topic";
        CONFIGS_GROUP = DescribeConfigs Group, "each group";
    }
    INCREMENTAL_ALTER_CONFIGS {
        CHANGE_CLUSTER = AlterConfigs Cluster, "brokers, log levels, client metrics";
        CHANGE_TOPIC = AlterConfigs Topic, "each topic";
        CHANGE_GROUP = AlterConfigs Group, "each group";
    }
    ALTER_CONFIGS {
        REPLACE_CLUSTER = AlterConfigs Cluster, "brokers, log levels, client metrics";
        REPLACE_TOPIC = AlterConfigs Topic, "each topic";
        REPLACE_GROUP = AlterConfigs Group, "each group";
    }
    LIST_CONFIG_RESOURCES {
        LIST_CONFIGS = DescribeConfigs Cluster, "the request";
    }

    // Cluster.
    DESCRIBE_CLUSTER {
        CONTROLLERS = Alter Cluster, "the request, on a controller's listener";
        CLUSTER_OPERATIONS = Describe Cluster, "what may be done with the cluster";
    }
    DESCRIBE_QUORUM {
        DESCRIBE_VOTERS = Describe Cluster, "the request";
    }
    ADD_RAFT_VOTER {
        ADD_VOTER = Alter Cluster, "the request";
    }
    REMOVE_RAFT_VOTER {
        REMOVE_VOTER = Alter Cluster, "the request";
    }
    ELECT_LEADERS {
        ELECT = Alter Cluster, "the request";
    }
    ALTER_PARTITION_REASSIGNMENTS {
        REASSIGN = Alter Cluster, "the request";
    }
    LIST_PARTITION_REASSIGNMENTS {
        LIST_MOVES = Describe Cluster, "the request";
    }
    UNREGISTER_BROKER {
        UNREGISTER = Alter Cluster, "the request";
    }
    UPDATE_FEATURES {
        UPDATE_LEVELS = Alter Cluster, "the request";
    }

    // Users and rules.
    DESCRIBE_USER_SCRAM_CREDENTIALS {
        DESCRIBE_USERS = Describe Cluster, "the request";
    }
    ALTER_USER_SCRAM_CREDENTIALS {
        ALTER_USERS = Alter Cluster, "the request";
    }
    DESCRIBE_CLIENT_QUOTAS {
        DESCRIBE_QUOTAS = DescribeConfigs Cluster, "the request";
    }
    ALTER_CLIENT_QUOTAS {
        ALTER_QUOTAS = AlterConfigs Cluster, "the request";
    }
    DESCRIBE_ACLS {
        DESCRIBE_RULES = Describe Cluster, "the request";
    }
    CREATE_ACLS {
        CREATE_RULES = Alter Cluster, "the request";
    }
    DELETE_ACLS {
        DELETE_RULES = Alter Cluster, "the request";
    }
}

/// What nodes need of each other: streams of the quorum, commands to the controller and to the registry.
pub const BETWEEN_NODES: Need = Need {
    operation: Operation::ClusterAction,
    kind: ResourceKind::Cluster,
    what: "the connection",
};

/// APIs that anybody may ask, and why.
pub static FREE: &[(ApiKey, &str)] = &[
    (ApiKey::API_VERSIONS, "asked before anybody is known"),
    (ApiKey::SASL_HANDSHAKE, "is how somebody becomes known"),
    (ApiKey::SASL_AUTHENTICATE, "is how somebody becomes known"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::SERVED;

    #[test]
    fn every_api_that_is_served_has_its_rules_or_a_reason_to_have_none() {
        let listed: Vec<ApiKey> = NEEDS.iter().map(|(key, _)| *key).collect();
        let free: Vec<ApiKey> = FREE.iter().map(|(key, _)| *key).collect();
        for api in SERVED {
            let times = listed.iter().chain(&free).filter(|key| **key == api.key);
            assert_eq!(times.count(), 1, "{}", api.key);
        }
        let served: BTreeSet<i16> = SERVED.iter().map(|api| api.key.0).collect();
        assert!(listed.iter().all(|key| served.contains(&key.0)));
        assert!(NEEDS.iter().all(|(_, needs)| !needs.is_empty()));
    }
}
