//! Settings of Kafka's clients that change nothing here: they belong to producers, consumers and other programs. They
//! are accepted, so that a file written for another client can be used as it is.

/// Families of names.
const PREFIXES: &[&str] = &[
    "schema.registry.",
    "basic.auth.",
    "bearer.auth.",
    "confluent.",
    "interceptor.",
    "metrics.",
    "plugin.",
];

#[rustfmt::skip]
const NAMES: &[&str] = &[
    // Of every client.
    "allow.auto.create.topics", "api.version.fallback.ms", "api.version.request", "api.version.request.timeout.ms",
    "auto.include.jmx.reporter", "background_event_cb", "broker.address.family", "broker.address.ttl",
    "broker.version.fallback", "builtin.features", "client.rack", "connect_cb", "connections.max.idle.ms", "debug",
    "default.api.timeout.ms", "enable.metrics.push", "enable.random.seed", "enabled_events", "error_cb",
    "internal.termination.signal", "interceptor.classes", "interceptors", "log.connection.close", "log.queue",
    "log.thread.name", "log_cb", "log_level", "max.in.flight", "max.in.flight.requests.per.connection",
    "message.copy.max.bytes", "message.max.bytes", "metadata.max.age.ms", "metadata.max.idle.ms",
    "metadata.recovery.rebootstrap.trigger.ms", "metadata.recovery.strategy", "metric.reporters", "opaque",
    "open_cb", "receive.buffer.bytes", "receive.message.max.bytes", "reconnect.backoff.max.ms",
    "reconnect.backoff.ms", "request.timeout.ms", "resolve_cb", "retries", "retry.backoff.max.ms",
    "retry.backoff.ms", "send.buffer.bytes", "socket.blocking.max.ms", "socket.connection.setup.timeout.max.ms",
    "socket.keepalive.enable", "socket.max.fails", "socket.nagle.disable", "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes", "socket.timeout.ms", "socket_cb", "closesocket_cb", "statistics.interval.ms",
    "stats_cb", "throttle_cb", "topic.blacklist", "topic.metadata.propagation.max.ms",
    "topic.metadata.refresh.fast.cnt", "topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.interval.ms", "topic.metadata.refresh.sparse", "bootstrap.controllers",
    // Of the way in: what they tune is decided here.
    "oauthbearer_token_refresh_cb", "sasl.kerberos.kinit.cmd", "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.ticket.renew.jitter", "sasl.kerberos.ticket.renew.window.factor",
    "sasl.login.connect.timeout.ms", "sasl.login.read.timeout.ms", "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds", "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter", "sasl.login.retry.backoff.max.ms", "sasl.login.retry.backoff.ms",
    "sasl.oauthbearer.clock.skew.seconds", "sasl.oauthbearer.expected.audience",
    "sasl.oauthbearer.expected.issuer", "sasl.oauthbearer.header.urlencode",
    "sasl.oauthbearer.jwks.endpoint.refresh.ms", "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "sasl.oauthbearer.jwks.endpoint.url",
    "sasl.oauthbearer.scope.claim.name", "sasl.oauthbearer.sub.claim.name", "ssl.certificate.verify_cb",
    "ssl.keymanager.algorithm", "ssl.secure.random.implementation", "ssl.trustmanager.algorithm",
    // Of consumers.
    "auto.commit.enable", "auto.commit.interval.ms", "auto.offset.reset", "check.crcs", "coordinator.query.interval.ms",
    "consume.callback.max.messages", "consume_cb", "enable.auto.commit", "enable.auto.offset.store",
    "enable.partition.eof", "exclude.internal.topics", "fetch.error.backoff.ms", "fetch.max.bytes",
    "fetch.max.wait.ms", "fetch.message.max.bytes", "fetch.min.bytes", "fetch.queue.backoff.ms", "fetch.wait.max.ms",
    "group.id", "group.instance.id", "group.protocol", "group.protocol.type", "group.remote.assignor",
    "heartbeat.interval.ms", "internal.leave.group.on.close", "isolation.level", "key.deserializer",
    "max.partition.fetch.bytes", "max.poll.interval.ms", "max.poll.records", "offset.store.method",
    "offset.store.path", "offset.store.sync.interval.ms", "offset_commit_cb", "partition.assignment.strategy",
    "queued.max.messages.kbytes", "queued.min.messages", "rebalance_cb", "session.timeout.ms",
    "share.acknowledgement.mode", "value.deserializer",
    // Of producers.
    "acks", "batch.num.messages", "batch.size", "buffer.memory", "compression.codec", "compression.gzip.level",
    "compression.level", "compression.lz4.level", "compression.type", "compression.zstd.level",
    "delivery.report.only.error", "delivery.timeout.ms", "dr_cb", "dr_msg_cb", "enable.gapless.guarantee",
    "enable.idempotence", "key.serializer", "linger.ms", "max.block.ms", "max.request.size",
    "message.send.max.retries", "message.timeout.ms", "metadata.max.idle", "msg_order_cmp", "partitioner",
    "partitioner.adaptive.partitioning.enable", "partitioner.availability.timeout.ms", "partitioner.class",
    "partitioner.ignore.keys", "partitioner_cb", "produce.offset.report", "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes", "queue.buffering.max.messages", "queue.buffering.max.ms", "queuing.strategy",
    "request.required.acks", "sticky.partitioning.linger.ms", "transaction.timeout.ms",
    "transaction.two.phase.commit.enable", "transactional.id", "value.serializer",
    // Of Confluent's serializers.
    "auto.register.schemas", "avro.use.logical.type.converters", "key.subject.name.strategy", "specific.avro.reader",
    "use.latest.version", "value.subject.name.strategy",
];

/// Whether it is the name of such a setting.
pub fn is(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The names, for the search of the nearest.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}
