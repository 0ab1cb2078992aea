//! Keys of a broker about its logs, tiered ones too; most are the defaults of a topic's key.
//! Data only: nothing here decides.

use super::Key;

keys! {
    LOGS:
    Int "compression.gzip.level" = Text("-1"), GzipLevel,
        ClusterWide, NoEffect, Shown, "Level at which the broker compresses with gzip.";
    Int "compression.lz4.level" = Text("9"), Between(1, 17),
        ClusterWide, NoEffect, Shown, "Level at which the broker compresses with lz4.";
    String "compression.type" = Text("producer"),
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        ClusterWide, InForce, Shown,
        "Codec in which batches are kept; `producer` keeps what the producer chose.";
    Int "compression.zstd.level" = Text("3"), Between(-131_072, 22),
        ClusterWide, NoEffect, Shown, "Level at which the broker compresses with zstd.";
    List "cordoned.log.dirs" = Text(""), Any,
        PerBroker, NoEffect, Shown, "Log directories that get no new partitions.";
    Boolean "follower.fetch.last.tiered.offset.enable" = Text("false"), Any,
        ClusterWide, NoEffect, Shown, "Whether a new follower starts at the last tiered offset.";
    Long "log.cleaner.backoff.ms" = Text("15000"), AtLeast(0),
        ClusterWide, InForce, Shown, "Wait of the compactor when there is nothing to do.";
    Long "log.cleaner.dedupe.buffer.size" = Text("134217728"), Any,
        ClusterWide, InForce, Shown, "Memory for the compactor's table of keys.";
    Long "log.cleaner.delete.retention.ms" = Text("86400000"), AtLeast(0),
        ClusterWide, InForce, Shown, "How long compaction keeps a tombstone.";
    Boolean "log.cleaner.enable" = Text("true"), Any,
        ReadOnly, InForce, Shown, "Whether compaction runs.";
    Double "log.cleaner.io.buffer.load.factor" = Text("0.9"), Any,
        ClusterWide, NoEffect, Shown, "How full the compactor's table of keys gets.";
    Int "log.cleaner.io.buffer.size" = Text("524288"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Memory for the compactor's reading and writing.";
    Double "log.cleaner.io.max.bytes.per.second" = Text("1.7976931348623157E308"), Any,
        ClusterWide, NoEffect, Shown, "Most bytes per second that compaction reads and writes.";
    Long "log.cleaner.max.compaction.lag.ms" = Text("9223372036854775807"), AtLeast(1),
        ClusterWide, InForce, Shown, "Age after which a record must be compacted.";
    Double "log.cleaner.min.cleanable.ratio" = Text("0.5"), Ratio(0.0, 1.0),
        ClusterWide, InForce, Shown, "Share of uncompacted bytes from which a log is compacted.";
    Long "log.cleaner.min.compaction.lag.ms" = Text("0"), AtLeast(0),
        ClusterWide, InForce, Shown, "Age below which a record is not compacted.";
    Int "log.cleaner.threads" = Text("1"), AtLeast(0),
        ClusterWide, NoEffect, Shown, "Threads that compact.";
    List "log.cleanup.policy" = Text("delete"), ListOf(&["compact", "delete"]),
        ClusterWide, InForce, Shown, "What happens to old segments: delete, compact, or both.";
    List "log.dir" = Text("/tmp/kafka-logs"), Any,
        ReadOnly, InForce, Shown, "Directory of the logs where `log.dirs` is not set.";
    Long "log.dir.failure.timeout.ms" = Text("30000"), AtLeast(1),
        ReadOnly, NoEffect, Shown,
        "How long a broker tries to tell the controller of a failed directory before it stops.";
    List "log.dirs" = Null, Any,
        ReadOnly, InForce, Shown, "Directories of the logs.";
    Long "log.flush.interval.messages" = Text("9223372036854775807"), AtLeast(1),
        ClusterWide, InForce, Shown, "Records after which a log is forced to disk.";
    Long "log.flush.interval.ms" = Null, Any,
        ClusterWide, InForce, Shown, "Time after which a log is forced to disk.";
    Int "log.flush.offset.checkpoint.interval.ms" = Text("60000"), AtLeast(0),
        ReadOnly, InForce, Shown, "How often the recovery point is written down.";
    Long "log.flush.scheduler.interval.ms" = Text("9223372036854775807"), Any,
        ReadOnly, InForce, Shown, "How often is looked for logs that must be forced to disk.";
    Int "log.flush.start.offset.checkpoint.interval.ms" = Text("60000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "How often log start offsets are written down.";
    Int "log.index.interval.bytes" = Text("4096"), AtLeast(0),
        ClusterWide, InForce, Shown, "Bytes of log between two entries of its index.";
    Int "log.index.size.max.bytes" = Text("10485760"), AtLeast(4),
        ClusterWide, InForce, Shown, "Largest index; a full one starts a new segment.";
    Long "log.initial.task.delay.ms" = Text("30000"), AtLeast(0),
        ReadOnly, NoEffect, Internal, "Wait after the start before logs are looked after.";
    Long "log.local.retention.bytes" = Text("-2"), AtLeast(-2),
        ClusterWide, NoEffect, Shown,
        "Bytes kept locally of a tiered partition; -2 takes the retention.";
    Long "log.local.retention.ms" = Text("-2"), AtLeast(-2),
        ClusterWide, NoEffect, Shown,
        "Time kept locally of a tiered partition; -2 takes the retention.";
    Long "log.message.timestamp.after.max.ms" = Text("3600000"), AtLeast(0),
        ClusterWide, InForce, Shown, "How far ahead of the broker's clock a timestamp may be.";
    Long "log.message.timestamp.before.max.ms" = Text("9223372036854775807"), AtLeast(0),
        ClusterWide, InForce, Shown, "How far behind the broker's clock a timestamp may be.";
    String "log.message.timestamp.type" = Text("CreateTime"),
        OneOf(&["CreateTime", "LogAppendTime"]),
        ClusterWide, InForce, Shown,
        "Whose timestamp records carry: the producer's or the broker's.";
    Boolean "log.preallocate" = Text("false"), Any,
        ClusterWide, NoEffect, Shown,
        "Whether the file of a new segment gets its full size at once.";
    Long "log.retention.bytes" = Text("-1"), Any,
        ClusterWide, InForce, Shown,
        "Bytes after which old segments of a partition are deleted; -1 is no limit.";
    Long "log.retention.check.interval.ms" = Text("300000"), AtLeast(1),
        ReadOnly, InForce, Shown, "How often is looked for segments past retention.";
    Int "log.retention.hours" = Text("168"), Any,
        ReadOnly, InForce, Shown,
        "Hours after which old segments are deleted, where neither minutes nor ms are set.";
    Int "log.retention.minutes" = Null, Any,
        ReadOnly, InForce, Shown,
        "Minutes after which old segments are deleted, where ms is not set.";
    Long "log.retention.ms" = Null, Any,
        ClusterWide, InForce, Shown, "Time after which old segments are deleted; -1 is no limit.";
    Int "log.roll.hours" = Text("168"), AtLeast(1),
        ReadOnly, InForce, Shown, "Hours after which a new segment starts, where ms is not set.";
    Int "log.roll.jitter.hours" = Text("0"), AtLeast(0),
        ReadOnly, InForce, Shown,
        "Most hours taken off `log.roll.hours` at random, where ms is not set.";
    Long "log.roll.jitter.ms" = Null, Any,
        ClusterWide, InForce, Shown, "Most time taken off `log.roll.ms` at random.";
    Long "log.roll.ms" = Null, Any,
        ClusterWide, InForce, Shown, "Time after which a new segment starts.";
    Int "log.segment.bytes" = Text("1073741824"), AtLeast(1_048_576),
        ClusterWide, InForce, Shown, "Size at which a new segment starts.";
    Long "log.segment.delete.delay.ms" = Text("60000"), AtLeast(0),
        ClusterWide, InForce, Shown, "How long files of deleted segments stay.";
    Int "message.max.bytes" = Text("1048588"), AtLeast(0),
        ClusterWide, InForce, Shown, "Largest batch that is accepted.";
    Int "min.insync.replicas" = Text("1"), AtLeast(1),
        ClusterWide, InForce, Shown,
        "In-sync replicas below which writes with acks=all are refused.";
    Int "remote.fetch.max.wait.ms" = Text("500"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "How long a fetch waits for tiered storage.";
    Long "remote.list.offsets.request.timeout.ms" = Text("30000"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "How long ListOffsets waits for tiered storage.";
    Long "remote.log.index.file.cache.total.size.bytes" = Text("1073741824"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Disk for cached indexes of tiered segments.";
    Long "remote.log.index.file.cache.ttl.ms" = Text("900000"), AtLeast(-1),
        ReadOnly, NoEffect, Internal, "How long an unused cached index of a tiered segment stays.";
    Int "remote.log.manager.copier.thread.pool.size" = Text("10"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads that copy to tiered storage.";
    Long "remote.log.manager.copy.max.bytes.per.second" = Text("9223372036854775807"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Most bytes per second copied to tiered storage.";
    Int "remote.log.manager.copy.quota.window.num" = Text("11"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Samples kept for that limit.";
    Int "remote.log.manager.copy.quota.window.size.seconds" = Text("1"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Length of one such sample.";
    Int "remote.log.manager.expiration.thread.pool.size" = Text("10"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads that delete from tiered storage.";
    Long "remote.log.manager.fetch.max.bytes.per.second" = Text("9223372036854775807"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Most bytes per second read from tiered storage.";
    Int "remote.log.manager.fetch.quota.window.num" = Text("11"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Samples kept for that limit.";
    Int "remote.log.manager.fetch.quota.window.size.seconds" = Text("1"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Length of one such sample.";
    Int "remote.log.manager.follower.thread.pool.size" = Text("2"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads for tiered storage of partitions that are followed.";
    Long "remote.log.manager.task.interval.ms" = Text("30000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How often tiered storage is looked after.";
    Long "remote.log.manager.task.retry.backoff.max.ms" = Text("30000"), AtLeast(1),
        ReadOnly, NoEffect, Internal, "Longest wait after tiered storage failed.";
    Long "remote.log.manager.task.retry.backoff.ms" = Text("500"), AtLeast(1),
        ReadOnly, NoEffect, Internal, "First wait after tiered storage failed.";
    Double "remote.log.manager.task.retry.jitter" = Text("0.2"), Ratio(0.0, 0.5),
        ReadOnly, NoEffect, Internal, "Randomness of these waits.";
    Int "remote.log.manager.thread.pool.size" = Text("2"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Threads for tiered storage.";
    Int "remote.log.metadata.custom.metadata.max.bytes" = Text("128"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Most bytes of a plugin's own metadata of a tiered segment.";
    String "remote.log.metadata.manager.class.name" =
        Text("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager"),
        NotEmpty,
        ReadOnly, NoEffect, Shown, "Java class that keeps the metadata of tiered storage.";
    String "remote.log.metadata.manager.class.path" = Null, Any,
        ReadOnly, NoEffect, Shown, "Where that class is found.";
    String "remote.log.metadata.manager.impl.prefix" = Text("rlmm.config."), NotEmpty,
        ReadOnly, NoEffect, Shown, "Prefix of settings that are handed to that class.";
    String "remote.log.metadata.manager.listener.name" = Null, NotEmpty,
        ReadOnly, NoEffect, Shown, "Listener that that class connects to.";
    Int "remote.log.reader.max.pending.tasks" = Text("100"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most reads that wait for tiered storage.";
    Int "remote.log.reader.threads" = Text("10"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads that read tiered storage.";
    String "remote.log.storage.manager.class.name" = Null, NotEmpty,
        ReadOnly, NoEffect, Shown, "Java class that stores tiered segments.";
    String "remote.log.storage.manager.class.path" = Null, Any,
        ReadOnly, NoEffect, Shown, "Where that class is found.";
    String "remote.log.storage.manager.impl.prefix" = Text("rsm.config."), NotEmpty,
        ReadOnly, NoEffect, Shown, "Prefix of settings that are handed to that class.";
    Boolean "remote.log.storage.system.enable" = Text("false"), Any,
        ReadOnly, NoEffect, Shown, "Whether tiered storage is on.";
    Boolean "unclean.leader.election.enable" = Text("false"), Any,
        ClusterWide, InForce, Shown,
        "Whether a replica that is not in sync may lead when no other is left, losing records.";
    Long "unclean.leader.election.interval.ms" = Text("300000"), AtLeast(1),
        ReadOnly, InForce, Internal,
        "How often partitions without a leader are looked at for an unclean election.";
}
