"""Reads records from the beginning of a topic and says how long it took and how often it was throttled.

    throttled.py BOOTSTRAP TOPIC CLIENT_ID RECORDS
"""

import sys
import time

from confluent_kafka import Consumer

DEADLINE_S = 180


def main(bootstrap, topic, client_id, records):
    throttles = []
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "client.id": client_id,
            "group.id": f"throttled-{time.time()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "throttle_cb": lambda event: throttles.append(event.throttle_time),
        }
    )
    consumer.subscribe([topic])
    read, first, began = 0, None, time.monotonic()
    while read < records:
        if time.monotonic() - began > DEADLINE_S:
            raise SystemExit(f"{read} of {records} records after {DEADLINE_S} s")
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error():
            raise SystemExit(str(message.error()))
        first = first or time.monotonic()
        read += 1
    seconds = time.monotonic() - first
    consumer.close()
    told = [time_s for time_s in throttles if time_s > 0]
    print(f"seconds {seconds:.3f} throttled {len(told)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
