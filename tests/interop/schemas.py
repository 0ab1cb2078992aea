"""Confluent's serializers against the schema registry of the cluster's own nodes. Prints one line a format.

    schemas.py BOOTSTRAP REGISTRY...

What one node registered is read through another: every format is written by way of the first registry and read by way
of the last.
"""

import sys

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

RECORDS = 100
DEADLINE_S = 30

AVRO = """{"type": "record", "name": "Order", "namespace": "interop", "fields": [
  {"name": "id", "type": "long"},
  {"name": "note", "type": ["null", "string"], "default": null},
  {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "SENT"]}}]}"""
JSON = """{"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
  "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}, "required": ["id"]}"""


def must(condition, what):
    if not condition:
        raise SystemExit(f"not so: {what}")


def order_class():
    """A message with most of what Protobuf has, made without a compiler."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="interop.proto", package="interop", syntax="proto3")
    order = file.message_type.add(name="Order")
    order.field.add(name="id", number=1, type=field.TYPE_INT64, label=field.LABEL_OPTIONAL)
    order.field.add(name="notes", number=2, type=field.TYPE_STRING, label=field.LABEL_REPEATED)
    line = order.nested_type.add(name="Line")
    line.field.add(name="item", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    entry = order.nested_type.add(name="LinesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL,
                    type_name=".interop.Order.Line")
    order.field.add(name="lines", number=3, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED,
                    type_name=".interop.Order.LinesEntry")
    order.oneof_decl.add(name="paid")
    order.field.add(name="card", number=4, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL, oneof_index=0)
    order.field.add(name="cents", number=5, type=field.TYPE_SINT64, label=field.LABEL_OPTIONAL, oneof_index=0)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("interop.Order"))


def round_trip(bootstrap, topic, serializer, deserializer, records):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 2)])[topic].result(DEADLINE_S)
    context = SerializationContext(topic, MessageField.VALUE)
    producer = Producer({"bootstrap.servers": bootstrap})
    for n, record in enumerate(records):
        value = serializer(record, context)
        must(value[0] == 0, "Confluent's frame")
        producer.produce(topic, value, str(n))
    must(producer.flush(DEADLINE_S) == 0, "all written")
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    read = {}
    while len(read) < len(records):
        message = consumer.poll(DEADLINE_S)
        must(message is not None and not message.error(), f"{len(read)} of {len(records)} read from {topic}")
        read[int(message.key())] = deserializer(message.value(), context)
    consumer.close()
    must([read[n] for n in range(len(records))] == records, f"every record of {topic} as it was written")


def main(bootstrap, registries):
    here, there = (SchemaRegistryClient({"url": url}) for url in (registries[0], registries[-1]))
    orders = [{"id": n, "note": f"n{n}" if n % 2 else None, "state": "SENT"} for n in range(RECORDS)]
    round_trip(bootstrap, "schemas-avro", AvroSerializer(here, AVRO), AvroDeserializer(there), orders)
    print("avro: ok", flush=True)

    orders = [{"id": n, "note": f"n{n}"} for n in range(RECORDS)]
    writes = JSONSerializer(JSON, here)
    round_trip(bootstrap, "schemas-json", writes, JSONDeserializer(None, schema_registry_client=there), orders)
    print("json: ok", flush=True)

    order = order_class()
    orders = [order(id=n, notes=["a", "b"], lines={"x": {"item": f"i{n}"}}, cents=-n) for n in range(RECORDS)]
    settings = {"use.deprecated.format": False}
    writes, reads = ProtobufSerializer(order, here, settings), ProtobufDeserializer(order, settings, there)
    round_trip(bootstrap, "schemas-protobuf", writes, reads, orders)
    print("protobuf: ok", flush=True)

    # The registry itself: references, compatibility, versions, deletion.
    part = here.register_schema("part", Schema('{"type": "record", "name": "Part", "fields": []}', "AVRO"))
    whole = '{"type": "record", "name": "Whole", "fields": [{"name": "part", "type": "Part"}]}'
    refers = [SchemaReference("Part", "part", 1)]
    made = here.register_schema("whole", Schema(whole, "AVRO", refers))
    must(made != part and there.get_schema(made).references == refers, "a schema with a reference")
    must(there.get_latest_version("whole").version == 1, "its version")
    more = Schema(whole.replace("Part\"}]", "Part\"}, {\"name\": \"more\", \"type\": \"int\"}]"), "AVRO", refers)
    must(not there.test_compatibility("whole", more), "a field without default does not fit")
    try:
        there.register_schema("whole", more)
        must(False, "what does not fit is refused")
    except SchemaRegistryError as error:
        must(error.http_status_code == 409, f"refused as a conflict: {error}")
    there.set_compatibility("whole", "NONE")
    must(there.register_schema("whole", more) != made, "without a level it is registered")
    must(here.get_versions("whole") == [1, 2], "two versions")
    must(here.delete_subject("whole") == [1, 2] and here.delete_subject("whole", permanent=True) == [1, 2], "deleted")
    must("whole" not in there.get_subjects() and "part" in there.get_subjects(), "and gone everywhere")
    print("registry: ok", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
