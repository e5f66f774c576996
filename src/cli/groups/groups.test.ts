/** What `millrace groups` says of its flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { groupsTool } from './groups.ts'

async function firstError(line: string): Promise<string | undefined> {
  const { status, out, err } = await captured(groupsTool, line.split(' '))
  assert.deepEqual({ status, out }, { status: 1, out: '' })
  return err.split('\n')[0]
}

test('what is wrong with the flags is said as Kafka says it', async () => {
  const expected: Readonly<Record<string, string>> = {
    '--lis': 'lis is not a recognized option',
    '--list --members --offsets':
      'Option(s) [members, offsets] are unavailable given other options on the command line',
    '--describe': 'Option [describe] takes one of these options: [group], [all-groups]',
    '--describe --group a --members --state':
      'Option [describe] takes at most one of these options: [members], [offsets], [state]',
    '--describe --group a --state Empty': 'Option [describe] does not take a value for [state]',
    '--delete --group a --topic b':
      'The consumer does not support topic-specific offset deletion from a consumer group.',
    '--reset-offsets --group a --dry-run --execute':
      'Option [reset-offsets] only accepts one of [execute] and [dry-run]',
    '--list --group a': 'Option "[group]" can\'t be used with option "[list]"',
  }
  for (const [line, error] of Object.entries(expected)) {
    assert.equal(await firstError(line), error, line)
  }
  assert.match((await firstError('--reset-offsets'))!, /^WARN: No action will be performed/)
})

test('a number that is none fails the command, which Kafka ends with 0', async () => {
  const args = ['--list', '--timeout', 'soon', '--bootstrap-server', '127.0.0.1:1']
  const text = "Cannot parse argument 'soon' of option timeout"
  const out = `\nError: Executing consumer group command failed due to ${text}\n`
  const own = await captured(groupsTool, args)
  assert.deepEqual(own, { status: 1, out, err: `${text}\n` })
  const alias = await captured(groupsTool, args, { isAlias: true })
  assert.deepEqual(alias, { status: 0, out, err: `${text}\n` })
  const json = await captured(groupsTool, [...args, '--json'])
  assert.deepEqual(json, { status: 1, out: '', err: `${text}\n` })
})

test('expressions are judged without a server', async () => {
  const refused = await captured(groupsTool, ['--validate-regex', '(?=a)'])
  assert.deepEqual(refused, {
    status: 1,
    out: 'The regular expression `(?=a)` is invalid: invalid or unsupported Perl syntax.\n',
    err: '',
  })
  const { status } = await captured(groupsTool, ['--validate-regex', '('], { isAlias: true })
  assert.equal(status, 0)
  const json = await captured(groupsTool, ['--validate-regex', 'a.*', '--json'])
  assert.equal(json.out, '{"pattern":"a.*","isValid":true,"problem":null}\n')
})
