//! Keys of a group. Data only: nothing here decides.

use super::Key;

keys! {
    GROUP:
    Int "consumer.assignment.interval.ms" = Text("1000"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Shortest time between two assignments.";
    Int "consumer.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Heartbeat interval given to the members.";
    Int "consumer.session.timeout.ms" = Text("45000"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Silence after which a member is removed.";
    Int "share.assignment.interval.ms" = Text("1000"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Shortest time between two assignments of the share group.";
    String "share.auto.offset.reset" = Text("latest"), OffsetReset,
        ClusterWide, NoEffect, Shown,
        "Where a share group starts: latest, earliest, or by_duration:P...";
    Int "share.delivery.count.limit" = Text("5"), AtLeast(2),
        ClusterWide, NoEffect, Shown, "How often a record is delivered at most.";
    Int "share.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Heartbeat interval given to the members of the share group.";
    String "share.isolation.level" = Text("read_uncommitted"),
        OneOf(&["read_committed", "read_uncommitted"]),
        ClusterWide, NoEffect, Shown,
        "Whether the share group sees records of open and aborted transactions.";
    Int "share.partition.max.record.locks" = Text("2000"), AtLeast(100),
        ClusterWide, NoEffect, Shown, "Records of one partition that may be locked.";
    Int "share.record.lock.duration.ms" = Text("30000"), AtLeast(1000),
        ClusterWide, NoEffect, Shown, "How long a record stays locked.";
    Boolean "share.renew.acknowledge.enable" = Text("true"), Any,
        ClusterWide, NoEffect, Shown, "Whether members may renew locks.";
    Int "share.session.timeout.ms" = Text("45000"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Silence after which a member of the share group is removed.";
    Int "streams.assignment.interval.ms" = Text("1000"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Shortest time between two assignments of the streams group.";
    Int "streams.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ClusterWide, NoEffect, Shown,
        "Heartbeat interval given to the members of the streams group.";
    Int "streams.initial.rebalance.delay.ms" = Text("3000"), AtLeast(0),
        ClusterWide, NoEffect, Shown,
        "How long the first member of the streams group waits for others.";
    Int "streams.num.standby.replicas" = Text("0"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Standby replicas of the streams group.";
    Int "streams.session.timeout.ms" = Text("45000"), AtLeast(1),
        ClusterWide, NoEffect, Shown,
        "Silence after which a member of the streams group is removed.";
}
