/**
 * Much of everything, against a real process: 5,000 connections, 10,000 partitions, consumers that
 * stop reading, a disk that fills up. Each has its bound of memory, by the table in
 * docs/operations.md, measured from outside.
 */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { batchOf } from '../../src/broker/node.test-support.ts'
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts'
import { fetchRequest } from '../../src/protocol/messages/01-fetch.ts'
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts'
import { joinGroupRequest } from '../../src/protocol/messages/11-join-group.ts'
import { encodeRequest } from '../../src/rpc/header.ts'
import { BenchClient, createTopics } from '../bench/client.ts'
import { ProcessUsage } from '../bench/process-usage.ts'
import type { Check, CheckContext } from '../conformance/check.ts'
import { sleep } from '../conformance/process.ts'
import type { Server } from '../conformance/server.ts'
import { MEBIBYTE, MEMORY } from './memory-bounds.ts'
import { ServedClient } from './served-client.ts'

const HOSTS = 16
const SETTLE_MS = 1_500
const TOPICS = 10
const VALUE_BYTES = 900_000
const SLOW_CONSUMERS = 40
const FETCHES_EACH = 10
const MEMBERS = 1_000
const JOIN_VERSION = 9
const FETCH_VERSION = 12

/** What a process holds now, once it has had time to do what is left. */
async function settled(server: Server): Promise<number> {
  await sleep(SETTLE_MS)
  return new ProcessUsage().residentBytes(server.pid)
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / MEBIBYTE)
}

/** A connection that only sends; what comes is read, or not. */
function dial(port: number, number: number, reads: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const localAddress = `127.0.0.${2 + (number % HOSTS)}`
    const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      if (reads) socket.resume()
      else socket.pause()
      resolve(socket)
    })
  })
}

async function dialAll(context: CheckContext, port: number, count: number, reads: boolean) {
  const sockets: Socket[] = []
  context.defer(() => {
    for (const socket of sockets) socket.destroy()
  })
  while (sockets.length < count) {
    const some = Math.min(200, count - sockets.length)
    const dialling = Array.from({ length: some }, (_, i) => dial(port, sockets.length + i, reads))
    sockets.push(...(await Promise.all(dialling)))
  }
  return sockets
}

/** Starts the client that behaves; a check that fails before it ends it is what is told. */
function serve(served: ServedClient): Promise<void> {
  const serving = served.run()
  serving.catch(() => {})
  return serving
}

/** Checks what was added to what the process held before, and says it. */
function within(context: CheckContext, what: string, before: number, after: number, bound: number) {
  const max = bound + MEMORY.slackBytes
  const added = after - before
  const figures = `${mebibytes(before)} + ${mebibytes(added)} MiB, at most ${mebibytes(max)} more`
  context.note(`${what}: ${figures}`)
  assert.ok(added <= max, `${what}: ${figures}`)
}

/** Every connection asks for something now and then; most are idle, as connections are. */
async function connections(context: CheckContext, count: number): Promise<void> {
  const server = await context.startServer('server')
  const served = await ServedClient.start(server.port, context.topic)
  context.defer(() => served.close())
  await served.round()
  const before = await settled(server)
  assert.ok(before <= MEMORY.nodeBytes, `${mebibytes(before)} MiB of a node that does nothing`)
  const sockets = await dialAll(context, server.port, count, true)
  const body = { topics: [{ name: context.topic }], allowAutoTopicCreation: false }
  const ask = Buffer.concat(encodeRequest(metadataRequest, 12, 1, 'many', body))
  for (const socket of sockets) socket.write(ask)
  const serving = serve(served)
  const after = await settled(server)
  served.end()
  await serving
  assert.equal(sockets.filter(({ destroyed }) => destroyed).length, 0, 'connections that ended')
  for (const socket of sockets) assert.ok(socket.bytesRead > 0, 'a connection without an answer')
  within(context, `${count} connections`, before, after, count * MEMORY.connectionBytes)
}

async function partitions(context: CheckContext, count: number): Promise<void> {
  const server = await context.startServer('server')
  const served = await ServedClient.start(server.port, context.topic)
  context.defer(() => served.close())
  const before = await settled(server)
  const topics = Array.from({ length: TOPICS }, (_, i) => {
    return { name: `many-${i}`, partitions: Math.ceil(count / TOPICS) }
  })
  const serving = serve(served)
  await createTopics(server.port, topics)
  const idle = await settled(server)
  within(context, `${count} partitions`, before, idle, count * MEMORY.partitionBytes)
  await produceToAll(server, topics)
  served.end()
  await serving
  const after = await settled(server)
  const max = count * MEMORY.writtenPartitionBytes + MEMORY.sharedBytes
  within(context, `${count} partitions with a record each`, before, after, max)
  await server.stop()
  const started = performance.now()
  await server.start()
  context.note(`started with them in ${Math.round(performance.now() - started)} ms`)
  await readOne(server, topics)
}

