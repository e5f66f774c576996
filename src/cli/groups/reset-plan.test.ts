/** That files of offsets are read as Kafka's tool reads them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readPlan } from './reset-plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-plan-'))
after(() => rmSync(folder, { recursive: true }))

function planOf(text: string, oneGroup: string | null) {
  const file = join(folder, 'plan.csv')
  writeFileSync(file, text)
  return Object.fromEntries(
    [...readPlan(file, oneGroup)].map(([group, offsets]) => {
      return [group, offsets.map((one) => `${one.topic}/${one.partition}@${one.offset}`)]
    }),
  )
}

test('a file for one group, and one that names them', () => {
  assert.deepEqual(planOf('orders,0,1\norders,2,30\n', 'g'), { g: ['orders/0@1', 'orders/2@30'] })
  const several = 'a,orders,0,1\r\nb,orders,1,2\na,bills,3,0\n'
  assert.deepEqual(planOf(several, null), { a: ['orders/0@1', 'bills/3@0'], b: ['orders/1@2'] })
  assert.deepEqual(planOf(several, 'a'), { a: ['orders/0@1', 'bills/3@0'], b: ['orders/1@2'] })
})

test('values may be in quotes, left out, or end in a comma', () => {
  assert.deepEqual(planOf('"t,""u"" ",0,1', 'g'), { g: ['t,"u" /0@1'] })
  assert.deepEqual(planOf('t, +2 ,', 'g'), { g: ['t/2@0'] })
  assert.deepEqual(planOf('t,null,1,', 'g'), { g: ['t/0@1'] })
  assert.deepEqual(planOf('t', 'g'), { g: ['t/0@0'] })
  assert.deepEqual(planOf('t,1,5\nt,1,6', 'g'), { g: ['t/1@6'] })
})

test('what is no plan is refused in the words of Kafka', () => {
  const fails = (text: string, message: string) => {
    assert.throws(() => planOf(text, null), { message }, text)
  }
  fails(
    'g,t,x,1',
    'Cannot deserialize value of type `int` from String "x": not a valid `int` value',
  )
  fails(
    'g,t,0,1.5',
    'Cannot deserialize value of type `long` from String "1.5": not a valid `long` value',
  )
  fails('g,t,2147483648,1', 'Numeric value (2147483648) out of range of int')
  fails('g,t,0,1,5', 'Too many entries: expected at most 4 (value #4 (1 chars) "5")')
  fails('g,"t,0,1', 'Missing closing quote for value')
  const expected = "Expected column separator character (',' (code 44)) or end-of-line"
  fails('g,"t"x,0,1', `Unexpected character ('x' (code 120)): ${expected}`)
  fails('g,t,0,1\n\ng,t,1,1', 'No content to map due to end-of-input')
  const file = join(folder, 'none.csv')
  assert.throws(() => readPlan(file, 'g'), { message: `Unable to read file ${file}` })
})
