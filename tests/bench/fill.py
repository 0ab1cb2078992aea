"""Topics, records and groups to measure on, by confluent-kafka.

`fill.py BOOTSTRAP TOPICS PARTITIONS GROUPS` gives every partition a record, and every group a committed offset of 0 in
each partition of five topics, so that it lags by 30. `fill.py BOOTSTRAP traffic` writes records to the first of those
topics until it is ended.
"""

import sys
import time

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BATCH = 100  # topics per request: a controller on a busy machine answers each within seconds
TOPICS_OF_A_GROUP = 5
DEADLINE_S = 180
RECORDS_PER_SECOND = 50
RECORDS = 3600 * RECORDS_PER_SECOND  # whoever started the traffic ends it within the hour


def topic(n):
    return f"topic-{n:05}"


def create(admin, topics, partitions):
    for first in range(0, topics, BATCH):
        wanted = [NewTopic(topic(n), partitions, 3) for n in range(first, min(first + BATCH, topics))]
        for done in admin.create_topics(wanted, request_timeout=DEADLINE_S).values():
            done.result(DEADLINE_S)


def client(bootstrap):
    # Nothing here must survive a broker: six thousand partitions of three replicas each take their time otherwise.
    return Producer({"bootstrap.servers": bootstrap, "acks": "1", "linger.ms": 20, "log_level": 2})


def traffic(bootstrap):
    producer = client(bootstrap)
    for n in range(RECORDS):
        producer.produce(topic(n % 5), b"x" * 100)
        producer.poll(0)
        time.sleep(1 / RECORDS_PER_SECOND)


def produce(bootstrap, topics, partitions):
    producer = client(bootstrap)
    for n in range(topics):
        for partition in range(partitions):
            producer.produce(topic(n), b"x" * 100, partition=partition)
        producer.poll(0)
    if producer.flush(DEADLINE_S):
        raise SystemExit("records were not acknowledged in time")


def commit(admin, topics, partitions, groups):
    """The first commit of a cluster makes its offsets topic, and is refused meanwhile: it goes ahead of the others."""
    for left in ([0], list(range(1, groups))):
        deadline = time.monotonic() + DEADLINE_S
        while left := commit_once(admin, topics, partitions, left):
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(left)} groups could not commit")
            time.sleep(1)


def commit_once(admin, topics, partitions, groups):
    """Returns the groups that were refused."""
    asked = {}
    for group in groups:
        read = [topic((group * TOPICS_OF_A_GROUP + n) % topics) for n in range(TOPICS_OF_A_GROUP)]
        offsets = [TopicPartition(name, partition, 0) for name in read for partition in range(partitions)]
        wanted = [ConsumerGroupTopicPartitions(f"group-{group:05}", offsets)]
        asked[group], = admin.alter_consumer_group_offsets(wanted, request_timeout=DEADLINE_S).values()
    return [group for group, done in asked.items() if not committed(done)]


def committed(done):
    try:
        return not any(partition.error for partition in done.result(DEADLINE_S).topic_partitions)
    except KafkaException:
        return False


def main():
    bootstrap = sys.argv[1]
    if sys.argv[2:] == ["traffic"]:
        traffic(bootstrap)
        return
    topics, partitions, groups = map(int, sys.argv[2:5])
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    create(admin, topics, partitions)
    produce(bootstrap, topics, partitions)
    commit(admin, topics, partitions, groups)


if __name__ == "__main__":
    main()
