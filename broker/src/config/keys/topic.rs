//! Keys of a topic. Data only: nothing here decides.

use super::Key;

keys! {
    TOPIC:
    List "cleanup.policy" = Text("delete"), ListOf(&["compact", "delete"]),
        ClusterWide, InForce, Shown, "What happens to old segments: delete, compact, or both.";
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
    Long "delete.retention.ms" = Text("86400000"), AtLeast(0),
        ClusterWide, InForce, Shown, "How long compaction keeps a tombstone.";
    Long "file.delete.delay.ms" = Text("60000"), AtLeast(0),
        ClusterWide, InForce, Shown, "How long files of deleted segments stay.";
    Long "flush.messages" = Text("9223372036854775807"), AtLeast(1),
        ClusterWide, InForce, Shown, "Records after which the log is forced to disk.";
    Long "flush.ms" = Text("9223372036854775807"), AtLeast(0),
        ClusterWide, InForce, Shown, "Time after which the log is forced to disk.";
    List "follower.replication.throttled.replicas" = Text(""), Throttled,
        ClusterWide, InForce, Shown,
        "Followers under throttle: partition:broker, separated by commas, or *.";
    Int "index.interval.bytes" = Text("4096"), AtLeast(0),
        ClusterWide, InForce, Shown, "Bytes of log between two entries of its index.";
    Int "internal.segment.bytes" = Null, Any,
        ClusterWide, NoEffect, Internal, "Segment size below the usual limit, for tests.";
    List "leader.replication.throttled.replicas" = Text(""), Throttled,
        ClusterWide, InForce, Shown,
        "Leaders under throttle: partition:broker, separated by commas, or *.";
    Long "local.retention.bytes" = Text("-2"), AtLeast(-2),
        ClusterWide, NoEffect, Shown,
        "Bytes kept locally of a tiered partition; -2 takes the retention.";
    Long "local.retention.ms" = Text("-2"), AtLeast(-2),
        ClusterWide, NoEffect, Shown,
        "Time kept locally of a tiered partition; -2 takes the retention.";
    Long "max.compaction.lag.ms" = Text("9223372036854775807"), AtLeast(1),
        ClusterWide, InForce, Shown, "Age after which a record must be compacted.";
    Int "max.message.bytes" = Text("1048588"), AtLeast(0),
        ClusterWide, InForce, Shown, "Largest batch that is accepted.";
    Long "message.timestamp.after.max.ms" = Text("3600000"), AtLeast(0),
        ClusterWide, InForce, Shown, "How far ahead of the broker's clock a timestamp may be.";
    Long "message.timestamp.before.max.ms" = Text("9223372036854775807"), AtLeast(0),
        ClusterWide, InForce, Shown, "How far behind the broker's clock a timestamp may be.";
    String "message.timestamp.type" = Text("CreateTime"), OneOf(&["CreateTime", "LogAppendTime"]),
        ClusterWide, InForce, Shown,
        "Whose timestamp records carry: the producer's or the broker's.";
    Double "min.cleanable.dirty.ratio" = Text("0.5"), Ratio(0.0, 1.0),
        ClusterWide, InForce, Shown, "Share of uncompacted bytes from which the log is compacted.";
    Long "min.compaction.lag.ms" = Text("0"), AtLeast(0),
        ClusterWide, InForce, Shown, "Age below which a record is not compacted.";
    Int "min.insync.replicas" = Text("1"), AtLeast(1),
        ClusterWide, InForce, Shown,
        "In-sync replicas below which writes with acks=all are refused.";
    Boolean "preallocate" = Text("false"), Any,
        ClusterWide, NoEffect, Shown,
        "Whether the file of a new segment gets its full size at once.";
    Boolean "remote.log.copy.disable" = Text("false"), Any,
        ClusterWide, NoEffect, Shown, "Whether copying to tiered storage stops.";
    Boolean "remote.log.delete.on.disable" = Text("false"), Any,
        ClusterWide, NoEffect, Shown, "Whether turning tiered storage off deletes what is there.";
    Boolean "remote.storage.enable" = Text("false"), Any,
        ClusterWide, NoEffect, Shown, "Whether the topic is tiered.";
    Long "retention.bytes" = Text("-1"), Any,
        ClusterWide, InForce, Shown,
        "Bytes after which old segments of a partition are deleted; -1 is no limit.";
    Long "retention.ms" = Text("604800000"), AtLeast(-1),
        ClusterWide, InForce, Shown, "Time after which old segments are deleted; -1 is no limit.";
    Int "segment.bytes" = Text("1073741824"), AtLeast(1_048_576),
        ClusterWide, InForce, Shown, "Size at which a new segment starts.";
    Int "segment.index.bytes" = Text("10485760"), AtLeast(4),
        ClusterWide, InForce, Shown, "Largest index; a full one starts a new segment.";
    Long "segment.jitter.ms" = Text("0"), AtLeast(0),
        ClusterWide, InForce, Shown, "Most time taken off `segment.ms` at random.";
    Long "segment.ms" = Text("604800000"), AtLeast(1),
        ClusterWide, InForce, Shown, "Time after which a new segment starts.";
    Boolean "unclean.leader.election.enable" = Text("false"), Any,
        ClusterWide, InForce, Shown,
        "Whether a replica that is not in sync may lead when no other is left, losing records.";
}
