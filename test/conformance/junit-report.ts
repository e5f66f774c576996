/** The XML reports of the JUnit console, as far as judges.ts reads them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface JudgedTest {
  /** Without its package. */
  readonly className: string
  readonly method: string
  /** The method with what its display adds, such as `[2]`. */
  readonly name: string
  readonly seconds: number
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped, with the stack; empty where it passed. */
  readonly text: string
}

const TEST_CASE =
  /<testcase name="([^"]*)" classname="([^"]*)" time="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g
const FAULT = /<(failure|error|skipped)\b[^>]*?(?:\/>|>([\s\S]*?)<\/\1>)/

/** All tests of all reports in a folder. */
export function readJunitReports(directory: string): JudgedTest[] {
  return readdirSync(directory)
    .filter((file) => /^TEST-.*\.xml$/.test(file))
    .flatMap((file) => parseJunitReport(readFileSync(join(directory, file), 'utf8')))
}

/** All tests of one report. */
export function parseJunitReport(xml: string): JudgedTest[] {
  return Array.from(xml.matchAll(TEST_CASE), ([, name = '', className = '', time, body = '']) => {
    const fault = FAULT.exec(body)
    const kind = fault?.[1]
    return {
      className: className.slice(className.lastIndexOf('.') + 1),
      method: /^\w*/.exec(plainText(name))![0],
      name: plainText(name).replace('(ClusterInstance)', '').replace('()', ''),
      seconds: Number(time),
      outcome: kind === undefined ? 'passed' : kind === 'skipped' ? 'skipped' : 'failed',
      text: plainText(fault?.[2] ?? '').trim(),
    }
  })
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['amp', '&'],
])

/** Text of an element, where the reports use CDATA and entities. */
function plainText(text: string): string {
  return text
    .replace(/<!\[CDATA\[|\]\]>/g, '')
    .replace(/&(\w+);/g, (entity, name: string) => ENTITIES.get(name) ?? entity)
}
