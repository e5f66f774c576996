/**
 * `millrace perf-produce`, which is kafka-producer-perf-test: how many records a second a producer
 * writes, and how long each takes.
 *
 * Invariant: lines, percentiles and exit status are Kafka's, but for --help and --json; a record
 * counts once it is written, and its time runs from the call that sends it.
 *
 * KIP-1052 (warm-up and steady state), KIP-1147 (names of flags).
 */
import type { Producer } from '../../client/producer/producer.ts'
import type { Transaction } from '../../client/producer/transaction.ts'
import type { ProducerRecord, RecordMetadata } from '../../client/record.ts'
import { ArgumentError, argumentFailure, argumentsOrStatus } from '../argparse-flags.ts'
import type { ToolRun } from '../tool.ts'
import { LatencyStats } from './latency-stats.ts'
import { metricLines } from './metrics-table.ts'
import { type PerfPlan, perfPlan } from './perf-plan.ts'
import { PERF_PRODUCE } from './perf-produce-flags.ts'
import { Throttle } from './throttle.ts'

/** Records between two looks at whether the producer has room. */
const ROUND = 100
const FIRST_LETTER = 65
const LETTERS = 26

/** Runs the command. */
export async function perfProduceTool(run: ToolRun): Promise<number> {
  const args = argumentsOrStatus(run, PERF_PRODUCE)
  if (typeof args === 'number') return args
  let plan: PerfPlan
  try {
    plan = perfPlan(args, run)
  } catch (error) {
    if (error instanceof ArgumentError) return argumentFailure(run, error)
    throw error
  }
  return produce(plan, run, args.has('json'))
}

async function produce(plan: PerfPlan, run: ToolRun, isJson: boolean): Promise<number> {
  // The client is a large part, for which help need not wait.
  const { measureWithClient } = await import('./measure-with-client.ts')
  const { producerOptions } = await import('../produce/producer-properties.ts')
  const { transactionalId, settings } = plan
  return measureWithClient(settings, async (kafka) => {
    const options = producerOptions(settings.properties)
    const producer = kafka.producer({ ...options, ...(transactionalId && { transactionalId }) })
    const load = new Load(plan, producer, run, isJson)
    try {
      await load.run()
      if (plan.printsMetrics) await producer.flush()
      else await producer.close()
      load.printTotals()
      if (plan.printsMetrics) for (const line of metricLines(producer.metrics())) load.tell(line)
    } finally {
      await producer.close()
    }
    return load.hasFailed && !run.isAlias ? 1 : 0
  })
}

type Send = (record: ProducerRecord) => Promise<RecordMetadata>

/** One run: its records and their counts. */
class Load {
  hasFailed = false
  readonly #plan: PerfPlan
  readonly #producer: Producer
  readonly #run: ToolRun
  readonly #isJson: boolean
  readonly #stats: LatencyStats
  #steady: LatencyStats | null = null
  readonly #random = new Letters()

  constructor(plan: PerfPlan, producer: Producer, run: ToolRun, isJson: boolean) {
    this.#plan = plan
    this.#producer = producer
    this.#run = run
    this.#isJson = isJson
    if (plan.warmupRecords > 0) {
      this.tell(
        `Warmup first ${plan.warmupRecords} records. Steady state results will print after the ` +
          'complete test summary.',
      )
    }
    this.#stats = this.#newStats(plan.records, false)
  }

  /** Prints a line of text; with --json that is not where results are. */
  tell(line: string): void {
    if (this.#isJson) this.#run.err(line)
    else this.#run.out(line)
  }

  #newStats(records: number, isSteady: boolean): LatencyStats {
    const print = (line: string) => this.tell(line)
    return new LatencyStats(records, this.#plan.reportingIntervalMs, isSteady, Date.now, print)
  }

  async run(): Promise<void> {
    const { topic, records, warmupRecords, transactionalId, transactionMs } = this.#plan
    const throttle = new Throttle(this.#plan.recordsPerSecond, Date.now())
    let transaction: Transaction | null = null
    let begunMs = 0
    let send: Send = (record) => this.#producer.send(topic, record)
    for (let at = 0; at < records; at++) {
      const value = this.#payload(at)
      if (transactionalId !== null && transaction === null) {
        const begun = await this.#producer.begin()
        transaction = begun
        send = (record) => begun.send(topic, record)
        begunMs = Date.now()
      }
      const startMs = Date.now()
      if (warmupRecords > 0 && at === warmupRecords) {
        this.#steady = this.#newStats(records - warmupRecords, true)
        this.#stats.isPrinting = false
      }
      this.#follow(send({ value }), startMs, value.length, this.#steady)
      if (transaction !== null && transactionMs <= startMs - begunMs) {
        await transaction.commit()
        transaction = null
      }
      if (throttle.isAhead(at, startMs)) await throttle.wait()
      else if (at % ROUND === 0) await this.#producer.ready()
    }
    if (transaction !== null) await transaction.commit()
  }

  /** Counts the record once it is written, in the steady state if it was sent in it. */
  #follow(
    sent: Promise<RecordMetadata>,
    startMs: number,
    bytes: number,
    steady: LatencyStats | null,
  ): void {
    sent.then(
      () => {
        const nowMs = Date.now()
        this.#stats.record(nowMs - startMs, bytes, nowMs)
        steady?.record(nowMs - startMs, bytes, nowMs)
      },
      (error: Error) => {
        this.hasFailed = true
        this.#run.err(error.message)
      },
    )
  }

  #payload(at: number): Buffer {
    const { payloads, recordBytes } = this.#plan
    if (payloads.length > 0) return payloads[this.#random.below(payloads.length)]!
    if (recordBytes !== null) return this.#random.letters(recordBytes)
    return Buffer.from(String(at))
  }

  printTotals(): void {
    if (this.#isJson) {
      const steadyState = this.#steady?.totals() ?? null
      this.#run.out(JSON.stringify({ ...this.#stats.totals(), steadyState }))
      return
    }
    this.#run.out(this.#stats.totalsText())
    if (this.#steady !== null) this.#run.out(this.#steady.totalsText())
  }
}

/** Letters at random, the same in each run. */
class Letters {
  #state = 0x9e3779b9

  /** Below 2^32 (xorshift). */
  below(limit: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x >>> 0) % limit
  }

  letters(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let at = 0; at < count; at++) bytes[at] = FIRST_LETTER + this.below(LETTERS)
    return bytes
  }
}
