/** Which options of a consumer go together. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { rangeAssignor, stickyAssignor } from './assignors/assignors.ts'
import { groupOptions } from './open-consumer.ts'
import type { ConsumerOptions } from './options.ts'

const of = (options: ConsumerOptions) => groupOptions({ groupId: 'g', topics: ['t'], ...options })

test('who names assignors of members gets the protocol that has them', () => {
  assert.equal(of({})?.protocol, 'auto')
  const named = of({ assignors: [rangeAssignor, stickyAssignor] })
  assert.equal(named?.protocol, 'classic')
  assert.deepEqual(named?.assignors, [rangeAssignor, stickyAssignor])
  assert.equal(of({ assignors: [rangeAssignor], protocol: 'classic' })?.protocol, 'classic')
})

test('what would be ignored is refused', () => {
  for (const protocol of ['auto', 'consumer'] as const) {
    assert.throws(() => of({ assignors: [rangeAssignor], protocol }), {
      code: 'INVALID_ARGUMENT',
      message: `assignors: needs protocol classic, not ${protocol}: the brokers assign in the other protocol`,
    })
  }
  assert.equal(of({ serverAssignor: 'range' })?.protocol, 'auto')
  assert.throws(() => of({ serverAssignor: 'range', protocol: 'classic' }), {
    message: /^serverAssignor: needs protocol consumer or auto, not classic/,
  })
})
