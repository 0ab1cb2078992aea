//! Keys of a broker about groups, committed offsets, producers and transactions.
//! Data only: nothing here decides.

use super::Key;

keys! {
    COORDINATORS:
    Int "add.partitions.to.txn.retry.backoff.max.ms" = Text("100"), AtLeast(0),
        ReadOnly, NoEffect, Shown,
        "Longest wait of the leader before it asks the transaction coordinator again.";
    Int "add.partitions.to.txn.retry.backoff.ms" = Text("20"), AtLeast(1),
        ReadOnly, NoEffect, Shown,
        "First wait of the leader before it asks the transaction coordinator again.";
    Int "group.consumer.assignment.interval.ms" = Text("1000"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Shortest time between two assignments of a consumer group.";
    List "group.consumer.assignors" = Text("uniform,range"), Any,
        ReadOnly, NoEffect, Shown, "Server-side assignors, the first is the default.";
    Int "group.consumer.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Heartbeat interval given to members of consumer groups.";
    Int "group.consumer.max.assignment.interval.ms" = Text("15000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Highest assignment interval a group may set.";
    Int "group.consumer.max.heartbeat.interval.ms" = Text("15000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Highest heartbeat interval a consumer group may set.";
    Int "group.consumer.max.session.timeout.ms" = Text("60000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Highest session timeout a consumer group may set.";
    Int "group.consumer.max.size" = Text("2147483647"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most members of a consumer group.";
    String "group.consumer.migration.policy" = Text("bidirectional"),
        OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]),
        ReadOnly, NoEffect, Shown,
        "Which ways a group may change between classic and consumer protocol.";
    Int "group.consumer.min.assignment.interval.ms" = Text("0"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Lowest assignment interval a group may set.";
    Int "group.consumer.min.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Lowest heartbeat interval a consumer group may set.";
    Int "group.consumer.min.session.timeout.ms" = Text("45000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Lowest session timeout a consumer group may set.";
    Int "group.consumer.regex.refresh.interval.ms" = Text("600000"), AtLeast(10_000),
        ReadOnly, NoEffect, Internal, "How often subscribed patterns are resolved again.";
    Int "group.consumer.session.timeout.ms" = Text("45000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Silence after which a member of a consumer group is removed.";
    Int "group.coordinator.append.linger.ms" = Text("-1"), AtLeast(-1),
        ReadOnly, NoEffect, Shown, "How long a group coordinator collects writes; -1 adapts.";
    Int "group.coordinator.background.threads" = Text("2"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Threads for background work of the group coordinator.";
    Int "group.coordinator.cached.buffer.max.bytes" = Text("1048588"), AtLeast(524_288),
        ClusterWide, NoEffect, Shown, "Largest buffer that the group coordinator keeps for reuse.";
    List "group.coordinator.rebalance.protocols" = Text("classic,consumer,streams"),
        ListOf(&["consumer", "classic", "share", "streams"]),
        ReadOnly, NoEffect, Shown, "Group protocols that are offered.";
    Int "group.coordinator.threads" = Text("4"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Threads of the group coordinator.";
    Int "group.initial.rebalance.delay.ms" = Text("3000"), Any,
        ReadOnly, InForce, Shown, "How long the first member of an empty group waits for others.";
    Int "group.max.session.timeout.ms" = Text("1800000"), Any,
        ReadOnly, InForce, Shown, "Longest session timeout of a classic member.";
    Int "group.max.size" = Text("2147483647"), AtLeast(1),
        ReadOnly, InForce, Shown, "Most members of a classic group.";
    Int "group.min.session.timeout.ms" = Text("6000"), Any,
        ReadOnly, InForce, Shown, "Shortest session timeout of a classic member.";
    Int "group.share.assignment.interval.ms" = Text("1000"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Shortest time between two assignments of a share group.";
    List "group.share.assignors" = Text("simple"), Any,
        ReadOnly, NoEffect, Shown, "Server-side assignors of share groups.";
    Int "group.share.delivery.count.limit" = Text("5"), Between(2, 10),
        ReadOnly, NoEffect, Shown, "How often a record is delivered to a share group at most.";
    Int "group.share.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Heartbeat interval given to members of share groups.";
    Int "group.share.initialize.retry.interval.ms" = Text("30000"), AtLeast(1),
        ReadOnly, NoEffect, Internal, "Wait before a share group's state is initialised again.";
    Int "group.share.max.assignment.interval.ms" = Text("15000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Highest assignment interval a share group may set.";
    Int "group.share.max.delivery.count.limit" = Text("10"), Between(5, 25),
        ReadOnly, NoEffect, Shown, "Highest delivery count a share group may set.";
    Int "group.share.max.heartbeat.interval.ms" = Text("15000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Highest heartbeat interval a share group may set.";
    Int "group.share.max.partition.max.record.locks" = Text("4000"), Between(2000, 10_000),
        ReadOnly, NoEffect, Shown, "Highest number of locked records a share group may set.";
    Int "group.share.max.record.lock.duration.ms" = Text("60000"), Between(30_000, 3_600_000),
        ReadOnly, NoEffect, Shown, "Longest lock a share group may set.";
    Int "group.share.max.session.timeout.ms" = Text("60000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Highest session timeout a share group may set.";
    Int "group.share.max.share.sessions" = Text("2000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most share sessions of a broker.";
    Int "group.share.max.size" = Text("200"), Between(1, 1000),
        ReadOnly, NoEffect, Shown, "Most members of a share group.";
    Int "group.share.min.assignment.interval.ms" = Text("0"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Lowest assignment interval a share group may set.";
    Int "group.share.min.delivery.count.limit" = Text("2"), Between(2, 5),
        ReadOnly, NoEffect, Shown, "Lowest delivery count a share group may set.";
    Int "group.share.min.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Lowest heartbeat interval a share group may set.";
    Int "group.share.min.partition.max.record.locks" = Text("100"), Between(100, 2000),
        ReadOnly, NoEffect, Shown, "Lowest number of locked records a share group may set.";
    Int "group.share.min.record.lock.duration.ms" = Text("15000"), Between(1000, 30_000),
        ReadOnly, NoEffect, Shown, "Shortest lock a share group may set.";
    Int "group.share.min.session.timeout.ms" = Text("45000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Lowest session timeout a share group may set.";
    Int "group.share.partition.max.record.locks" = Text("2000"), Between(100, 10_000),
        ReadOnly, NoEffect, Shown, "Records of one partition that a share group may hold locked.";
    String "group.share.persister.class.name" =
        Text("org.apache.kafka.server.share.persister.DefaultStatePersister"),
        Any,
        ReadOnly, NoEffect, Internal, "Java class that keeps the state of share groups.";
    Int "group.share.record.lock.duration.ms" = Text("30000"), Between(1000, 3_600_000),
        ReadOnly, NoEffect, Shown, "How long a record stays locked for a member of a share group.";
    Int "group.share.session.timeout.ms" = Text("45000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Silence after which a member of a share group is removed.";
    Int "group.streams.assignment.interval.ms" = Text("1000"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Shortest time between two assignments of a streams group.";
    Int "group.streams.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Heartbeat interval given to members of streams groups.";
    Int "group.streams.initial.rebalance.delay.ms" = Text("3000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "How long the first member of a streams group waits for others.";
    Int "group.streams.max.assignment.interval.ms" = Text("15000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Highest assignment interval a streams group may set.";
    Int "group.streams.max.heartbeat.interval.ms" = Text("15000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Highest heartbeat interval a streams group may set.";
    Int "group.streams.max.session.timeout.ms" = Text("60000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Highest session timeout a streams group may set.";
    Int "group.streams.max.size" = Text("2147483647"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most members of a streams group.";
    Int "group.streams.max.standby.replicas" = Text("2"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Most standby replicas a streams group may set.";
    Int "group.streams.min.assignment.interval.ms" = Text("0"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Lowest assignment interval a streams group may set.";
    Int "group.streams.min.heartbeat.interval.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Lowest heartbeat interval a streams group may set.";
    Int "group.streams.min.session.timeout.ms" = Text("45000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Lowest session timeout a streams group may set.";
    Int "group.streams.num.standby.replicas" = Text("0"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Standby replicas of a streams group.";
    Int "group.streams.session.timeout.ms" = Text("45000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Silence after which a member of a streams group is removed.";
    Int "offset.metadata.max.bytes" = Text("4096"), Any,
        ReadOnly, InForce, Shown, "Longest metadata of a committed offset.";
    Int "offsets.commit.timeout.ms" = Text("5000"), AtLeast(1),
        ReadOnly, InForce, Shown, "How long a commit of offsets waits for its replicas.";
    Int "offsets.load.buffer.size" = Text("5242880"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Bytes read at once when committed offsets are loaded.";
    Long "offsets.retention.check.interval.ms" = Text("600000"), AtLeast(1),
        ReadOnly, InForce, Shown, "How often is looked for expired offsets.";
    Int "offsets.retention.minutes" = Text("10080"), AtLeast(1),
        ReadOnly, InForce, Shown, "Minutes for which offsets of an empty group are kept.";
    Int "offsets.topic.compression.codec" = Text("0"), Any,
        ReadOnly, NoEffect, Shown, "Codec of the topic of committed offsets, by number.";
    Int "offsets.topic.num.partitions" = Text("50"), AtLeast(1),
        ReadOnly, InForce, Shown, "Partitions of the topic of committed offsets.";
    Short "offsets.topic.replication.factor" = Text("3"), AtLeast(1),
        ReadOnly, InForce, Shown, "Replicas of the topic of committed offsets.";
    Int "offsets.topic.segment.bytes" = Text("104857600"), AtLeast(1),
        ReadOnly, InForce, Shown, "Segment size of the topic of committed offsets.";
    Int "producer.id.expiration.check.interval.ms" = Text("600000"), AtLeast(1),
        ReadOnly, NoEffect, Internal, "How often is looked for expired producer ids.";
    Int "producer.id.expiration.ms" = Text("86400000"), AtLeast(1),
        ClusterWide, InForce, Shown,
        "Time without a write after which a producer's sequences are forgotten.";
    Int "share.coordinator.append.linger.ms" = Text("-1"), AtLeast(-1),
        ReadOnly, NoEffect, Shown, "How long the share coordinator collects writes; -1 adapts.";
    Int "share.coordinator.cached.buffer.max.bytes" = Text("1048588"), AtLeast(524_288),
        ClusterWide, NoEffect, Shown, "Largest buffer that the share coordinator keeps for reuse.";
    Int "share.coordinator.cold.partition.snapshot.interval.ms" = Text("300000"), AtLeast(1),
        ReadOnly, NoEffect, Internal, "How often idle share partitions are snapshotted.";
    Int "share.coordinator.load.buffer.size" = Text("5242880"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Bytes read at once when share state is loaded.";
    Int "share.coordinator.snapshot.update.records.per.snapshot" = Text("500"), Between(0, 500),
        ReadOnly, NoEffect, Shown, "Updates of share state between two snapshots.";
    Int "share.coordinator.state.topic.compression.codec" = Text("0"), Any,
        ReadOnly, NoEffect, Shown, "Codec of the topic of share state, by number.";
    Short "share.coordinator.state.topic.min.isr" = Text("2"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "In-sync replicas that the topic of share state needs.";
    Int "share.coordinator.state.topic.num.partitions" = Text("50"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Partitions of the topic of share state.";
    Int "share.coordinator.state.topic.prune.interval.ms" = Text("300000"), AtLeast(1),
        ReadOnly, NoEffect, Internal, "How often the topic of share state is pruned.";
    Short "share.coordinator.state.topic.replication.factor" = Text("3"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Replicas of the topic of share state.";
    Int "share.coordinator.state.topic.segment.bytes" = Text("104857600"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Segment size of the topic of share state.";
    Int "share.coordinator.threads" = Text("1"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Threads of the share coordinator.";
    Int "share.coordinator.write.timeout.ms" = Text("5000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How long a write of share state may take.";
    Int "share.fetch.purgatory.purge.interval.requests" = Text("1000"), Any,
        ReadOnly, NoEffect, Shown,
        "Completed ShareFetch requests that wait before they are cleared.";
    Int "transaction.abort.timed.out.transaction.cleanup.interval.ms" = Text("10000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How often is looked for transactions that ran out of time.";
    Int "transaction.max.timeout.ms" = Text("900000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Longest timeout a transaction may have.";
    Boolean "transaction.partition.verification.enable" = Text("true"), Any,
        ClusterWide, NoEffect, Shown, "Whether a write is checked against its transaction.";
    Int "transaction.remove.expired.transaction.cleanup.interval.ms" = Text("3600000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How often is looked for expired transactional ids.";
    Int "transaction.state.log.load.buffer.size" = Text("5242880"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Bytes read at once when transactions are loaded.";
    Int "transaction.state.log.min.isr" = Text("2"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "In-sync replicas that the topic of transactions needs.";
    Int "transaction.state.log.num.partitions" = Text("50"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Partitions of the topic of transactions.";
    Short "transaction.state.log.replication.factor" = Text("3"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Replicas of the topic of transactions.";
    Int "transaction.state.log.segment.bytes" = Text("104857600"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Segment size of the topic of transactions.";
    Boolean "transaction.two.phase.commit.enable" = Text("false"), Any,
        ReadOnly, NoEffect, Shown, "Whether transactions may wait for an outside coordinator.";
    Int "transactional.id.expiration.ms" = Text("604800000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Idle time after which a transactional id is forgotten.";
}
