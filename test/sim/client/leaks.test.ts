/**
 * Ten thousand clients, each opened with a producer, a consumer and an admin, and closed at another
 * moment of its life, in virtual time: nothing is left of them, neither timers nor connections nor
 * listeners nor objects that the collector can't take.
 */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Prng } from '../../../src/base/prng.ts'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import { Kafka, KafkaError } from '../../../src/client/index.ts'

const CYCLES = 10_000
/** Clients that live at the same time. */
const TOGETHER = 50
/** One in so many lives for longer than it takes to dial. */
const LONG_LIVED = 20
const GROUPS = 5
const CLOSE_TIMEOUT_MS = 5000

/** Objects of the client that the collector has not taken yet. */
class Living {
  readonly #registry = new FinalizationRegistry<null>(() => {
    this.count--
  })
  count = 0

  add(...objects: readonly object[]): void {
    this.count += objects.length
    for (const object of objects) this.#registry.register(object, null)
  }

  /** Collects until what is left does not get less. */
  async settle(): Promise<number> {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let last = Infinity; this.count < last; ) {
      last = this.count
      for (let i = 0; i < 3; i++) {
        collect()
        await setImmediate()
      }
    }
    return this.count
  }
}

class Cycles {
  readonly random = new Prng(1)
  readonly living = new Living()
  /** What became of the calls that were under way. */
  readonly outcomes = new Map<string, number>()
  readonly #node: TestNode
  readonly #io
  readonly #signal: AbortSignal

  constructor(node: TestNode, signal: AbortSignal) {
    this.#node = node
    this.#io = node.world.node('app')
    this.#signal = signal
  }

  /** Opens and closes so many. */
  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done += TOGETHER) {
      const lives = Array.from({ length: TOGETHER }, (_, i) => this.#life(done + i))
      await this.#node.world.settle(Promise.all(lives))
    }
    // What a side takes to see the other's end.
    await this.#node.world.advance(2000)
  }

  async #life(number: number): Promise<void> {
    const { random } = this
    const isLong = number % LONG_LIVED === 0
    const kafka = new Kafka({ brokers: `broker:${PORT}`, io: this.#io, signal: this.#signal })
    const producer = kafka.producer({ lingerMs: random.int(3) })
    const groupId = random.chance(0.5) ? `group-${random.int(GROUPS)}` : undefined
    const consumer = kafka.consumer({ topics: ['t'], groupId, autoOffsetReset: 'earliest' })
    const admin = kafka.admin()
    this.living.add(kafka, producer, consumer, admin, kafka.cluster)
    const calls: Promise<void>[] = []
    if (isLong || random.chance(0.5)) {
      const polled = consumer.poll({ timeoutMs: 20 })
      const sent = producer.send('t', { value: 'v' })
      for (const call of [polled, sent, admin.describeCluster()]) calls.push(this.#note(call))
      await this.#sleep(isLong ? random.int(200) : random.int(20) / 10)
    }
    if (isLong && random.chance(0.3)) {
      await Promise.all([producer, consumer].map((part) => part.close()))
    }
    await kafka.close({ timeoutMs: isLong ? CLOSE_TIMEOUT_MS : 0 })
    await Promise.all(calls)
  }

  async #note(call: Promise<unknown>): Promise<void> {
    const outcome = await call.then(
      () => 'done',
      (error) => (error instanceof KafkaError ? error.code : String(error)),
    )
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#io.clock.after(durationMs, resolve)
    })
  }
}

describe('clients that are opened and closed', () => {
  it('leave nothing behind, ten thousand of them', async () => {
    const node = await TestNode.start({ seed: 1 })
    const { world } = node
    await (await node.connect()).createTopic('t', 2)
    const { signal } = new AbortController()
    const cycles = new Cycles(node, signal)
    const census = async () => ({
      events: world.time.pendingEvents,
      connections: world.network.openEnds,
      listeners: getEventListeners(signal, 'abort').length,
      objects: await cycles.living.settle(),
    })
    await cycles.run(CYCLES / 10)
    const early = await census()
    await cycles.run((CYCLES / 10) * 9)
    const late = await census()
    assert.deepEqual(late, early)
    assert.equal(late.objects, 0)
    assert.equal(late.listeners, 0)
    // They were closed at all sorts of moments.
    const { done = 0, CLOSED: closed = 0, ...others } = Object.fromEntries(cycles.outcomes)
    assert.ok(done > CYCLES / 10 && closed > CYCLES / 10, `${done} done, ${closed} closed`)
    assert.deepEqual(others, {})
  })
})
