/**
 * What a log costs: `node test/bench/log.ts [directory]`. Appends a gigabyte in batches of about 16
 * KiB, one write a batch, and reads it: the tail from memory, all of it from the page cache; then
 * opens it again, cleanly and as after a crash; then does the last with ten thousand partitions.
 */
import { rmSync } from 'node:fs'
import { nodeIo } from '../../src/io/node.ts'
import { DEFAULT_LOG_CONFIG } from '../../src/log/log-config.ts'
import { LogDirectory } from '../../src/log/log-directory.ts'
import { UnifiedLog } from '../../src/log/unified-log.ts'
import { setBaseOffset } from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/builder.ts'

const NOW_MS = 1_700_000_000_000
const BATCH_BYTES = 16_384
const TOTAL_BYTES = 1e9
const PARTITIONS = 10_000
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAABA'
const root = process.argv[2] ?? '/tmp/millrace-bench-log'
const io = nodeIo()

function open(wasCleanShutdown: boolean, recoveryPoint = 0): UnifiedLog {
  io.disk.makeDirectory(`${root}/t-0`)
  return UnifiedLog.open({
    disk: io.disk,
    directory: `${root}/t-0`,
    topic: 't',
    partition: 0,
    topicId: TOPIC_ID,
    config: DEFAULT_LOG_CONFIG,
    nowMs: NOW_MS,
    random: io.random,
    wasCleanShutdown,
    recoveryPoint,
  })
}

function makeBatch(valueBytes: number, count = Infinity): Uint8Array {
  const builder = new BatchBuilder({})
  const value = new Uint8Array(valueBytes).fill(97)
  while (builder.count < count && builder.sizeBytes < BATCH_BYTES - valueBytes) {
    builder.append(NOW_MS, null, value)
  }
  return builder.build()
}

function seconds(work: () => void): number {
  const start = performance.now()
  work()
  return (performance.now() - start) / 1000
}

const rate = (bytes: number, s: number): string => `${(bytes / s / 1e6).toFixed(0)} MB/s`

function append(log: UnifiedLog, batch: Uint8Array): void {
  setBaseOffset(batch, 0, 0)
  const result = log.appendAsLeader(batch, { leaderEpoch: 0, nowMs: NOW_MS, origin: 'client' })
  if (result.error !== 0) throw new Error(String(result.errorMessage))
  log.write()
}

async function readAll(log: UnifiedLog): Promise<number> {
  let bytes = 0
  for (let next = 0; next < log.logEndOffset; ) {
    const options = { minOneMessage: true, upperBound: log.logEndOffset }
    const read = await log.read(next, 1024 * 1024, options)
    bytes += read.sizeBytes
    next = read.nextOffset
  }
  return bytes
}

for (const valueBytes of [100, 1024]) {
  rmSync(root, { recursive: true, force: true })
  const log = open(true)
  const batch = makeBatch(valueBytes)
  const count = Math.floor(TOTAL_BYTES / batch.length)
  const appendS = seconds(() => {
    for (let i = 0; i < count; i++) append(log, batch)
  })
  const end = log.logEndOffset
  const perBatch = end / count
  const reads = 200_000
  const tailS = seconds(() => {
    const options = { minOneMessage: true, upperBound: end }
    for (let i = 0; i < reads; i++) log.read(end - perBatch, 1024 * 1024, options)
  })
  const start = performance.now()
  const bytes = await readAll(log)
  const readS = (performance.now() - start) / 1000
  log.close()
  const cleanS = seconds(() => open(true, end).close())
  const recoverS = seconds(() => open(false).close())
  console.log(
    `records of ${valueBytes} B, batches of ${batch.length} B: ` +
      `append ${rate(TOTAL_BYTES, appendS)} (${((appendS / count) * 1e6).toFixed(1)} us a batch), ` +
      `read ${rate(bytes, readS)}, tail read ${((tailS / reads) * 1e6).toFixed(2)} us, ` +
      `open ${(cleanS * 1e3).toFixed(1)} ms, recover ${rate(TOTAL_BYTES, recoverS)}`,
  )
}

function openDirectory(): LogDirectory {
  const options = { disk: io.disk, path: root, random: io.random, nowMs: NOW_MS }
  const directory = LogDirectory.open(options)
  directory.load(() => DEFAULT_LOG_CONFIG, NOW_MS)
  return directory
}

rmSync(root, { recursive: true, force: true })
const directory = openDirectory()
const createS = seconds(() => {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const config = DEFAULT_LOG_CONFIG
    directory.createLog({ topic: 't', partition, topicId: TOPIC_ID, config, nowMs: NOW_MS })
  }
})
const small = makeBatch(100, 10)
const fillS = seconds(() => {
  for (const log of directory.logs()) append(log, small)
})
const closeStart = performance.now()
await directory.prepareClose()
directory.close()
const closeS = (performance.now() - closeStart) / 1000
const loadS = seconds(() => openDirectory().close())
console.log(
  `${PARTITIONS} partitions: create ${createS.toFixed(2)} s, first batch ${fillS.toFixed(2)} s, ` +
    `close ${closeS.toFixed(2)} s, open and close again ${loadS.toFixed(2)} s`,
)
rmSync(root, { recursive: true, force: true })
