"""aiokafka: admin, produce, consume in a group, offsets by time; a member of a mixed group."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import (
    AIOKafkaAdminClient,
    NewPartitions,
    NewTopic,
    RecordsToDelete,
)
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from checks import CODECS, expect, main, say, stop_on_sigterm

WAIT_S = 30
ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}


async def create(bootstrap, topic, partitions):
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    # Some records have times that no retention would keep.
    configs = {"retention.ms": "-1"}
    new = NewTopic(topic, partitions, 1, topic_configs=configs)
    response = await client.create_topics([new])
    expect("error of create_topics", response.topic_errors[0][1], 0)
    return client


async def consume(consumer, count):
    """The next records, as many as that."""
    records = []
    async with asyncio.timeout(WAIT_S):
        while len(records) < count:
            records.append(await consumer.getone())
    return records


async def admin(bootstrap, topic):
    client = await create(bootstrap, topic, 2)
    expect("topic is listed", topic in await client.list_topics(), True)
    await client.create_partitions({topic: NewPartitions(3)})
    described = await client.describe_topics([topic])
    expect("partitions", len(described[0]["partitions"]), 3)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "7777"})
    await client.alter_configs([resource])
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    (response,) = await client.describe_configs([resource])
    entries = {entry[0]: entry[1] for entry in response.resources[0][4]}
    expect("retention.ms", entries["retention.ms"], "7777")
    cluster = await client.describe_cluster()
    expect("brokers", [broker["node_id"] for broker in cluster["brokers"]], [1])
    await client.delete_topics([topic])
    await client.close()


async def produce(bootstrap, topic):
    client = await create(bootstrap, topic, 1)
    await client.close()
    for codec in CODECS:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            compression_type=None if codec == "none" else codec,
            enable_idempotence=codec == "lz4",
        )
        await producer.start()
        for number in range(20):
            value = (f"{codec} value {number} " * 5).encode()
            headers = [("codec", codec.encode())]
            key = f"key-{number}".encode()
            await producer.send_and_wait(topic, value, key=key, headers=headers)
        await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    records = await consume(consumer, 100)
    expect("offsets", [record.offset for record in records], list(range(100)))
    expect("key", records[25].key, b"key-5")
    expect("value", records[25].value, b"gzip value 5 " * 5)
    expect("headers", records[25].headers, (("codec", b"gzip"),))
    await consumer.stop()


async def group(bootstrap, topic):
    client = await create(bootstrap, topic, 3)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for number in range(30):
        await producer.send_and_wait(topic, b"value", partition=number % 3)
    options = {
        "bootstrap_servers": bootstrap,
        "group_id": topic,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
    }
    first = AIOKafkaConsumer(topic, **options)
    await first.start()
    await consume(first, 30)
    await first.commit()

    second = AIOKafkaConsumer(topic, **options)
    await second.start()
    async with asyncio.timeout(WAIT_S):
        counts = []
        while counts != [1, 2]:
            await asyncio.sleep(0.1)
            counts = sorted([len(first.assignment()), len(second.assignment())])
    listed = await client.list_consumer_groups()
    expect("group is listed", topic in [each[0] for each in listed], True)
    (described,) = await client.describe_consumer_groups([topic])
    expect("group is described", topic in str(described), True)
    await first.stop()
    await second.stop()

    for number in range(6):
        await producer.send_and_wait(topic, b"value", partition=number % 3)
    await producer.stop()
    third = AIOKafkaConsumer(topic, **options)
    await third.start()
    await consume(third, 6)
    await third.commit()
    await third.stop()
    offsets = await client.list_consumer_group_offsets(topic)
    expect("committed", sorted(each.offset for each in offsets.values()), [12, 12, 12])
    await client.close()


async def times(bootstrap, topic):
    client = await create(bootstrap, topic, 1)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for timestamp in [1000, 2000, 3000]:
        await producer.send_and_wait(topic, b"value", timestamp_ms=timestamp)
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    partition = TopicPartition(topic, 0)
    for timestamp, wanted in [(0, 0), (1500, 1), (3000, 2)]:
        found = await consumer.offsets_for_times({partition: timestamp})
        expect(f"offset at {timestamp}", found[partition].offset, wanted)
    found = await consumer.offsets_for_times({partition: 3001})
    expect("offset after the last time", found[partition], None)
    expect("end", await consumer.end_offsets([partition]), {partition: 3})
    await client.delete_records({partition: RecordsToDelete(before_offset=2)})
    expect("beginning", await consumer.beginning_offsets([partition]), {partition: 2})
    await consumer.stop()
    await client.close()


class Owner(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        say("owns")

    def on_partitions_assigned(self, assigned):
        say("owns", *sorted(partition.partition for partition in assigned))


async def member(bootstrap, topic, group, strategy):
    """Says what it owns after every rebalance, and what it reads, until it is told to end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    stop_on_sigterm(lambda: loop.call_soon_threadsafe(stopping.set))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(ASSIGNORS[strategy],),
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    consumer.subscribe([topic], listener=Owner())
    await consumer.start()
    while not stopping.is_set():
        batches = await consumer.getmany(timeout_ms=200)
        for records in batches.values():
            for record in records:
                say("read", record.partition, record.offset)
    await consumer.stop()


if __name__ == "__main__":
    main({"admin": admin, "produce": produce, "group": group, "times": times, "member": member})
