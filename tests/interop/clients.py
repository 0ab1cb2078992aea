"""Records and consumer groups for the demo cluster, by confluent-kafka.

Writes about ten thousand records, then keeps the members of two groups alive until it is ended:
`billing` (classic) stands still behind the end of its partitions, `shipping` is up to date and, where
`DEMO_PROTOCOL` does not name another, of KIP-848.
`search` is left without members, with committed offsets. Prints `ready` once all offsets are committed.
"""

import os
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

RECORDS = {"orders": 6000, "payments": 3000, "audit": 300, "customers": 900}
BILLING_READS = 300  # of the 500 records in each partition of orders
SEARCH_READS = 100  # of the 500 records in each partition of payments
DEADLINE_S = 100
PROTOCOL = os.environ.get("DEMO_PROTOCOL", "consumer")


def consumer(bootstrap, group, name, **more):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "client.id": name,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 2,
            **more,
        }
    )


def partitions_of(client, topic):
    found = client.list_topics(topic, timeout=30).topics[topic].partitions
    return sorted(found)


def produce(bootstrap):
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 20, "log_level": 2})
    for topic, count in RECORDS.items():
        partitions = partitions_of(producer, topic)
        for n in range(count):
            # Round robin, so that every partition's end is known. Customers come back: compaction has work.
            key = f"customer-{n % 300}" if topic == "customers" else f"{topic}-{n}"
            value = f'{{"id":{n},"topic":"{topic}","amount":{n * 7 % 1000},"note":"{"x" * 60}"}}'
            producer.produce(topic, value, key, partition=partitions[n % len(partitions)])
            producer.poll(0)
    if producer.flush(60):
        raise SystemExit("records were not acknowledged within a minute")


def commit(client, topic, offset):
    done = client.commit(
        offsets=[TopicPartition(topic, p, offset) for p in partitions_of(client, topic)], asynchronous=False
    )
    failed = [p for p in done if p.error]
    if failed:
        raise SystemExit(f"commit failed: {failed}")


def leave_search_behind(bootstrap):
    search = consumer(bootstrap, "search", "search-1")
    commit(search, "payments", SEARCH_READS)
    search.close()


def assigned_everything(members, topic):
    held = {(p.topic, p.partition) for m in members for p in m.assignment()}
    return all(m.assignment() for m in members) and len(held) == len(partitions_of(members[0], topic))


def poll_all(members):
    """Serves the members once; what is paused yields no records, but the membership stays alive."""
    for member in members:
        try:
            member.poll(0.1)
        except KafkaException:
            pass  # brokers come and go here
        held = member.assignment()
        if held:
            try:
                member.pause(held)
            except KafkaException:
                pass  # the assignment changed meanwhile: the next round pauses it


def main():
    bootstrap = sys.argv[1]
    produce(bootstrap)
    leave_search_behind(bootstrap)
    billing = [consumer(bootstrap, "billing", f"billing-{n}") for n in (1, 2)]
    shipping = [
        consumer(bootstrap, "shipping", f"shipping-{n}", **{"group.protocol": PROTOCOL}) for n in (1, 2)
    ]
    for member in billing:
        member.subscribe(["orders"])
    for member in shipping:
        member.subscribe(["payments"])
    deadline = time.monotonic() + DEADLINE_S
    while not (assigned_everything(billing, "orders") and assigned_everything(shipping, "payments")):
        if time.monotonic() > deadline:
            raise SystemExit("the members got no assignment")
        poll_all(billing + shipping)
    for members, topic, offset in ((billing, "orders", BILLING_READS), (shipping, "payments", 500)):
        for member in members:
            member.commit(
                offsets=[TopicPartition(topic, p.partition, offset) for p in member.assignment()],
                asynchronous=False,
            )
    print("ready")
    while True:
        poll_all(billing + shipping)


if __name__ == "__main__":
    main()
