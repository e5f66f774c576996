/**
 * What a node is that was given no file: one that starts anywhere, keeps everything in one
 * directory, and does not make its only consumer wait for others. Apache Kafka's own defaults hold
 * for everything that does not stand here; the start line names the profile.
 */

const LISTENERS = 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093'
const CONTROLLER = 'CONTROLLER'
const PROTOCOL_MAP = 'listener.security.protocol.map'
/** Every protocol under its own name, and the controller's as it is in Kafka's own examples. */
const PROTOCOLS =
  'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL'

/** One node is all there is: no internal topic can have more replicas. */
const PROFILE: ReadonlyMap<string, string> = new Map([
  ['process.roles', 'broker,controller'],
  ['node.id', '1'],
  ['listeners', LISTENERS],
  ['controller.listener.names', CONTROLLER],
  ['controller.quorum.bootstrap.servers', '127.0.0.1:9093'],
  ['log.dirs', './data'],
  ['offsets.topic.replication.factor', '1'],
  ['transaction.state.log.replication.factor', '1'],
  ['transaction.state.log.min.isr', '1'],
  ['share.coordinator.state.topic.replication.factor', '1'],
  ['share.coordinator.state.topic.min.isr', '1'],
  ['group.initial.rebalance.delay.ms', '0'],
])

/**
 * The profile under what was set otherwise. Who sets `listeners` thinks of clients: where the
 * controller's is missing from them, it is added on any free port.
 */
export function developmentProperties(given: ReadonlyMap<string, string>): Map<string, string> {
  const properties = new Map([...PROFILE, ...given])
  if (properties.get('controller.listener.names') !== CONTROLLER) return properties
  if (!properties.has(PROTOCOL_MAP)) properties.set(PROTOCOL_MAP, PROTOCOLS)
  const listeners = properties.get('listeners') ?? ''
  const hasController = listeners.toUpperCase().includes(`${CONTROLLER}://`)
  if (!hasController) properties.set('listeners', `${listeners},${CONTROLLER}://127.0.0.1:0`)
  return properties
}
