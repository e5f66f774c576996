/** A node's configuration for tests: the least that may stand in a file. */
import assert from 'node:assert/strict'
import { BrokerConfig } from './broker-config.ts'

export const LEAST_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['process.roles', 'broker,controller'],
  ['node.id', '1'],
  ['listeners', 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093'],
  ['controller.listener.names', 'CONTROLLER'],
  ['controller.quorum.bootstrap.servers', '127.0.0.1:9093'],
])

/** Parses the least with these set as well. */
export function parseWith(properties: Readonly<Record<string, string>>, strict = false) {
  const all = new Map([...LEAST_PROPERTIES, ...Object.entries(properties)])
  return BrokerConfig.parse(all, { strict })
}

/** The same, where it must be fine. */
export function configWith(properties: Readonly<Record<string, string>> = {}): BrokerConfig {
  const { config, errors } = parseWith(properties)
  assert.deepEqual(errors, [])
  assert.ok(config !== null)
  return config
}
