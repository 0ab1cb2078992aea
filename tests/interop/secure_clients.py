"""confluent-kafka by one way in: writes a topic and reads it. Prints ok.

    secure_clients.py BOOTSTRAP PROTOCOL MECHANISM CERTIFICATE DIR TOKEN
"""

import sys
import time
import uuid

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

RECORDS = 500
DEADLINE_S = 60


def settings(bootstrap, protocol, mechanism, certificate, directory, token):
    own = {"bootstrap.servers": bootstrap, "security.protocol": protocol.lower()}
    if "SSL" in protocol:
        own["ssl.ca.location"] = f"{directory}/authority.pem"
    if certificate:
        own["ssl.certificate.location"] = f"{directory}/{certificate}.pem"
        own["ssl.key.location"] = f"{directory}/{certificate}.key"
    if mechanism:
        own["sasl.mechanisms"] = mechanism
    if mechanism == "OAUTHBEARER":
        text = open(token).read().strip()
        own["oauth_cb"] = lambda _: (text, time.time() + 3600)
    elif mechanism:
        own |= {"sasl.username": "alice", "sasl.password": "wonder"}
    return own


def main(own):
    topic = f"secure-{uuid.uuid4()}"
    admin = AdminClient(own)
    if "oauth_cb" in own:
        admin.poll(1)  # an admin client asks for its token here only
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(DEADLINE_S)
    producer = Producer(own)
    failed = []
    for n in range(RECORDS):
        producer.produce(topic, str(n), on_delivery=lambda error, _: failed.append(error) if error else None)
    if producer.flush(DEADLINE_S) or failed:
        raise SystemExit(f"not written: {failed[:1]}")
    consumer = Consumer(own | {"group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    deadline, read = time.time() + DEADLINE_S, []
    while len(read) < RECORDS and time.time() < deadline:
        message = consumer.poll(1)
        if message is not None and not message.error():
            read.append(message.value().decode())
    consumer.close()
    if read != [str(n) for n in range(RECORDS)]:
        raise SystemExit(f"{len(read)} records were read")
    print("ok")


main(settings(*sys.argv[1:]))
