/** That flags are read as joptsimple reads them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Flag, parseFlags, refuseWith, requireFlags } from './flags.ts'

const TABLE: readonly Flag[] = [
  { name: 'list', about: '' },
  { name: 'topic', value: 'topic', about: '' },
  { name: 'shift-by', value: 'n', about: '' },
  { name: 'state', value: 'states', isOptional: true, about: '' },
]

const parse = (line: string) => parseFlags(line.split(' '), TABLE)

test('values stand behind a space or an equals sign, and may begin with a dash', () => {
  const flags = parse('--list --topic a=b --shift-by -5 word')
  assert.equal(flags.has('list'), true)
  assert.equal(flags.has('state'), false)
  assert.equal(flags.text('topic'), 'a=b')
  assert.equal(flags.integer('shift-by'), -5)
  assert.equal(parse('--topic=x=y').text('topic'), 'x=y')
})

test('a value may be left out where the table says so', () => {
  assert.deepEqual(parse('--state --list').all('state'), [])
  assert.deepEqual(parse('--state Empty --list').all('state'), ['Empty'])
  assert.deepEqual(parse('--state=Empty --list').all('state'), ['Empty'])
  assert.deepEqual(parse('--list --state').has('state'), true)
})

test('what is wrong is said in the words of joptsimple', () => {
  assert.throws(() => parse('--lis'), { message: 'lis is not a recognized option' })
  assert.throws(() => parse('-l'), { message: 'l is not a recognized option' })
  assert.throws(() => parse('--topic'), { message: 'Option topic requires an argument' })
  const two = parse('--topic a --topic b')
  assert.deepEqual(two.all('topic'), ['a', 'b'])
  assert.throws(() => two.text('topic'), {
    message: 'Found multiple arguments for option topic, but you asked for only one',
  })
  assert.throws(() => parse('--shift-by 1.5').integer('shift-by'), {
    message: "Cannot parse argument '1.5' of option shift-by",
  })
})

test('combinations are refused by name', () => {
  assert.throws(() => refuseWith(parse('--list --state'), 'state', ['topic', 'list']), {
    message: 'Option "[state]" can\'t be used with option "[list]"',
  })
  refuseWith(parse('--list'), 'state', ['list'])
  assert.throws(() => requireFlags(parse('--list'), ['list', 'topic']), {
    message: 'Missing required argument "[topic]"',
  })
})
