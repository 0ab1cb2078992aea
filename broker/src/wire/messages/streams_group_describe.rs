//! `StreamsGroupDescribe` (API 89): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for state, topology and members of streams groups (KIP-1071).
    StreamsGroupDescribeRequest, key 89, versions 0-0, flexible 0+,
        answered by StreamsGroupDescribeResponse {
        group_ids:                     Vec<String>, 0+;
        include_authorized_operations: bool,        0+;
    }
}

message! {
    /// Topology, members and tasks of streams groups.
    StreamsGroupDescribeResponse, key 89, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                 0+;
        groups:           Vec<DescribedGroup>, 0+;
    }

    /// An element of `StreamsGroupDescribeResponse.groups`.
    DescribedGroup {
        error_code:            ErrorCode,        0+;
        error_message:         Option<String>,   0+, null 0+, default None;
        group_id:              String,           0+;
        group_state:           String,           0+;
        group_epoch:           i32,              0+;
        assignment_epoch:      i32,              0+;
        topology:              Option<Topology>, 0+, null 0+, default None;
        members:               Vec<Member>,      0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        authorized_operations: i32,              0+, default i32::MIN;
    }

    /// The value of `DescribedGroup.topology`.
    Topology {
        epoch:         i32,                      0+;
        subtopologies: Option<Vec<Subtopology>>, 0+, null 0+, default None;
    }

    /// An element of `Topology.subtopologies`.
    Subtopology {
        subtopology_id:            String,         0+;
        source_topics:             Vec<String>,    0+;
        repartition_sink_topics:   Vec<String>,    0+;
        state_changelog_topics:    Vec<TopicInfo>, 0+;
        repartition_source_topics: Vec<TopicInfo>, 0+;
    }

    /// An element of `DescribedGroup.members`.
    Member {
        member_id:         String,           0+;
        member_epoch:      i32,              0+;
        instance_id:       Option<String>,   0+, null 0+, default None;
        rack_id:           Option<String>,   0+, null 0+, default None;
        client_id:         String,           0+;
        client_host:       String,           0+;
        topology_epoch:    i32,              0+;
        process_id:        String,           0+;
        user_endpoint:     Option<Endpoint>, 0+, null 0+, default None;
        client_tags:       Vec<KeyValue>,    0+;
        task_offsets:      Vec<TaskOffset>,  0+;
        task_end_offsets:  Vec<TaskOffset>,  0+;
        assignment:        Assignment,       0+;
        target_assignment: Assignment,       0+;
        is_classic:        bool,             0+;
    }

    /// Used in `Member.user_endpoint`.
    Endpoint {
        host: String, 0+;
        port: u16,    0+;
    }

    /// Used in `Member.task_offsets` and `Member.task_end_offsets`.
    TaskOffset {
        subtopology_id: String, 0+;
        partition:      i32,    0+;
        offset:         i64,    0+;
    }

    /// Used in `Member.assignment` and `Member.target_assignment`.
    Assignment {
        active_tasks:  Vec<TaskIds>, 0+;
        standby_tasks: Vec<TaskIds>, 0+;
        warmup_tasks:  Vec<TaskIds>, 0+;
    }

    /// Used in `Assignment.active_tasks` and others.
    TaskIds {
        subtopology_id: String,   0+;
        partitions:     Vec<i32>, 0+;
    }

    /// Used in `Member.client_tags` and `TopicInfo.topic_configs`.
    KeyValue {
        key:   String, 0+;
        value: String, 0+;
    }

    /// Used in `Subtopology.state_changelog_topics` and `Subtopology.repartition_source_topics`.
    TopicInfo {
        name:               String,        0+;
        partitions:         i32,           0+;
        replication_factor: i16,           0+;
        topic_configs:      Vec<KeyValue>, 0+;
    }
}
