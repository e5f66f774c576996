/** That a command is found by its name, by two words, by Kafka's name; and what is said if not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meantWords, toolOf } from './command-words.ts'
import { overview } from './overview.ts'
import { TOOLS } from './tools.ts'

const named = (...words: string[]) => {
  const found = toolOf(meantWords(words))
  return found && [found.tool.name, found.name, found.args]
}

test('a tool has its name, two words and the name of a script of Kafka', () => {
  assert.deepEqual(named('topics', '--list'), ['topics', 'topics', ['--list']])
  assert.deepEqual(named('get', 'offsets', '--topic', 'a'), [
    'get-offsets',
    'get-offsets',
    ['--topic', 'a'],
  ])
  assert.deepEqual(named('kafka-topics.sh'), ['topics', 'kafka-topics.sh', []])
  assert.equal(named('kafka', 'topics'), null)
  assert.equal(named('topic'), null)
})

test('what a tool is to do may stand without dashes, as its first word, under our name', () => {
  assert.deepEqual(named('topics', 'list', '--topic', 'a')?.[2], ['--list', '--topic', 'a'])
  assert.deepEqual(named('topics', '--topic', 'list')?.[2], ['--topic', 'list'])
  assert.deepEqual(named('groups', 'validate-regex', 'a.*')?.[2], ['--validate-regex', 'a.*'])
  assert.deepEqual(named('kafka-topics', 'list')?.[2], ['list'])
})

test('help is a flag of the command', () => {
  assert.deepEqual(named('help', 'topics'), ['topics', 'topics', ['--help']])
  assert.deepEqual(named('help', 'get', 'offsets')?.[2], ['--help'])
})

test('the help has every command, under the headings', () => {
  const { text, isMeant } = overview(['--help'])
  assert.ok(isMeant)
  for (const { name, about, group } of TOOLS) {
    assert.match(text, new RegExp(`^  ${name} +${about.slice(0, 10)}`, 'm'))
    assert.ok(text.includes(group))
  }
  for (const { about } of TOOLS) assert.ok(about.endsWith('.') && about.length < 80, about)
  assert.deepEqual(overview([]), { text, isMeant: false })
})

test('a name that is not there has the nearest one said', () => {
  const said = (...words: string[]) => overview(words).text.split('\n')[0]
  assert.equal(said('topcs'), 'millrace: no command "topcs"; did you mean millrace topics?')
  assert.equal(said('sever'), 'millrace: no command "sever"; did you mean millrace server?')
  assert.equal(
    said('kafka-topic'),
    'millrace: no command "kafka-topic"; did you mean millrace kafka-topics?',
  )
  assert.equal(said('frobnicate'), 'millrace: no command "frobnicate"')
  assert.equal(
    said('get', 'offset'),
    'millrace: no command "get offset"; did you mean millrace get-offsets?',
  )
})

test('one word of two lists what it begins', () => {
  const { text, isMeant } = overview(['get'])
  assert.match(text, /^Usage: millrace get <command>/)
  assert.match(text, /^ {2}get-offsets {2}/m)
  assert.equal(isMeant, false)
  assert.equal(overview(['get', '--help']).isMeant, true)
})
