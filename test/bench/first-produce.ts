/** The first moment at which a server that is starting takes a record. */
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts'
import { BatchBuilder } from '../../src/records/builder.ts'
import { sleep } from '../conformance/process.ts'
import { BenchClient } from './client.ts'

const PRODUCE_VERSION = 9
const START_TIMEOUT_MS = 300_000
const PAUSE_MS = 2

/** Resolves when partition 0 of the topic has acknowledged a record; tries every 2 ms. */
export async function firstAcknowledged(port: number, topic: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (let last = ''; performance.now() < deadline; ) {
    try {
      const errorCode = await produceOnce(port, topic)
      if (errorCode === 0) return
      last = `error ${errorCode}`
    } catch (error) {
      last = (error as Error).message
    }
    await sleep(PAUSE_MS)
    if (performance.now() > deadline) throw new Error(`no record was taken: ${last}`)
  }
}

async function produceOnce(port: number, topic: string): Promise<number> {
  const client = await BenchClient.open(port)
  try {
    const builder = new BatchBuilder({})
    builder.append(Date.now(), null, new Uint8Array(100))
    const partitionData = [{ index: 0, records: builder.build() }]
    const topicData = [{ name: topic, partitionData }]
    const body = { acks: -1, timeoutMs: 5000, transactionalId: null, topicData }
    const [request, response] = [produceRequest, produceResponse]
    const answer = await client.request(request, response, PRODUCE_VERSION, body)
    return answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1
  } finally {
    client.close()
  }
}
