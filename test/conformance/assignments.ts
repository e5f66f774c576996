/**
 * Compares what our assignors assign, and the bytes of subscriptions, assignments and user data,
 * with what Kafka's own assignors make of the same groups.
 *
 *     node test/conformance/assignments.ts <directory with the jars of Kafka 4.3.1> [--golden]
 *
 * With --golden it prints test/golden/assignments.txt instead: fewer groups, for the tests that
 * need no Java. Kafka's sticky assignors may give a partition back to a member that had it before
 * and has unsubscribed since. Where they stop there, or come by there on their way, ours need not
 * be equal, only right.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Prng } from '../../src/base/prng.ts'
import type { Assignor, AssignorInput } from '../../src/client/consumer/assignors/assignor.ts'
import {
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
} from '../../src/client/consumer/assignors/assignors.ts'
import {
  answerOf,
  brokenRules,
  claimsUnwanted,
  type GoldenAnswer,
  type GoldenCase,
} from '../../src/client/consumer/assignors/golden-case.test-support.ts'
import { randomRounds } from '../../src/client/consumer/assignors/random-group.test-support.ts'
import { encodeSubscription } from '../../src/client/consumer/group/consumer-protocol.ts'
import { javaArguments } from './jvm.ts'

const SEED = 4301
const GROUPS_PER_ASSIGNOR = 600
const GOLDEN_GROUPS_PER_ASSIGNOR = 5
const ROUNDS = 4
const ASSIGNORS: readonly Assignor[] = [
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
  cooperativeStickyAssignor,
]
const GOLDEN_HEAD = `\
# Assignments as Kafka's own assignors (4.3.1, jars from Maven Central) make them: a case and, on the
# next line, its answer. Made by GoldenAssignments.java beside this file, through
# node test/conformance/assignments.ts <directory with the jars> --golden`

/** What was compared, and what is not the same. */
export interface AssignmentsComparison {
  readonly checked: number
  /** Cases in which the answers differ since Kafka's assignor broke its own rules. */
  readonly excused: number
  readonly differences: readonly string[]
}

/** Compares thousands of assignments; `classPath` is what java takes for `-cp`. */
export async function compareAssignments(classPath: string): Promise<AssignmentsComparison> {
  const cases = [...randomCases(GROUPS_PER_ASSIGNOR)]
  const lines = cases.map((each) => JSON.stringify(each))
  const answers = await answersOfKafka(classPath, lines)
  const differences: string[] = []
  let excused = 0
  for (const [at, each] of cases.entries()) {
    const theirs = JSON.parse(answers[at]!) as GoldenAnswer
    const ours = answerOf(each)
    const broken = brokenRules(each, ours)
    if (broken !== null) differences.push(`${lines[at]}: we break a rule: ${broken}`)
    else if (canonical(ours) === canonical(theirs)) continue
    else if (brokenRules(each, theirs) !== null || claimsUnwanted(each)) excused++
    else {
      differences.push(`${lines[at]}: we have ${JSON.stringify(ours)}, Kafka ${answers[at]}`)
    }
  }
  return { checked: cases.length, excused, differences }
}

function* randomCases(groups: number): Generator<GoldenCase> {
  const random = new Prng(SEED)
  for (const assignor of ASSIGNORS) {
    for (let group = 0; group < groups; group++) {
      for (const input of randomRounds(random, assignor, ROUNDS)) {
        yield assignmentCase(random, assignor, input)
      }
    }
    if (assignor.userData !== undefined) yield* userDataCases(random, assignor)
  }
}

function assignmentCase(random: Prng, { name }: Assignor, input: AssignorInput): GoldenCase {
  const version = random.chance(0.7) ? 3 : random.int(4)
  return {
    assignor: name,
    topics: Object.fromEntries(
      [...input.partitionsPerTopic].map(([topic, partitions]) => {
        return [topic, partitions.map(({ racks }) => racks)]
      }),
    ),
    members: [...input.members].map(([id, member]) => ({
      id,
      instance: member.groupInstanceId,
      subscription: Buffer.from(encodeSubscription(member, version)).toString('hex'),
    })),
  }
}

function* userDataCases(random: Prng, assignor: Assignor): Generator<GoldenCase> {
  yield { assignor: assignor.name, last: null }
  for (const input of randomRounds(random, assignor, ROUNDS)) {
    for (const partitions of assignor.assign(input).values()) {
      const last = partitions.map(({ topic, partition }) => [topic, partition] as const)
      yield { assignor: assignor.name, last: { partitions: last, generation: random.int(99) } }
    }
  }
}

/** Members in a map have no order. */
function canonical(answer: GoldenAnswer): string {
  if (!('assignments' in answer)) return JSON.stringify(answer)
  const assignments = Object.entries(answer.assignments).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([assignments, answer.subscriptions])
}

async function answersOfKafka(classPath: string, lines: readonly string[]): Promise<string[]> {
  const program = join(import.meta.dirname, '../golden/GoldenAssignments.java')
  const java = spawn('java', [...javaArguments(classPath), program], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    java.on('error', reject)
    java.on('close', resolve)
  })
  java.stdin.end(`${lines.join('\n')}\n`)
  // Kafka logs each false claim: of interest only when the program itself fails.
  const [output, log] = await Promise.all([text(java.stdout), text(java.stderr)])
  const status = await exited
  if (status !== 0) throw new Error(`GoldenAssignments.java ended with status ${status}: ${log}`)
  return output.trimEnd().split('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , directory, option] = process.argv
  if (directory === undefined) {
    console.error('usage: node test/conformance/assignments.ts <directory with the Kafka jars>')
    process.exit(2)
  }
  const classPath = join(directory, '*')
  if (option === '--golden') {
    const lines = [...randomCases(GOLDEN_GROUPS_PER_ASSIGNOR)].map((each) => JSON.stringify(each))
    console.log(GOLDEN_HEAD)
    for (const [at, answer] of (await answersOfKafka(classPath, lines)).entries()) {
      console.log(`${lines[at]}\n${answer}`)
    }
  } else {
    const { checked, excused, differences } = await compareAssignments(classPath)
    for (const difference of differences) console.log(`FAIL ${difference}`)
    console.log(`${checked} cases, ${excused} excused, ${differences.length} differences`)
    process.exit(differences.length === 0 ? 0 : 1)
  }
}
