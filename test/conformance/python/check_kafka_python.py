"""kafka-python: admin, produce, consume in a group, offsets by time."""

import threading
import time

from checks import CODECS, expect, main
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic

WAIT_S = 30


def create(bootstrap, topic, partitions):
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    # Some records have times that no retention would keep.
    configs = {"retention.ms": "-1"}
    client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
    client.wait_for_topics([topic])
    return client


def consume(consumer, count):
    """The next records, as many as that."""
    records = []
    deadline = time.time() + WAIT_S
    while len(records) < count and time.time() < deadline:
        for batch in consumer.poll(500).values():
            records.extend(batch)
    expect("records consumed", len(records), count)
    return records


def admin(bootstrap, topic):
    client = create(bootstrap, topic, 2)
    expect("topic is listed", topic in str(client.list_topics()), True)
    client.create_partitions({topic: NewPartitions(3)})
    (described,) = client.describe_topics([topic])
    expect("partitions", len(described["partitions"]), 3)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "7777"})
    client.alter_configs([resource])
    described = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    expect("retention.ms is described", "7777" in str(described), True)
    expect("broker is described", "127.0.0.1" in str(client.describe_cluster()), True)
    client.delete_topics([topic])
    client.close()


def produce(bootstrap, topic):
    create(bootstrap, topic, 1).close()
    for codec in CODECS:
        producer = KafkaProducer(
            bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec
        )
        for number in range(20):
            value = (f"{codec} value {number} " * 5).encode()
            headers = [("codec", codec.encode())]
            key = f"key-{number}".encode()
            future = producer.send(topic, value, key=key, headers=headers)
            expect("partition", future.get(WAIT_S).partition, 0)
        producer.close()
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, check_crcs=True)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    records = consume(consumer, 100)
    expect("offsets", [record.offset for record in records], list(range(100)))
    expect("key", records[25].key, b"key-5")
    expect("value", records[25].value, b"gzip value 5 " * 5)
    expect("headers", list(records[25].headers), [("codec", b"gzip")])
    consumer.close()


def group(bootstrap, topic):
    client = create(bootstrap, topic, 3)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for number in range(30):
        producer.send(topic, b"value", partition=number % 3).get(WAIT_S)
    options = {
        "bootstrap_servers": bootstrap,
        "group_id": topic,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
    }
    first = KafkaConsumer(topic, **options)
    consume(first, 30)
    first.commit()

    second = KafkaConsumer(topic, **options)
    stopping = threading.Event()

    def poll_second():
        while not stopping.is_set():
            second.poll(200)

    thread = threading.Thread(target=poll_second)
    thread.start()
    deadline = time.time() + WAIT_S
    counts = []
    while counts != [1, 2] and time.time() < deadline:
        first.poll(200)
        counts = sorted([len(first.assignment()), len(second.assignment())])
    stopping.set()
    thread.join()
    expect("partitions of the two members", counts, [1, 2])
    expect("group is listed", topic in str(client.list_groups()), True)
    expect("group is described", "Stable" in str(client.describe_groups([topic])), True)
    first.close()
    second.close()

    for number in range(6):
        producer.send(topic, b"value", partition=number % 3).get(WAIT_S)
    producer.close()
    third = KafkaConsumer(topic, **options)
    consume(third, 6)
    third.commit()
    committed = [third.committed(TopicPartition(topic, number)) for number in range(3)]
    expect("committed", committed, [12, 12, 12])
    third.close()
    client.delete_groups([topic])
    client.close()


def times(bootstrap, topic):
    client = create(bootstrap, topic, 1)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for timestamp in [1000, 2000, 3000]:
        producer.send(topic, b"value", timestamp_ms=timestamp).get(WAIT_S)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    partition = TopicPartition(topic, 0)
    for timestamp, wanted in [(0, 0), (1500, 1), (3000, 2)]:
        found = consumer.offsets_for_times({partition: timestamp})
        expect(f"offset at {timestamp}", found[partition].offset, wanted)
    found = consumer.offsets_for_times({partition: 3001})
    expect("offset after the last time", found[partition], None)
    expect("end", consumer.end_offsets([partition]), {partition: 3})
    client.delete_records({partition: 2})
    expect("beginning", consumer.beginning_offsets([partition]), {partition: 2})
    consumer.close()
    client.close()


if __name__ == "__main__":
    main({"admin": admin, "produce": produce, "group": group, "times": times})
