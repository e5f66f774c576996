"""confluent-kafka (librdkafka): admin, produce, consume in a group, offsets by time; a member of a mixed group."""

import time

from checks import CODECS, expect, main, say, stop_on_sigterm
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

WAIT_S = 30


def done(futures):
    """The results of the admin's futures, by key."""
    return {key: future.result(WAIT_S) for key, future in futures.items()}


def consume(consumer, count):
    """The next records, as many as that, each without an error."""
    records = []
    deadline = time.time() + WAIT_S
    while len(records) < count and time.time() < deadline:
        record = consumer.poll(0.5)
        if record is None:
            continue
        if record.error():
            raise AssertionError(f"consume: {record.error()}")
        records.append(record)
    expect("records consumed", len(records), count)
    return records


def admin(bootstrap, topic):
    client = AdminClient({"bootstrap.servers": bootstrap})
    done(client.create_topics([NewTopic(topic, 2, 1, config={"retention.ms": "3600000"})]))
    metadata = client.list_topics(topic, timeout=WAIT_S)
    expect("partitions", len(metadata.topics[topic].partitions), 2)
    done(client.create_partitions([NewPartitions(topic, 4)]))
    described = done(client.describe_topics(TopicCollection([topic])))
    expect("partitions then", len(described[topic].partitions), 4)

    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entry = ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)
    resource.add_incremental_config(entry)
    done(client.incremental_alter_configs([resource]))
    configs = done(client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))
    values = {name: config.value for name, config in list(configs.values())[0].items()}
    expect("retention.ms", values["retention.ms"], "3600000")
    expect("max.message.bytes", values["max.message.bytes"], "2000")

    cluster = client.describe_cluster().result(WAIT_S)
    expect("nodes", [node.id for node in cluster.nodes], [1])
    done(client.delete_topics([topic]))


def produce_all(bootstrap, topic, codec, count, **options):
    delivered = []

    def report(error, record):
        if error is not None:
            raise AssertionError(f"produce: {error}")
        delivered.append(record)

    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, **options})
    for number in range(count):
        headers = {"codec": codec.encode()}
        key, value = f"key-{number}", f"{codec} value {number} " * 5
        producer.produce(topic, value, key, headers=headers, on_delivery=report)
        producer.poll(0)
    expect("records left in the queue", producer.flush(WAIT_S), 0)
    expect("records delivered", len(delivered), count)
    return delivered


def produce(bootstrap, topic):
    client = AdminClient({"bootstrap.servers": bootstrap})
    done(client.create_topics([NewTopic(topic, 1, 1)]))
    for codec in CODECS:
        produce_all(bootstrap, topic, codec, 20)
    produce_all(bootstrap, topic, "lz4", 20, **{"enable.idempotence": True})
    produce_all(bootstrap, topic, "none", 1, acks=1)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "check.crcs": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    records = consume(consumer, 121)
    expect("offsets", [record.offset() for record in records], list(range(121)))
    expect("key", records[25].key(), b"key-5")
    expect("value", records[25].value(), b"gzip value 5 " * 5)
    expect("headers", records[25].headers(), [("codec", b"gzip")])
    expect("watermarks", consumer.get_watermark_offsets(TopicPartition(topic, 0)), (0, 121))
    consumer.close()


