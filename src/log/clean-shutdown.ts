/**
 * `.kafka_cleanshutdown`: the last thing that a node writes into a log directory, and the first
 * that it takes away. While it is there, everything in the directory is whole and durable. It names
 * the broker epoch of the run that ended (KIP-966).
 */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'

export const CLEAN_SHUTDOWN_FILE = '.kafka_cleanshutdown'

const VERSION = 0

export function encodeCleanShutdown(brokerEpoch: number): Uint8Array {
  return utf8Bytes(JSON.stringify({ version: VERSION, brokerEpoch }))
}

/** The epoch that a marker names, or -1; older brokers wrote none. */
export function brokerEpochIn(content: Uint8Array): number {
  try {
    const { brokerEpoch } = JSON.parse(utf8Text(content)) as { readonly brokerEpoch?: unknown }
    return typeof brokerEpoch === 'number' ? brokerEpoch : -1
  } catch {
    return -1
  }
}