async function produceToAll(
  server: Server,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  const client = await BenchClient.open(server.port)
  const records = batchOf(['once'], Date.now())
  for (const { name, partitions: count } of topics) {
    const partitionData = Array.from({ length: count }, (_, index) => ({ index, records }))
    const topicData = [{ name, partitionData }]
    const body = { transactionalId: null, acks: -1, timeoutMs: 60_000, topicData }
    const answer = await client.request(produceRequest, produceResponse, 9, body)
    const errors = answer.responses[0]!.partitionResponses.filter(
      ({ errorCode }) => errorCode !== 0,
    )
    assert.equal(errors.length, 0, `${errors[0]?.errorCode}`)
  }
  client.close()
}

/** All of them are there and have a leader. */
async function readOne(
  server: Server,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  const client = await BenchClient.open(server.port)
  const body = { topics: topics.map(({ name }) => ({ name })), allowAutoTopicCreation: false }
  const answer = await client.request(metadataRequest, metadataResponse, 12, body)
  const found = answer.topics.flatMap((topic) => topic.partitions)
  client.close()
  const wanted = topics.reduce((sum, topic) => sum + topic.partitions, 0)
  assert.equal(found.length, wanted)
  assert.ok(found.every(({ leaderId, errorCode }) => leaderId >= 0 && errorCode === 0))
}

/** Consumers that ask for much and read nothing; others go on, and what is held is bounded. */
async function slowConsumers(context: CheckContext): Promise<void> {
  const server = await context.startServer('server')
  const served = await ServedClient.start(server.port, context.topic)
  context.defer(() => served.close())
  await createTopics(server.port, [{ name: 'large', partitions: 1 }])
  const client = await BenchClient.open(server.port)
  for (let i = 0; i < 20; i++) {
    const records = batchOf(['x'.repeat(VALUE_BYTES)], Date.now())
    const topicData = [{ name: 'large', partitionData: [{ index: 0, records }] }]
    const body = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
    await client.request(produceRequest, produceResponse, 9, body)
  }
  client.close()
  const before = await settled(server)
  const sockets = await dialAll(context, server.port, SLOW_CONSUMERS, false)
  for (const socket of sockets) {
    for (let i = 0; i < FETCHES_EACH; i++) socket.write(fetchAll(i))
  }
  const serving = serve(served)
  const after = await settled(server)
  const max = MEMORY.answersBytes + MEMORY.sharedBytes + SLOW_CONSUMERS * MEMORY.connectionBytes
  within(context, `${SLOW_CONSUMERS} consumers that do not read`, before, after, max)
  for (const socket of sockets) socket.destroy()
  served.end()
  await serving
}

function fetchAll(correlationId: number): Buffer {
  const asked = { partition: 0, fetchOffset: 0, partitionMaxBytes: 50 << 20 }
  const partition = { ...asked, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  const body = {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 50 << 20,
    isolationLevel: 0,
    sessionEpoch: -1,
    topics: [{ topic: 'large', partitions: [partition] }],
    forgottenTopicsData: [],
  }
  return Buffer.concat(encodeRequest(fetchRequest, FETCH_VERSION, correlationId, 'slow', body))
}

/** Requests that are announced and do not come, and a group of very many members. */
async function held(context: CheckContext): Promise<void> {
  const server = await context.startServer('server')
  const served = await ServedClient.start(server.port, context.topic)
  context.defer(() => served.close())
  const before = await settled(server)
  const announcing = await dialAll(context, server.port, 200, true)
  const announced = Buffer.alloc(4 + 10_000)
  announced.writeInt32BE(100 * MEBIBYTE, 0)
  for (const socket of announcing) socket.write(announced)
  const serving = serve(served)
  const after = await settled(server)
  within(context, '200 requests of 100 MiB announced', before, after, 200 * MEMORY.connectionBytes)
  for (const socket of announcing) socket.destroy()
  const joining = await dialAll(context, server.port, MEMBERS, true)
  joining.forEach((socket, i) => {
    socket.write(join(i))
  })
  const joined = await settled(server)
  served.end()
  await serving
  const max = MEMBERS * (MEMORY.connectionBytes + MEMORY.memberBytes)
  within(context, `a group of ${MEMBERS} members`, before, joined, max)
}

function join(number: number): Buffer {
  const protocols = [{ name: 'range', metadata: new Uint8Array(100) }]
  const member = { groupId: 'fault-many', memberId: '', groupInstanceId: `instance-${number}` }
  const timeouts = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000 }
  const body = { ...member, ...timeouts, protocolType: 'consumer', protocols }
  return Buffer.concat(encodeRequest(joinGroupRequest, JOIN_VERSION, 1, 'many', body))
}

export function limitChecks(connectionCount: number, partitionCount: number): Check[] {
  const check = (name: string, run: Check['run']): Check => {
    return { name, needs: ['java'], timeoutMs: 240_000, run }
  }
  return [
    check('fault-connections', (context) => connections(context, connectionCount)),
    check('fault-partitions', (context) => partitions(context, partitionCount)),
    check('fault-slow-consumers', slowConsumers),
    check('fault-held', held),
  ]
}
