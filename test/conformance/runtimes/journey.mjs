/**
 * What a program does with the client, from its first topic to its last close, in any runtime: this
 * file knows the package only as what it is handed.
 */
const RECORDS = 300
const PARTITIONS = 2
/** So long that all records together have the native checksum loaded, which is after 256 KiB. */
const TEXT = 'words that a codec can make something of, '.repeat(50)

function equal(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`)
}

/** Rejects with what went wrong; resolves when all is closed. */
export async function journey({ Kafka, KafkaError, serde, topic }, brokers, name, codecs) {
  const kafka = new Kafka({ brokers, clientId: name })
  const admin = kafka.admin()
  const texts = topic(name, { key: serde.string(), value: serde.string() })
  const created = await admin.createTopics([
    { name, numPartitions: PARTITIONS, replicationFactor: 1 },
  ])
  created.orThrow()
  for (const compression of codecs) {
    await produce(kafka.producer({ compression }), texts, compression)
  }
  const groupId = `${name}-group`
  const consumer = kafka.consumer({ topics: [texts], groupId, autoOffsetReset: 'earliest' })
  const seen = new Set()
  for await (const { key, value } of consumer) {
    equal(value, `${key} ${TEXT}`, `the value of ${key}`)
    equal(seen.has(key), false, `${key} has come before`)
    seen.add(key)
    if (seen.size === codecs.length * RECORDS) break
  }
  await consumer.close()
  await ask(admin, name, groupId, seen.size, KafkaError)
  await kafka.close()
  return seen.size
}

async function produce(producer, texts, prefix) {
  const sending = Array.from({ length: RECORDS }, (_, i) => {
    const key = `${prefix}-${i}`
    return producer.send(texts, { key, value: `${key} ${TEXT}` })
  })
  for (const { offset } of await Promise.all(sending)) equal(offset >= 0, true, 'an offset')
  await producer.close()
}

async function ask(admin, name, groupId, records, KafkaError) {
  const [[, described]] = (await admin.describeTopics([name])).orThrow().successes()
  equal(described.partitions.length, PARTITIONS, 'partitions')
  const offsets = (await admin.listConsumerGroupOffsets([{ groupId }])).get(groupId)
  let committed = 0
  for (const { value } of offsets) committed += value.offset
  // All but the record that the loop was left with.
  equal(committed, records - 1, 'what was committed')
  const unknown = (await admin.describeTopics([`${name}-none`])).outcome(`${name}-none`)
  equal(unknown.error instanceof KafkaError, true, 'that an error is a KafkaError')
  const deleted = await admin.deleteTopics([name])
  deleted.orThrow()
}
