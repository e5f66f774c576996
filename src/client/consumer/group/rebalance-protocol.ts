/**
 * Which of the two rebalance protocols a member's assignors make it follow (KIP-429). To move a
 * group from eager to cooperative, all members are restarted twice: with both assignors, then with
 * the cooperative one alone.
 */
import { KafkaError } from '../../kafka-error.ts'
import type { Assignor } from '../assignors/assignor.ts'

/** The newest protocol that all have in common; INVALID_ARGUMENT where there is none. */
export function isCooperative(assignors: readonly Assignor[]): boolean {
  if (assignors.length === 0) throw new KafkaError('INVALID_ARGUMENT', 'assignors: there is none')
  const names = new Set(assignors.map(({ name }) => name))
  if (names.size < assignors.length) {
    throw new KafkaError('INVALID_ARGUMENT', `assignors: two of ${[...names]} have one name`)
  }
  if (assignors.every(({ protocols }) => protocols.includes('cooperative'))) return true
  if (assignors.every(({ protocols }) => protocols.includes('eager'))) return false
  throw new KafkaError(
    'INVALID_ARGUMENT',
    `assignors: ${[...names]} have neither the eager nor the cooperative protocol in common`,
  )
}
