/** The assignors that come with the client, by name: those of Kafka's own consumer. */
import type { Assignor } from './assignor.ts'
import { rangeAssignor } from './range.ts'
import { roundRobinAssignor } from './round-robin.ts'
import { cooperativeStickyAssignor, stickyAssignor } from './sticky.ts'

export { cooperativeStickyAssignor, rangeAssignor, roundRobinAssignor, stickyAssignor }

/** Names of the assignors that come with the client. */
export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky'

const BY_NAME: Readonly<Record<AssignorName, Assignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  sticky: stickyAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
}

/**
 * The assignor that a name stands for; an assignor stands for itself. Undefined for other names.
 */
export function assignorNamed(assignor: AssignorName | Assignor): Assignor | undefined {
  if (typeof assignor !== 'string') return assignor
  return Object.hasOwn(BY_NAME, assignor) ? BY_NAME[assignor] : undefined
}
