/** Options that do not exist are refused by name, wherever a program gives options. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerSettings } from './consumer/options.ts'
import { runSettings } from './consumer/run-options.ts'
import type { KafkaError } from './kafka-error.ts'
import { settingsOf } from './options.ts'
import { producerSettings } from './producer/options.ts'

test('an option that does not exist is refused by its name', () => {
  const handler = () => {}
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => settingsOf({ brokers: 'a:1', ssl: true } as never), /Kafka: .* ssl$/],
    [() => settingsOf({ brokers: 'a:1', clientID: 'x' } as never), /clientID; .* clientId$/],
    [() => settingsOf(undefined as never), /Kafka: undefined is no object/],
    [() => consumerSettings({ groupid: 'g' } as never), /consumer: .* groupid; .* groupId$/],
    [() => consumerSettings({ fromBeginning: true } as never), /consumer: .* fromBeginning$/],
    [() => consumerSettings(undefined as never), /consumer: undefined is no object/],
    [() => runSettings({ eachMessage: handler } as never), /run: .* eachMessage$/],
    [() => runSettings({ handler, retry: { retries: 5 } } as never), /run retry: .* retries$/],
    [() => producerSettings({ linger: 5 } as never), /producer: linger is no option/],
  ]
  for (const [make, text] of cases) {
    assert.throws(make, ({ code, message }: KafkaError) => {
      assert.equal(code, 'INVALID_ARGUMENT')
      assert.match(message, text)
      return true
    })
  }
})
