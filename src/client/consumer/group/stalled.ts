/** What a member says that has left its group since its program asks for nothing (KIP-62). */
import { KafkaError } from '../../kafka-error.ts'
import type { GroupOptions } from './membership.ts'

/** PROCESSING_TIMED_OUT, with what can be done about it. */
export function stalledError({ groupId, rebalanceTimeoutMs }: GroupOptions): KafkaError {
  return new KafkaError(
    'PROCESSING_TIMED_OUT',
    `no records were asked for within ${rebalanceTimeoutMs} ms, so the member has left group ` +
      `${groupId}; raise maxProcessingMs, or handle fewer records at a time`,
    { groupId },
  )
}
