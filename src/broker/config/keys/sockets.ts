/**
 * Configs of listeners and connections.
 */
import { ANY, int, list, long, string } from '../config-key.ts'
import { atLeast, distinct } from '../value-rule.ts'

const INT32_MAX = 2 ** 31 - 1

// biome-ignore format: a table; the line below a config's facts says what it does
export const SOCKET_KEYS = {
  'listeners': list(['PLAINTEXT://:9092'], distinct({ empty: false }), 'high per-broker',
    'Addresses to listen on, as NAME://host:port, comma-separated; an empty host means all ' +
      'interfaces.'),
  'advertised.listeners': list(null, distinct({ empty: false, unset: true }), 'high',
    'Addresses that clients are told to connect to. Unset, a client is told the address it ' +
      'dialled.'),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    ANY, 'low per-broker',
    'Which security protocol each listener name speaks, as NAME:PROTOCOL.'),
  'socket.send.buffer.bytes': int(102_400, ANY, 'high',
    "Send buffer of a client's socket; -1 leaves it to the operating system."),
  'socket.receive.buffer.bytes': int(102_400, ANY, 'high',
    "Receive buffer of a client's socket; -1 leaves it to the operating system."),
  'socket.request.max.bytes': int(104_857_600, atLeast(1), 'high',
    'Largest request that is read; a larger one closes its connection.'),
  'socket.listen.backlog.size': int(50, atLeast(1), 'medium',
    'Connections that may wait to be accepted.'),
  'max.connections.per.ip': int(INT32_MAX, atLeast(0), 'medium cluster-wide',
    'Open connections allowed from one address; 0 needs max.connections.per.ip.overrides.'),
  'max.connections.per.ip.overrides': string('', ANY, 'medium cluster-wide',
    'Other limits for single addresses, as host:number, comma-separated.'),
  'max.connections': int(INT32_MAX, atLeast(0), 'medium cluster-wide',
    'Open connections allowed in all; further ones are closed.'),
  'max.connection.creation.rate': int(INT32_MAX, atLeast(0), 'medium cluster-wide',
    'New connections allowed a second.'),
  'connections.max.idle.ms': long(600_000, ANY, 'medium',
    'A connection on which nothing happens for this long is closed.'),
  'connection.failed.authentication.delay.ms': int(100, atLeast(0), 'low',
    'How long a connection that failed to authenticate is kept before it closes, to slow ' +
      'guessing down.'),
  'queued.max.requests': int(500, atLeast(1), 'high',
    'Requests that may wait to be handled before their connections are no longer read.'),
  'queued.max.request.bytes': long(-1, ANY, 'medium',
    'Bytes of requests that may wait before connections are no longer read; -1 for no limit.'),
  'num.network.threads': int(3, atLeast(1), 'high cluster-wide',
    'Network threads in Apache Kafka. Millrace does input and output on one thread and ' +
      'ignores it.'),
}
