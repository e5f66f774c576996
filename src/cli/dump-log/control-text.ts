/**
 * Control records as kafka-dump-log shows them: markers of transactions, and what the raft leader
 * writes of itself.
 *
 * KIP-98, KIP-595 (leader change), KIP-630 (ends of snapshots), KIP-853 (voters).
 */
import { BoundsError, ByteReader } from '../../base/bytes.ts'
import { decode, ProtocolError } from '../../protocol/codec.ts'
import {
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../../protocol/persisted/control-records.ts'
import type { Message } from '../../protocol/schema.ts'
import { ControlType, controlTypeOf } from '../../records/control.ts'
import { CliError } from '../cli-error.ts'
import { kafkaJson } from '../internal-records/kafka-json.ts'
import type { RecordFacts } from './batch-facts.ts'

const RAFT: Readonly<Record<number, readonly [title: string, message: Message]>> = {
  [ControlType.LEADER_CHANGE]: ['LeaderChange:', leaderChangeMessage],
  [ControlType.SNAPSHOT_HEADER]: ['SnapshotHeader', snapshotHeaderRecord],
  [ControlType.SNAPSHOT_FOOTER]: ['SnapshotFooter', snapshotFooterRecord],
  [ControlType.KRAFT_VERSION]: ['KRaftVersion', kRaftVersionRecord],
  [ControlType.KRAFT_VOTERS]: ['KRaftVoters', votersRecord],
}
/** The version in use of all of them. */
const VERSION = 0
const MARKERS: Readonly<Record<number, string>> = {
  [ControlType.ABORT]: 'ABORT',
  [ControlType.COMMIT]: 'COMMIT',
}

/** What the record says, behind its sizes. */
export function controlText({ offset, key, value }: RecordFacts): string {
  const type = controlTypeOf(key)
  if (type < 0) {
    throw new CliError(
      'Invalid value size found for control record key. Must have at least 4 bytes, ' +
        `but found only ${key?.length ?? 0}`,
    )
  }
  const reader = new ByteReader(value ?? new Uint8Array(0))
  try {
    const marker = MARKERS[type]
    if (marker !== undefined) {
      reader.skip(2) // its version, behind which later ones only add fields
      const { coordinatorEpoch } = decode(endTxnMarker, VERSION, reader)
      return `endTxnMarker: ${marker} coordinatorEpoch: ${coordinatorEpoch}`
    }
    const raft = RAFT[type]
    if (raft === undefined) return `controlType: UNKNOWN(${type})`
    const [title, message] = raft
    return `${title} ${kafkaJson(message, VERSION, decode(message, VERSION, reader))}`
  } catch (error) {
    if (!(error instanceof BoundsError) && !(error instanceof ProtocolError)) throw error
    throw new CliError(`the control record at offset ${offset}: ${error.message}`)
  }
}
