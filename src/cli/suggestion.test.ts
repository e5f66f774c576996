/** That a slip of the fingers is understood, and that nothing far off is suggested. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './suggestion.ts'

const NAMES = ['topics', 'groups', 'get-offsets', 'cluster', 'produce', 'perf-produce']

test('one letter left out, added, changed or swapped', () => {
  for (const typed of ['topcs', 'topicss', 'tobics', 'tpoics', 'topic']) {
    assert.equal(nearest(typed, NAMES), 'topics', typed)
  }
  assert.equal(nearest('get-offset', NAMES), 'get-offsets')
})

test('the beginning of a name means it', () => {
  assert.equal(nearest('clu', NAMES), 'cluster')
})

test('nothing is suggested for what is like none', () => {
  assert.equal(nearest('frobnicate', NAMES), null)
})
