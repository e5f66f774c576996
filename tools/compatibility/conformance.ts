/** The part of the page on clients that are not ours: which, in which versions, and how it went. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RUNTIMES } from '../../test/conformance/checks/client-runtimes.ts'
import type { Report } from '../../test/conformance/report.ts'
import { table } from './markdown.ts'

/** The report of the last run that somebody committed. */
const REPORT = join('docs', 'conformance.json')
const SUITE = join('test', 'conformance')

export function conformanceSection(root: string): string[] {
  return [
    '## Clients that are not ours',
    '',
    '`npm run conformance` runs these against Millrace, and the same checks against Apache Kafka 4.3.1:',
    '',
    ...table(['client', 'version'], clientVersions(root)),
    '',
    ...lastRun(root),
  ]
}

function clientVersions(root: string): string[][] {
  const read = (...path: string[]) => readFileSync(join(root, SUITE, ...path), 'utf8')
  const kafka = /<artifactId>kafka-tools<\/artifactId><version>([^<]+)/.exec(
    read('java', 'pom.xml'),
  )
  const packages = Object.entries(
    (JSON.parse(read('node', 'package.json')) as { dependencies: Record<string, string> })
      .dependencies,
  )
  const python = ['confluent-kafka', 'aiokafka', 'kafka-python']
  const wheels = [...read('python', 'requirements.txt').matchAll(/^([\w-]+)==(\S+)$/gm)]
  const modules = [...read('go', 'go.mod').matchAll(/^\tgithub\.com\/(\w+\/[\w-]+) v(\S+)$/gm)]
  return [
    ["Apache Kafka's command-line tools and Java clients", kafka?.[1] ?? ''],
    ['kcat (librdkafka)', "the machine's"],
    ...wheels
      .filter(([, name]) => python.includes(name as string))
      .map(([, name, version]) => [`${name} (Python)`, version as string]),
    ...modules.map(([, name, version]) => [`${name} (Go)`, version as string]),
    ...packages.map(([name, version]) => [`${name} (Node)`, version]),
  ]
}

/** Where our own client was run, as a program that installed the package sees it. */
export function runtimesSection(root: string): string[] {
  const report = lastReport(root)
  const outcome = (check: string): string => {
    const found = report?.checks.find(({ name }) => name === check)
    if (found === undefined) return 'not in the recorded run'
    return found.reason === null ? 'passed' : 'failed'
  }
  return [
    '## The client: runtimes',
    '',
    'The packed package, installed in an empty project: topics made and deleted, records in every codec',
    'produced and consumed in a group, offsets committed, all closed, and the program ends by itself.',
    'Importing it reads no environment, opens nothing, starts nothing and generates no code.',
    '',
    ...table(
      ['runtime', 'version', 'how it is run', 'last recorded run'],
      RUNTIMES.map(({ check, name, version, what }) => [name, version, what, outcome(check)]),
    ),
    '',
  ]
}

function lastReport(root: string): Report | null {
  const path = join(root, REPORT)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : null
}

function lastRun(root: string): string[] {
  const report = lastReport(root)
  if (report === null) return ['No run has been recorded.', '']
  const { date, commit, checks } = report
  const failed = checks.filter(({ reason }) => reason !== null)
  const passed = checks.length - failed.length
  const names = failed.map(({ name }) => name).join(', ')
  return [
    `The last run that was recorded, ${date} at commit ${commit}: ${passed} checks passed, ` +
      `${failed.length} failed${failed.length === 0 ? '.' : ` (${names}).`}`,
    '',
  ]
}
