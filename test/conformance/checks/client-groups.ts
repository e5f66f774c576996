/** Our consumer as a member of groups: assignors, bytes, and groups shared with foreign clients. */
import assert from 'node:assert/strict'
import { compareAssignments } from '../assignments.ts'
import type { Check, CheckContext } from '../check.ts'

/** Fewer means that Kafka's assignors were not asked. */
const FEWEST_ASSIGNMENTS = 9000
/** Cases in which Kafka's own answer breaks its rules; more means that something else differs. */
const MOST_EXCUSED = 40

/** Thousands of groups, assigned by our assignors and by Kafka's, with the bytes of each. */
async function assignors(context: CheckContext): Promise<void> {
  const classPath = await context.toolbox.prepare('java')
  const { checked, excused, differences } = await compareAssignments(classPath)
  assert.equal(differences.length, 0, differences.slice(0, 3).join('; '))
  assert.ok(checked > FEWEST_ASSIGNMENTS, `only ${checked} assignments compared`)
  assert.ok(excused < MOST_EXCUSED, `${excused} of Kafka's answers were not compared`)
  context.note(`${checked} assignments are Kafka's, ${excused} excused`)
}

export const clientGroups: readonly Check[] = [
  { name: 'client-assignors', needs: ['java'], run: assignors },
]