def group(bootstrap, topic):
    client = AdminClient({"bootstrap.servers": bootstrap})
    done(client.create_topics([NewTopic(topic, 3, 1)]))
    produce_all(bootstrap, topic, "none", 30)
    options = {
        "bootstrap.servers": bootstrap,
        "group.id": topic,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    first = Consumer(options)
    first.subscribe([topic])
    consume(first, 30)
    first.commit(asynchronous=False)

    second = Consumer(options)
    second.subscribe([topic])
    deadline = time.time() + WAIT_S
    while time.time() < deadline:
        first.poll(0.1)
        second.poll(0.1)
        counts = sorted([len(first.assignment()), len(second.assignment())])
        if counts == [1, 2]:
            break
    expect("partitions of the two members", counts, [1, 2])

    described = done(client.describe_consumer_groups([topic]))[topic]
    expect("members", len(described.members), 2)
    first.close()
    second.close()

    produce_all(bootstrap, topic, "none", 5)
    third = Consumer(options)
    third.subscribe([topic])
    consume(third, 5)
    third.commit(asynchronous=False)
    third.close()
    request = [ConsumerGroupTopicPartitions(topic)]
    listed = done(client.list_consumer_group_offsets(request))[topic]
    committed = sum(partition.offset for partition in listed.topic_partitions)
    expect("committed records", committed, 35)
    groups = client.list_consumer_groups().result(WAIT_S)
    expect("group is listed", topic in [each.group_id for each in groups.valid], True)
    done(client.delete_consumer_groups([topic]))


def static(bootstrap, topic):
    """A member with an instance id comes back without a rebalance, and fences whoever had it."""
    client = AdminClient({"bootstrap.servers": bootstrap})
    done(client.create_topics([NewTopic(topic, 4, 1)]))
    rebalances = {}

    def join(instance):
        rebalances[instance] = 0

        def assigned(*_):
            rebalances[instance] += 1

        consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": topic, "group.instance.id": instance}
        )
        consumer.subscribe([topic], on_assign=assigned)
        return consumer

    def poll_until(consumers, is_done):
        deadline = time.time() + WAIT_S
        while not is_done() and time.time() < deadline:
            for consumer in consumers:
                consumer.poll(0.1)

    def owned(consumer):
        return sorted(partition.partition for partition in consumer.assignment())

    one, two = join("one"), join("two")
    poll_until([one, two], lambda: len(owned(one)) == len(owned(two)) == 2)
    expect("partitions owned", sorted(owned(one) + owned(two)), [0, 1, 2, 3])
    before, rebalances_of_two = owned(one), rebalances["two"]
    one.close()
    again = join("one")
    poll_until([again, two], lambda: len(owned(again)) == 2)
    expect("partitions after coming back", owned(again), before)
    expect("rebalances of the other", rebalances["two"], rebalances_of_two)

    usurper = join("one")
    fenced = []

    def poll_again():
        record = again.poll(0.1)
        if record is not None and record.error() is not None:
            fenced.append(record.error().name())
        return len(fenced) > 0

    poll_until([usurper, two], poll_again)
    expect("error of the fenced member", fenced[:1], ["_FATAL"])
    usurper.close()
    two.close()


def times(bootstrap, topic):
    client = AdminClient({"bootstrap.servers": bootstrap})
    # No retention would keep records of these times.
    forever = NewTopic(topic, 1, 1, config={"retention.ms": "-1"})
    done(client.create_topics([forever]))
    producer = Producer({"bootstrap.servers": bootstrap})
    for timestamp in [1000, 2000, 3000]:
        producer.produce(topic, str(timestamp), timestamp=timestamp)
        expect("records left in the queue", producer.flush(WAIT_S), 0)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic})

    def offset_at(timestamp):
        asked = [TopicPartition(topic, 0, timestamp)]
        return consumer.offsets_for_times(asked, timeout=WAIT_S)[0].offset

    expect("offsets by time", [offset_at(time) for time in [0, 1500, 3000]], [0, 1, 2])
    expect("offset after the last time", offset_at(3001), -1)
    partition = TopicPartition(topic, 0)
    for spec, wanted in [
        (OffsetSpec.earliest(), 0),
        (OffsetSpec.latest(), 3),
        (OffsetSpec.max_timestamp(), 2),
    ]:
        found = done(client.list_offsets({partition: spec}))[partition].offset
        expect(f"list_offsets {spec}", found, wanted)
    deleted = done(client.delete_records([TopicPartition(topic, 0, 2)]))
    expect("low watermark", [result.low_watermark for result in deleted.values()], [2])
    expect("watermarks", consumer.get_watermark_offsets(partition, timeout=WAIT_S), (2, 3))
    consumer.close()


def member(bootstrap, topic, group, strategy):
    """Says what it owns after every rebalance, and what it reads, until it is told to end."""
    running = True

    def stop():
        nonlocal running
        running = False

    stop_on_sigterm(stop)
    classic = {
        "partition.assignment.strategy": strategy,
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 500,
    }
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            **({"group.protocol": "consumer"} if strategy == "consumer" else classic),
        }
    )
    owned = set()

    def assigned(_, partitions):
        owned.update(partition.partition for partition in partitions)
        say("owns", *sorted(owned))

    def revoked(_, partitions):
        owned.difference_update(partition.partition for partition in partitions)
        say("owns", *sorted(owned))

    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
    while running:
        record = consumer.poll(0.2)
        if record is not None and not record.error():
            say("read", record.partition(), record.offset())
    consumer.close()


if __name__ == "__main__":
    main(
        {
            "admin": admin,
            "produce": produce,
            "group": group,
            "static": static,
            "times": times,
            "member": member,
        }
    )
