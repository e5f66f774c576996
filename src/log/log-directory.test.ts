/** A log directory over restarts, deletions and disk faults, on the simulated disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { simIo } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { batchOf, START_MS, TOPIC_ID } from './log.test-support.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.ts'
import { LogDirectory, LogDirectoryError } from './log-directory.ts'
import type { UnifiedLog } from './unified-log.ts'

class Fixture {
  readonly io = simIo(7)
  readonly warnings: string[] = []
  readonly offline: Error[] = []
  nowMs = START_MS
  config: LogConfig = { ...DEFAULT_LOG_CONFIG, segmentBytes: 1000 }
  directory = this.open()

  open(): LogDirectory {
    this.directory = LogDirectory.open({
      disk: this.io.disk,
      path: '/data',
      random: this.io.random,
      nowMs: this.nowMs,
      onWarning: (message) => this.warnings.push(message),
      onOffline: (_directory, error) => this.offline.push(error),
    })
    this.directory.load(() => this.config, this.nowMs)
    return this.directory
  }

  create(topic: string, partition = 0, topicId = TOPIC_ID): UnifiedLog {
    const { config, nowMs } = this
    return this.directory.createLog({ topic, partition, topicId, config, nowMs })
  }

  /** Appends and writes so many batches of two records. */
  fill(log: UnifiedLog, batches: number): void {
    for (let i = 0; i < batches; i++) {
      assert.equal(this.append(log), ErrorCode.NONE)
      log.write()
    }
    log.advanceHighWatermark(log.logEndOffset)
  }

  append(log: UnifiedLog): ErrorCode {
    const batch = batchOf(['x'.repeat(60), 'y'.repeat(60)], { timestampMs: this.nowMs })
    return log.appendAsLeader(batch, { leaderEpoch: 2, nowMs: this.nowMs, origin: 'client' }).error
  }

  /** Does what is due so much later, and lets what runs off the loop end. */
  async maintainAfter(ms: number): Promise<void> {
    this.directory.maintain((this.nowMs += ms))
    await this.io.simulation.advance(1000)
  }

  text(name: string): string {
    return utf8Text(this.io.disk.readFile(`/data/${name}`))
  }

  names(): string[] {
    return this.io.disk.list('/data')
  }
}

test('what was closed cleanly opens as it was, with checkpoints as Kafka writes them', () => {
  const f = new Fixture()
  f.fill(f.create('a'), 12)
  f.fill(f.create('b', 3), 2)
  f.create('empty')
  assert.equal(f.directory.log('a', 0)!.incrementLogStartOffset(5), ErrorCode.NONE)
  f.directory.close(77)
  assert.equal(f.text('.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":77}')
  assert.equal(f.text('recovery-point-offset-checkpoint'), '0\n3\na 0 24\nb 3 4\nempty 0 0\n')
  assert.equal(f.text('replication-offset-checkpoint'), '0\n3\na 0 24\nb 3 4\nempty 0 0\n')
  assert.equal(f.text('log-start-offset-checkpoint'), '0\n1\na 0 5\n')
  assert.equal(f.text('a-0/leader-epoch-checkpoint'), '0\n1\n2 5\n')
  assert.equal(f.text('a-0/partition.metadata'), `version: 0\ntopic_id: ${TOPIC_ID}`)
  f.open()
  assert.equal(f.directory.previousBrokerEpoch, 77)
  assert.ok(!f.names().includes('.kafka_cleanshutdown'))
  const states = f.directory
    .logs()
    .map((log) => [log.name, log.logStartOffset, log.logEndOffset, log.highWatermark, log.topicId])
  assert.deepEqual(states, [
    ['a-0', 5, 24, 24, TOPIC_ID],
    ['b-3', 0, 4, 4, TOPIC_ID],
    ['empty-0', 0, 0, 0, TOPIC_ID],
  ])
  assert.deepEqual(f.warnings, [])
})

test('a directory is for one process at a time', () => {
  const f = new Fixture()
  const again = () => f.open()
  assert.throws(again, (error: unknown) => {
    assert.ok(error instanceof LogDirectoryError)
    assert.match(error.message, /\/data is in use by another process/)
    return true
  })
  f.directory.close()
  f.open()
})

test('a file in the place of the directory is refused', () => {
  const { disk, random } = simIo(1)
  disk.open('/data', 'create').close()
  assert.throws(
    () => LogDirectory.open({ disk, path: '/data', random, nowMs: 0 }),
    /\/data is not a directory/,
  )
})

test('a deleted partition is renamed, then removed; its name can be used at once', async () => {
  const f = new Fixture()
  const old = f.create('t')
  f.fill(old, 20)
  old.incrementLogStartOffset(35)
  await f.maintainAfter(60_000)
  assert.match(f.text('log-start-offset-checkpoint'), /t 0 35/)
  f.directory.deleteLog(old, f.nowMs)
  assert.equal(f.append(old), ErrorCode.KAFKA_STORAGE_ERROR)
  const renamed = f.names().filter((name) => name.endsWith('-delete'))
  assert.equal(renamed.length, 1)
  assert.match(renamed[0]!, /^t-0\.[0-9a-f]{32}-delete$/)
  const otherId = 'AAAAAAAAAAAAAAAAAAAABQ'
  f.fill(f.create('t', 0, otherId), 1)
  // The checkpoints must not say of the new partition what was true of the old one.
  f.io.kill()
  f.open()
  const log = f.directory.log('t', 0)!
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.topicId], [0, 2, otherId])
  await f.maintainAfter(0)
  assert.deepEqual(
    f.names().filter((name) => name.startsWith('t-0')),
    ['t-0'],
  )
  assert.deepEqual(f.warnings, [])
})

