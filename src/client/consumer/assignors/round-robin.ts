/**
 * Round robin: deals all partitions of all topics, in order, to the members in turn; a member that
 * did not subscribe to the topic is skipped.
 */
import type { Assignor, AssignorInput, GroupAssignment } from './assignor.ts'
import { compareText, sortedMembers } from './member-order.ts'

/** Kafka's RoundRobinAssignor. */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  protocols: ['eager'],
  assign: assignRoundRobin,
}

function assignRoundRobin({ partitionsPerTopic, members }: AssignorInput): GroupAssignment {
  const ids = sortedMembers(members)
  const assignment: GroupAssignment = new Map(ids.map((id) => [id, []]))
  const subscribers = new Map<string, Set<string>>()
  for (const [id, { topics }] of members) {
    for (const topic of topics) {
      const ofTopic = subscribers.get(topic)
      if (ofTopic === undefined) subscribers.set(topic, new Set([id]))
      else ofTopic.add(id)
    }
  }
  let next = 0
  for (const topic of [...subscribers.keys()].sort(compareText)) {
    const ofTopic = subscribers.get(topic)!
    for (const { partition } of partitionsPerTopic.get(topic) ?? []) {
      while (!ofTopic.has(ids[next]!)) next = (next + 1) % ids.length
      assignment.get(ids[next]!)!.push({ topic, partition })
      next = (next + 1) % ids.length
    }
  }
  return assignment
}
