"""Clients of other hands against a cluster: produce, consume, groups, admin. Prints one line a client.

    other_clients.py BOOTSTRAP

Every client writes records that the other reads: what one of them accepts alone proves little.
"""

import subprocess
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, ResourceType
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

RECORDS = 2000
DEADLINE_S = 60


def must(condition, what):
    if not condition:
        raise SystemExit(f"not so: {what}")


def by_confluent(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic = "clients-confluent"
    admin.create_topics([NewTopic(topic, 2, 3, config={"min.insync.replicas": "2"})])[topic].result(30)
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(30)
    resource = ConfigResource(ResourceType.TOPIC, topic)
    found = admin.describe_configs([resource])[resource].result(30)
    must(found["min.insync.replicas"].value == "2", "the topic's own value is described")
    for compression in ("none", "gzip", "snappy", "lz4", "zstd"):
        producer = Producer(
            {"bootstrap.servers": bootstrap, "enable.idempotence": True, "compression.type": compression, "linger.ms": 5}
        )
        failed = []
        for n in range(RECORDS):
            producer.produce(
                topic, f"{compression}-{n}", str(n), headers={"n": str(n)},
                on_delivery=lambda error, _: failed.append(error) if error else None,
            )
            producer.poll(0)
        must(producer.flush(DEADLINE_S) == 0 and not failed, f"all acknowledged with {compression}: {failed[:1]}")
    read = read_by_confluent(bootstrap, topic, "clients-confluent-readers", 5 * RECORDS)
    must(len(read) == 5 * RECORDS, "every record")
    groups = admin.list_consumer_groups().result(30)
    must(any(g.group_id == "clients-confluent-readers" for g in groups.valid), "the group is listed")
    admin.delete_consumer_groups(["clients-confluent-readers"])["clients-confluent-readers"].result(30)
    return topic


def read_by_confluent(bootstrap, topic, group, count):
    """Two members share the topic; offsets are committed and found again."""
    members = [
        Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "partition.assignment.strategy": "cooperative-sticky",
            }
        )
        for _ in range(2)
    ]
    for member in members:
        member.subscribe([topic])
    # What changes hands between the members before it is committed is read again.
    read, deadline = set(), time.monotonic() + DEADLINE_S
    while len(read) < count or consumed(members) < count:
        must(time.monotonic() < deadline, f"{len(read)} of {count} records of {topic} read in time")
        for member in members:
            message = member.poll(0.05)
            if message is not None and not message.error():
                read.add(message.value())
    for member in members:
        if member.assignment():
            member.commit(asynchronous=False)
    committed = members[0].committed([TopicPartition(topic, p) for p in range(4)], timeout=30)
    must(sum(max(p.offset, 0) for p in committed) == count, f"committed offsets add up: {committed}")
    for member in members:
        member.close()
    return read


def consumed(members):
    return sum(max(p.offset, 0) for member in members for p in member.position(member.assignment()))


def by_kafka_python(bootstrap, foreign_topic):
    servers = bootstrap.split(",")
    topic = "clients-python"
    admin = KafkaAdminClient(bootstrap_servers=servers)
    from kafka.admin import NewTopic as Topic

    admin.create_topics([Topic(topic, 3, 3)], timeout_ms=30000)
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", compression_type="gzip")
    sent = [producer.send(topic, b"value %d" % n, key=b"key %d" % n) for n in range(RECORDS)]
    producer.flush(DEADLINE_S)
    must(all(future.get(DEADLINE_S).offset >= 0 for future in sent), "all acknowledged")
    for name, count in ((topic, RECORDS), (foreign_topic, RECORDS)):
        consumer = KafkaConsumer(
            name, bootstrap_servers=servers, group_id="clients-python-readers", auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        read, deadline = 0, time.monotonic() + DEADLINE_S
        while read < count:
            must(time.monotonic() < deadline, f"{read} of {count} records of {name} read in time")
            read += sum(len(records) for records in consumer.poll(timeout_ms=500).values())
        consumer.commit()
        consumer.close()
    described = admin.describe_groups(["clients-python-readers"])
    must(len(described) == 1, "the group is described")
    producer.close()
    admin.close()
    return topic


def by_kcat(bootstrap, topic):
    """kcat of a distribution stands on an older librdkafka, which asks in versions that the others no longer do."""

    def kcat(*args, given=""):
        done = subprocess.run(
            ["kcat", "-b", bootstrap, *args], input=given, capture_output=True, text=True, timeout=DEADLINE_S
        )
        must(done.returncode == 0, f"kcat {' '.join(args)}: {done.stderr}")
        return done.stdout.splitlines()

    must(any(f'"{topic}"' in line for line in kcat("-L")), "kcat lists the topic")
    kcat("-P", "-t", topic, "-K", ":", "-z", "lz4", "-X", "acks=all", given="".join(f"{n}:kcat {n}\n" for n in range(RECORDS)))
    for mode in (("-C", "-t", topic, "-o", "beginning", "-e"), ("-C", "-t", topic, "-o", "s@1", "-e")):
        read = kcat(*mode, "-q")
        must(len(read) == 2 * RECORDS, f"{len(read)} records read with {' '.join(mode)}")
        must(sum(line.startswith("kcat ") for line in read) == RECORDS, "what kcat wrote is there once")
    count = str(2 * RECORDS)
    read = kcat("-G", "clients-kcat-readers", "-q", "-X", "auto.offset.reset=earliest", "-c", count, topic)
    must(len(read) == 2 * RECORDS, f"{len(read)} records read in a group")


def main():
    bootstrap = sys.argv[1]
    confluent_topic = by_confluent(bootstrap)
    print("confluent-kafka: ok")
    python_topic = by_kafka_python(bootstrap, confluent_topic)
    print("kafka-python: ok")
    by_kcat(bootstrap, python_topic)
    print("kcat: ok")


if __name__ == "__main__":
    main()
