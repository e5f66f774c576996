/**
 * A bundle with no package beside it: `lone.mjs brokers topic`, where the topic holds snappy. What
 * needs no native code works, and what does says which package is missing.
 */
import { Kafka, KafkaError } from 'millrace'

const [, , brokers, name] = process.argv
const kafka = new Kafka({ brokers })
try {
  kafka.producer({ compression: 'lz4' })
} catch (error) {
  if (!(error instanceof KafkaError)) throw error
  console.log(`${error.code} ${error.message}`)
}
const consumer = kafka.consumer({ topics: [name], autoOffsetReset: 'earliest' })
try {
  for await (const _ of consumer) console.log('a record')
} catch (error) {
  if (!(error instanceof KafkaError)) throw error
  console.log(`${error.code} ${error.message}`)
}
await kafka.close()
