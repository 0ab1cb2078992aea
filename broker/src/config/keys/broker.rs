//! Keys of a node: its place in the cluster, its network, its quotas, replication.
//! Data only: nothing here decides.

use super::Key;
use crate::config::release::NAMES;

keys! {
    BROKER:
    List "advertised.listeners" = Null, Any,
        ReadOnly, InForce, Shown,
        "What clients and brokers are told to connect to; empty tells them `listeners`.";
    Class "alter.config.policy.class.name" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class that may refuse changes of configuration.";
    Int "alter.log.dirs.replication.quota.window.num" = Text("11"), AtLeast(1),
        ReadOnly, NoEffect, Shown,
        "Samples kept for the throttle of moves between log directories.";
    Int "alter.log.dirs.replication.quota.window.size.seconds" = Text("1"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Length of one such sample.";
    Boolean "auto.create.topics.enable" = Text("true"), Any,
        ReadOnly, InForce, Shown, "Whether asking for a topic that does not exist creates it.";
    Boolean "auto.leader.rebalance.enable" = Text("true"), Any,
        ReadOnly, InForce, Shown, "Whether leadership goes back to preferred replicas by itself.";
    Int "background.threads" = Text("10"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads for background work.";
    Int "broker.heartbeat.interval.ms" = Text("2000"), Any,
        ReadOnly, InForce, Shown, "How often a broker tells the controller that it lives.";
    Int "broker.id" = Text("-1"), Any,
        ReadOnly, InForce, Shown, "Old name of `node.id`.";
    String "broker.rack" = Null, Any,
        ReadOnly, InForce, Shown, "Where the broker stands, for spreading replicas.";
    Int "broker.session.timeout.ms" = Text("9000"), Any,
        ReadOnly, InForce, Shown, "Silence after which the controller fences a broker.";
    Class "client.quota.callback.class" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class that decides clients' quotas.";
    List "config.providers" = Text(""), Any,
        ClusterWide, NoEffect, Shown, "Java classes that resolve values kept elsewhere.";
    Long "connections.max.idle.ms" = Text("600000"), Any,
        ReadOnly, InForce, Shown, "Idle time after which a connection is closed.";
    Boolean "controlled.shutdown.enable" = Text("true"), Any,
        ReadOnly, InForce, Shown, "Whether a stopping broker moves its leaderships away first.";
    List "controller.listener.names" = Required, Any,
        ReadOnly, InForce, Shown, "Names of the controllers' listeners.";
    Long "controller.performance.always.log.threshold.ms" = Text("2000"), AtLeast(0),
        ReadOnly, NoEffect, Internal, "Controller events that take longer are logged.";
    Long "controller.performance.sample.period.ms" = Text("60000"), AtLeast(100),
        ReadOnly, NoEffect, Internal, "Period over which the controller's slowest event is found.";
    Int "controller.quorum.append.linger.ms" = Text("25"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "How long the leader of the metadata collects writes.";
    Boolean "controller.quorum.auto.join.enable" = Text("false"), Any,
        ReadOnly, NoEffect, Shown, "Whether a controller adds itself to the voters.";
    List "controller.quorum.bootstrap.servers" = Text(""), Any,
        ReadOnly, InForce, Shown, "Addresses at which to find the metadata quorum.";
    Int "controller.quorum.election.backoff.max.ms" = Text("1000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Longest wait after an election without a winner.";
    Int "controller.quorum.election.timeout.ms" = Text("1000"), AtLeast(0),
        ReadOnly, InForce, Shown, "Silence after which a voter starts an election.";
    Int "controller.quorum.fetch.max.bytes" = Text("1048576"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most bytes of one fetch of metadata.";
    Int "controller.quorum.fetch.snapshot.max.bytes" = Text("1048576"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most bytes of one fetch of a metadata snapshot.";
    Int "controller.quorum.fetch.timeout.ms" = Text("2000"), AtLeast(0),
        ReadOnly, InForce, Shown,
        "How long a voter goes without a leader before it stands for election.";
    Int "controller.quorum.request.timeout.ms" = Text("2000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "How long a request within the metadata quorum may take.";
    Int "controller.quorum.retry.backoff.ms" = Text("20"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Wait before a request within the quorum is tried again.";
    List "controller.quorum.voters" = Text(""), Any,
        ReadOnly, InForce, Shown,
        "The voters of the metadata quorum: id@host:port, separated by commas.";
    Int "controller.quota.window.num" = Text("11"), AtLeast(1),
        ReadOnly, InForce, Shown, "Samples kept for the quota on changes of metadata.";
    Int "controller.quota.window.size.seconds" = Text("1"), AtLeast(1),
        ReadOnly, InForce, Shown, "Length of one such sample.";
    Int "controller.socket.timeout.ms" = Text("30000"), Any,
        ReadOnly, NoEffect, Shown, "How long a request to the controller may take.";
    Class "create.topic.policy.class.name" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class that may refuse new topics.";
    Int "default.replication.factor" = Text("1"), Any,
        ReadOnly, InForce, Shown, "Replicas of a topic that is created without saying how many.";
    Int "delete.records.purgatory.purge.interval.requests" = Text("1"), Any,
        ReadOnly, NoEffect, Shown,
        "Completed DeleteRecords requests that wait before they are cleared.";
    Boolean "delete.topic.enable" = Text("true"), Any,
        ReadOnly, InForce, Shown, "Whether topics may be deleted.";
    List "early.start.listeners" = Null, Any,
        ReadOnly, NoEffect, Shown, "Listeners that open before the node is ready.";
    Int "fetch.max.bytes" = Text("57671680"), AtLeast(1024),
        ReadOnly, NoEffect, Shown, "Most bytes of one answer to Fetch.";
    Int "fetch.purgatory.purge.interval.requests" = Text("1000"), Any,
        ReadOnly, NoEffect, Shown, "Completed Fetch requests that wait before they are cleared.";
    Long "follower.replication.throttled.rate" = Text("9223372036854775807"), AtLeast(0),
        ClusterWide, InForce, Shown,
        "Most bytes per second that this follower takes in for throttled replicas.";
    Int "initial.broker.registration.timeout.ms" = Text("60000"), Any,
        ReadOnly, InForce, Shown, "How long a starting broker tries to register, before the node ends.";
    String "inter.broker.listener.name" = Null, Any,
        ReadOnly, InForce, Shown, "Name of the listener over which brokers talk to each other.";
    Long "internal.metadata.delete.delay.millis" = Text("60000"), Any,
        ReadOnly, NoEffect, Internal, "How long deleted files of the metadata log stay.";
    Int "internal.metadata.log.segment.bytes" = Null, Any,
        ReadOnly, NoEffect, Internal, "Segment size of the metadata log, for tests.";
    Int "internal.metadata.max.batch.size.in.bytes" = Text("8388608"), Any,
        ReadOnly, NoEffect, Internal, "Largest batch of the metadata log, for tests.";
    Int "kafka.metrics.polling.interval.secs" = Text("10"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "How often Kafka's own metric reporters run.";
    List "kafka.metrics.reporters" = Text(""), Any,
        ReadOnly, NoEffect, Shown, "Java classes that report Kafka's old metrics.";
    Long "leader.imbalance.check.interval.seconds" = Text("300"), AtLeast(1),
        ReadOnly, InForce, Shown, "How often preferred leaders are restored.";
    Long "leader.replication.throttled.rate" = Text("9223372036854775807"), AtLeast(0),
        ClusterWide, InForce, Shown,
        "Most bytes per second that this leader gives out for throttled replicas.";
    String "listener.security.protocol.map" =
        Text("PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL"),
        Any,
        PerBroker, InForce, Shown, "Security protocol of each listener name.";
    List "listeners" = Text("PLAINTEXT://:9092"), Any,
        PerBroker, InForce, Shown, "Where the node listens: name://host:port, separated by commas.";
    String "lookout.as.version" = Null, OneOf(NAMES),
        ReadOnly, InForce, Shown,
        "Release of Kafka that clients take the node for: it tells and takes no version that this one did not have.";
    String "lookout.cluster.id" = Null, NotEmpty,
        ReadOnly, InForce, Shown,
        "Cluster id that a new data directory is formatted with; empty lets an existing one say.";
    String "lookout.fault.file" = Null, NotEmpty,
        ReadOnly, InForce, Shown, "File of faults on purpose, read whenever it changes.";
    List "lookout.initial.controllers" = Text(""), Any,
        ReadOnly, InForce, Shown,
        "Voters that a new cluster with controller.quorum.bootstrap.servers begins with: id@host:port:directory-id.";
    String "lookout.metrics.listener" = Null, NotEmpty,
        ReadOnly, InForce, Shown, "Address at which metrics are served as Prometheus text.";
    String "lookout.registry.listener" = Null, NotEmpty,
        ReadOnly, InForce, Shown, "Address at which the schema registry is served over HTTP.";
    Password "lookout.scram.users" = Null, NotEmpty,
        ReadOnly, InForce, Shown,
        "SCRAM users that a new cluster begins with, as kafka-storage format takes them.";
    Int "max.connection.creation.rate" = Text("2147483647"), AtLeast(0),
        ClusterWide, InForce, Shown, "Most new connections per second.";
    Int "max.connections" = Text("2147483647"), AtLeast(0),
        ClusterWide, InForce, Shown,
        "Most connections of the broker; its logs keep a quarter of the file descriptors, or half.";
    Int "max.connections.per.ip" = Text("2147483647"), AtLeast(0),
        ClusterWide, InForce, Shown, "Most connections from one address.";
    String "max.connections.per.ip.overrides" = Text(""), LimitsByAddress,
        ClusterWide, InForce, Shown,
        "Most connections from particular addresses: address:count, separated by commas.";
    Int "max.incremental.fetch.session.cache.slots" = Text("1000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Most incremental fetch sessions.";
    Int "max.request.partition.size.limit" = Text("2000"), AtLeast(1),
        ReadOnly, InForce, Shown, "Most partitions in one page of DescribeTopicPartitions.";
    String "metadata.log.dir" = Null, Any,
        ReadOnly, InForce, Shown,
        "Directory of the metadata log; empty takes the first of `log.dirs`.";
    Long "metadata.log.max.record.bytes.between.snapshots" = Text("20971520"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Bytes of metadata after which a snapshot is made.";
    Long "metadata.log.max.snapshot.interval.ms" = Text("3600000"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Time after which a metadata snapshot is made.";
    Int "metadata.log.segment.bytes" = Text("1073741824"), AtLeast(8_388_608),
        ReadOnly, NoEffect, Shown, "Size of a segment of the metadata log.";
    Long "metadata.log.segment.ms" = Text("604800000"), Any,
        ReadOnly, NoEffect, Shown, "Time after which the metadata log starts a new segment.";
    Int "metadata.max.idle.interval.ms" = Text("500"), AtLeast(0),
        ReadOnly, NoEffect, Shown, "Idle time after which the controller writes an empty record.";
    Long "metadata.max.retention.bytes" = Text("104857600"), Any,
        ReadOnly, NoEffect, Shown, "Bytes of metadata log and snapshots that are kept.";
    Long "metadata.max.retention.ms" = Text("604800000"), Any,
        ReadOnly, NoEffect, Shown, "Time for which metadata log and snapshots are kept.";
    List "metric.reporters" = Text("org.apache.kafka.common.metrics.JmxReporter"), Any,
        ClusterWide, NoEffect, Shown, "Java classes that report metrics.";
    Int "metrics.num.samples" = Text("2"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Samples kept for metrics.";
    String "metrics.recording.level" = Text("INFO"), Any,
        ReadOnly, NoEffect, Shown, "How detailed metrics are recorded.";
    Long "metrics.sample.window.ms" = Text("30000"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Length of one sample of a metric.";
    Int "node.id" = Required, AtLeast(0),
        ReadOnly, InForce, Shown, "The node's id.";
    Int "num.io.threads" = Text("8"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads that serve requests.";
    Int "num.network.threads" = Text("3"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Threads that serve the network.";
    Int "num.partitions" = Text("1"), AtLeast(1),
        ReadOnly, InForce, Shown, "Partitions of a topic that is created without saying how many.";
    Int "num.recovery.threads.per.data.dir" = Text("2"), AtLeast(1),
        ClusterWide, InForce, Shown, "Threads per log directory that recover logs at start.";
    Int "num.replica.alter.log.dirs.threads" = Null, Any,
        ReadOnly, NoEffect, Shown, "Threads that move replicas between log directories.";
    Int "num.replica.fetchers" = Text("1"), AtLeast(1),
        ClusterWide, NoEffect, Shown, "Connections to each leader that replicate.";
    List "process.roles" = Required, ListOf(&["broker", "controller"]),
        ReadOnly, InForce, Shown, "What this node is: broker, controller, or both.";
    Int "producer.purgatory.purge.interval.requests" = Text("1000"), Any,
        ReadOnly, NoEffect, Shown, "Completed Produce requests that wait before they are cleared.";
    Long "queued.max.request.bytes" = Text("-1"), Any,
        ReadOnly, InForce, Shown,
        "Most bytes of requests on their way in, and of answers to Fetch on their way out; -1 is 256 MiB each.";
    Int "queued.max.requests" = Text("500"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most requests that wait.";
    Int "quota.window.num" = Text("11"), AtLeast(1),
        ReadOnly, InForce, Shown, "Samples kept for clients' quotas.";
    Int "quota.window.size.seconds" = Text("1"), AtLeast(1),
        ReadOnly, InForce, Shown, "Length of one such sample.";
    Long "replica.alter.log.dirs.io.max.bytes.per.second" = Text("9223372036854775807"), AtLeast(0),
        ClusterWide, InForce, Shown, "Most bytes per second moved between log directories.";
    Int "replica.fetch.backoff.ms" = Text("1000"), AtLeast(0),
        ReadOnly, InForce, Shown, "Wait of a follower after a failed fetch.";
    Int "replica.fetch.max.bytes" = Text("1048576"), AtLeast(0),
        ReadOnly, InForce, Shown, "Most bytes per partition that a follower fetches at once.";
    Int "replica.fetch.min.bytes" = Text("1"), Any,
        ReadOnly, NoEffect, Shown, "Bytes for which a follower's fetch waits.";
    Int "replica.fetch.response.max.bytes" = Text("10485760"), AtLeast(0),
        ReadOnly, InForce, Shown, "Most bytes that a follower fetches at once.";
    Int "replica.fetch.wait.max.ms" = Text("500"), Any,
        ReadOnly, InForce, Shown, "How long a follower's fetch waits.";
    Long "replica.high.watermark.checkpoint.interval.ms" = Text("5000"), Any,
        ReadOnly, InForce, Shown, "How often high watermarks are written down.";
    Long "replica.lag.time.max.ms" = Text("30000"), Any,
        ReadOnly, InForce, Shown,
        "Time after which a follower that has not caught up leaves the ISR.";
    String "replica.selector.class" = Null, Any,
        ReadOnly, NoEffect, Shown, "Java class that chooses the replica a consumer reads from.";
    Int "replica.socket.receive.buffer.bytes" = Text("65536"), Any,
        ReadOnly, NoEffect, Shown, "Receive buffer of a follower's connection.";
    Int "replica.socket.timeout.ms" = Text("30000"), Any,
        ReadOnly, InForce, Shown, "How long a follower's request may take.";
    Int "replication.quota.window.num" = Text("11"), AtLeast(1),
        ReadOnly, InForce, Shown, "Samples kept for the throttle of replication.";
    Int "replication.quota.window.size.seconds" = Text("1"), AtLeast(1),
        ReadOnly, InForce, Shown, "Length of one such sample.";
    Int "request.timeout.ms" = Text("30000"), Any,
        ReadOnly, InForce, Shown, "How long a request to another node may take.";
    Long "server.max.startup.time.ms" = Text("9223372036854775807"), AtLeast(0),
        ReadOnly, NoEffect, Internal, "How long a start may take.";
    Long "socket.connection.setup.timeout.max.ms" = Text("30000"), Any,
        ReadOnly, NoEffect, Shown, "Longest time for opening a connection.";
    Long "socket.connection.setup.timeout.ms" = Text("10000"), Any,
        ReadOnly, InForce, Shown, "Time for opening a connection.";
    Int "socket.listen.backlog.size" = Text("50"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Connections that wait to be accepted.";
    Int "socket.receive.buffer.bytes" = Text("102400"), Any,
        ReadOnly, NoEffect, Shown, "Receive buffer of a connection; -1 takes the system's.";
    Int "socket.request.max.bytes" = Text("104857600"), AtLeast(1),
        ReadOnly, InForce, Shown, "Largest request; a larger one closes the connection.";
    Int "socket.send.buffer.bytes" = Text("102400"), Any,
        ReadOnly, NoEffect, Shown, "Send buffer of a connection; -1 takes the system's.";
    Int "telemetry.max.bytes" = Text("1048576"), AtLeast(1),
        ReadOnly, NoEffect, Shown, "Most bytes of one push of a client's metrics.";
    Boolean "unstable.api.versions.enable" = Text("false"), Any,
        ReadOnly, NoEffect, Internal, "Whether unfinished API versions are offered.";
    Boolean "unstable.feature.versions.enable" = Text("false"), Any,
        ReadOnly, NoEffect, Internal, "Whether unfinished feature levels are offered.";
}
