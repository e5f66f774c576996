/**
 * Sticky assignment: as even as can be, and of all even ones that which moves fewest partitions.
 * `sticky` is eager and tells what it had in its user data; `cooperative-sticky` (KIP-429) reads it
 * from the subscription, and leaves partitions out that their owner has to give up first.
 */
import type { Assignor, AssignorInput, GroupAssignment, MemberSubscription } from './assignor.ts'
import { assignConstrained, type StickySolution } from './sticky-constrained.ts'
import { assignGeneral } from './sticky-general.ts'
import { type MemberClaim, StickyProblem } from './sticky-problem.ts'
import {
  readGeneration,
  readPreviousAssignment,
  writeGeneration,
  writePreviousAssignment,
} from './sticky-user-data.ts'

/** Kafka's StickyAssignor. */
export const stickyAssignor: Assignor = {
  name: 'sticky',
  protocols: ['eager'],
  assign: (input) => {
    const problem = new StickyProblem(input, ({ userData }) => readPreviousAssignment(userData))
    return named(problem, solve(problem))
  },
  userData: (_topics, last) => (last === null ? null : writePreviousAssignment(last)),
}

/** Kafka's CooperativeStickyAssignor. */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  protocols: ['cooperative', 'eager'],
  assign: assignCooperatively,
  userData: (_topics, last) => writeGeneration(last),
}

function solve(problem: StickyProblem): StickySolution {
  return problem.isUniform ? assignConstrained(problem) : assignGeneral(problem)
}

function named(problem: StickyProblem, { assignment }: StickySolution): GroupAssignment {
  return new Map(
    problem.members.map(({ id }, member) => {
      return [id, assignment[member]!.map((partition) => problem.partition(partition))]
    }),
  )
}

function ownClaim({ ownedPartitions, generationId, userData }: MemberSubscription): MemberClaim {
  const generation = generationId >= 0 ? generationId : readGeneration(userData)
  return { partitions: ownedPartitions, generation }
}

function assignCooperatively(input: AssignorInput): GroupAssignment {
  const problem = new StickyProblem(input, ownClaim)
  const solution = solve(problem)
  const transferred = solution.transferred ?? changedOwners(problem, solution)
  const assignment = solution.assignment.map((partitions, member) =>
    partitions.filter((partition) => transferred.get(partition) !== member),
  )
  return named(problem, { ...solution, assignment })
}

/** Partitions that somebody says to own, with the other member that is to have them. */
function changedOwners(
  problem: StickyProblem,
  { assignment }: StickySolution,
): ReadonlyMap<number, number> {
  const revoked = new Set<number>()
  const added = new Map<number, number>()
  for (const [member, { subscription }] of problem.members.entries()) {
    const owned = new Set(subscription.ownedPartitions.map((owned) => problem.numberOf(owned)))
    const assigned = new Set(assignment[member]!)
    for (const partition of owned) if (!assigned.has(partition)) revoked.add(partition)
    for (const partition of assigned) if (!owned.has(partition)) added.set(partition, member)
  }
  return new Map([...added].filter(([partition]) => revoked.has(partition)))
}