test('a log of no topic is set aside and left alone', () => {
  const f = new Fixture()
  f.directory.setAside(f.create('gone'))
  f.directory.close()
  f.open()
  assert.equal(f.directory.count, 0)
  assert.match(f.warnings[0]!, /gone-0\.[0-9a-f]{32}-stray is stray: left alone/)
  f.io.disk.makeDirectory('/data/lost-found')
  f.directory.close()
  f.open()
  assert.match(f.warnings.at(-1)!, /lost-found is no partition's directory/)
})

test('flushed data that is corrupt is refused, not dropped; the other partitions go on', async () => {
  const f = new Fixture()
  const log = f.create('t')
  f.fill(log, 3)
  f.fill(f.create('u'), 3)
  log.flushNow()
  await f.maintainAfter(60_000)
  f.io.kill()
  const path = '/data/t-0/00000000000000000000.log'
  const whole = f.io.disk.readFile(path)
  const file = f.io.disk.open(path, 'write')
  file.write([new Uint8Array([0xff])], whole.length - 3)
  f.open()
  assert.equal(f.directory.log('t', 0), null)
  assert.equal(f.directory.log('u', 0)!.logEndOffset, 6)
  const refusal = f.directory.refused.get('t-0')!
  assert.match(refusal.message, /t-0\/0+\.log: byte \d+ \(offset 4\): the checksum does not match/)
  assert.match(refusal.message, /below offset 6 had been flushed, so nothing is dropped/)
  assert.throws(() => f.create('t'), refusal)
  // A clean end now must not hide it from the next start.
  f.directory.close()
  f.open()
  assert.ok(f.directory.refused.has('t-0'))
  f.directory.close()
  f.io.disk.writeFileAtomic(path, whole)
  f.open()
  assert.equal(f.directory.log('t', 0)!.logEndOffset, 6)
})

test('what was never flushed is cut where it is not whole, and kept aside if it is more than torn', () => {
  const f = new Fixture()
  f.fill(f.create('t'), 3)
  f.io.kill()
  const path = '/data/t-0/00000000000000000000.log'
  const { length } = f.io.disk.readFile(path)
  const file = f.io.disk.open(path, 'write')
  file.write([new Uint8Array([0xff])], 290)
  f.open()
  assert.equal(f.directory.log('t', 0)!.logEndOffset, 2)
  assert.match(f.warnings[0]!, /byte \d+ \(offset 2\): the checksum does not match; the \d+ bytes/)
  const kept = f.io.disk.list('/data/t-0').find((name) => name.includes('.log.cut-'))!
  const cut = Number(kept.split('-').at(-1))
  assert.equal(f.io.disk.readFile(`/data/t-0/${kept}`).length, length - cut)
  // A write that ended in the middle of a batch leaves nothing worth keeping.
  f.fill(f.directory.log('t', 0)!, 2)
  f.io.kill()
  f.io.disk.open(path, 'write').truncate(cut + 150)
  f.warnings.length = 0
  f.open()
  assert.equal(f.directory.log('t', 0)!.logEndOffset, 2)
  assert.match(f.warnings[0]!, /a batch of \d+ bytes, \d+ remain; the \d+ bytes .* flushed, cut$/)
})

test('a full disk takes the directory offline, once, and loses nothing that was written', () => {
  const f = new Fixture()
  const log = f.create('t')
  const other = f.create('u')
  f.fill(log, 2)
  f.io.volume.capacityBytes = f.io.volume.usedBytes() + 50
  assert.equal(f.append(log), ErrorCode.NONE)
  assert.equal(f.append(other), ErrorCode.NONE)
  assert.throws(() => log.write(), /ENOSPC/)
  assert.throws(() => other.write(), /ENOSPC/)
  assert.equal(f.append(log), ErrorCode.KAFKA_STORAGE_ERROR)
  assert.equal(f.offline.length, 1)
  assert.deepEqual(
    f.warnings.map((warning) => warning.slice(0, 40)),
    ['log directory /data is offline: ENOSPC: '],
  )
  log.advanceHighWatermark(log.logEndOffset)
  assert.equal(log.highWatermark, 4)
  const read = log.read(0, 1000, { minOneMessage: true, upperBound: 4 })
  assert.ok(!(read instanceof Promise) && read.error === ErrorCode.KAFKA_STORAGE_ERROR)
  f.directory.close()
  assert.ok(!f.names().includes('.kafka_cleanshutdown'))
  f.io.kill()
  f.io.volume.capacityBytes = Infinity
  f.open()
  assert.equal(f.directory.log('t', 0)!.logEndOffset, 4)
  assert.equal(f.directory.log('u', 0)!.logEndOffset, 0)
})

test('a disk that can not be read takes the directory offline', async () => {
  const f = new Fixture()
  f.fill(f.create('t'), 20)
  f.directory.close()
  f.open()
  const log = f.directory.log('t', 0)!
  f.io.volume.inject({ kind: 'read', path: '/data/t-0/00000000000000000000.log' })
  const read = log.read(0, 1000, { minOneMessage: true, upperBound: 40 })
  assert.ok(read instanceof Promise)
  assert.equal((await f.io.simulation.settle(read)).error, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.ok(f.directory.offline)
})

test('a failed sync takes the directory offline and moves no recovery point', async () => {
  const f = new Fixture()
  const log = f.create('t')
  f.fill(log, 2)
  f.io.volume.inject({ kind: 'sync' })
  await assert.rejects(f.io.simulation.settle(log.flush()), /EIO/)
  assert.equal(log.recoveryPoint, 0)
  assert.ok(f.directory.offline)
  await assert.rejects(log.flush(), /EIO/)
})

test('retention runs when it is due, and files go after their delay', async () => {
  const f = new Fixture()
  f.config = { ...f.config, retentionMs: 100_000, fileDeleteDelayMs: 5_000 }
  const log = f.create('t')
  f.fill(log, 20)
  assert.equal(log.segments.count, 4)
  f.nowMs += 200_000
  f.append(log)
  log.write()
  assert.ok(f.directory.nextDeadlineMs() <= f.nowMs)
  f.directory.maintain(f.nowMs)
  // The high watermark is where the last segment begins: it stays.
  assert.equal(log.logStartOffset, 40)
  const logFiles = () => f.io.disk.list('/data/t-0').filter((name) => name.includes('.log'))
  assert.equal(logFiles().filter((name) => name.endsWith('.deleted')).length, 4)
  f.directory.maintain((f.nowMs += 5_000))
  assert.equal(logFiles().length, 5, 'nobody waits for them')
  await f.maintainAfter(0)
  assert.deepEqual(logFiles(), ['00000000000000000040.log'])
})

test('flush.ms makes logs durable in time', async () => {
  const f = new Fixture()
  f.config = { ...f.config, flushMs: 1000 }
  const log = f.create('t')
  f.fill(log, 2)
  f.directory.maintain((f.nowMs += 999))
  await f.io.simulation.advance(50)
  assert.equal(log.recoveryPoint, 0)
  assert.ok(f.directory.nextDeadlineMs() <= f.nowMs + 1000)
  f.directory.maintain((f.nowMs += 1000))
  await f.io.simulation.advance(50)
  assert.equal(log.recoveryPoint, 4)
})

test('flush.messages makes them durable with the write', () => {
  const f = new Fixture()
  f.config = { ...f.config, flushMessages: 3 }
  const log = f.create('t')
  f.fill(log, 1)
  assert.equal(log.recoveryPoint, 0)
  f.fill(log, 1)
  assert.equal(log.recoveryPoint, 4)
})

test('a checkpoint that can not be read costs a scan, nothing else', () => {
  const f = new Fixture()
  f.fill(f.create('t'), 20)
  f.directory.close()
  f.io.disk.remove('/data/.kafka_cleanshutdown')
  f.io.disk.writeFileAtomic('/data/recovery-point-offset-checkpoint', utf8Bytes('0\n7\nt 0 40\n'))
  f.open()
  assert.equal(f.directory.log('t', 0)!.logEndOffset, 40)
  assert.match(f.warnings[0]!, /7 entries announced, 1 found; going on without it/)
})

test('the metadata log has its place among the others', () => {
  const f = new Fixture()
  f.directory.close()
  const open = () => {
    f.directory = LogDirectory.open({
      disk: f.io.disk,
      path: '/data',
      random: f.io.random,
      nowMs: f.nowMs,
    })
    return f.directory.openMetadataLog('AAAAAAAAAAAAAAAAAAAAAQ', f.config, f.nowMs)
  }
  f.fill(open(), 3)
  f.directory.load(() => f.config, f.nowMs)
  f.fill(f.create('t'), 1)
  f.directory.log('t', 0)!.incrementLogStartOffset(1)
  assert.deepEqual(
    f.directory.logs().map((log) => log.name),
    ['t-0'],
  )
  f.directory.close()
  // A start that ends before the partitions are opened keeps what is known of them.
  assert.equal(open().logEndOffset, 6)
  f.directory.close()
  assert.match(f.text('recovery-point-offset-checkpoint'), /t 0 2\n/)
  assert.equal(open().logEndOffset, 6)
  f.directory.load(() => f.config, f.nowMs)
  assert.equal(f.directory.log('t', 0)!.logStartOffset, 1)
})
