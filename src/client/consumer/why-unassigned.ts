/** What a consumer of a group waits for while it has nothing to read, in words for `onStalled`. */
import type { ConsumerCore } from './consumer-core.ts'

/** Null where it is a member, and one of its topics is there: others may have the partitions. */
export function whyUnassigned(
  { membership, cluster, settings, partitions }: ConsumerCore,
  topics: readonly string[] | RegExp,
): string | null {
  if (membership === null) return null
  if (membership.identity() === null) {
    const { lastProblem } = membership.stats
    const heard = lastProblem === '' ? '' : `; last heard: ${lastProblem}`
    return `it waits to be a member of group ${settings.groupId} in a generation${heard}`
  }
  if (partitions.size > 0 || topics instanceof RegExp) return null
  const isMissing = topics.every((topic) => cluster.metadata.topic(topic) === undefined)
  return isMissing ? `not found: ${topics.join(', ')}` : null
}
