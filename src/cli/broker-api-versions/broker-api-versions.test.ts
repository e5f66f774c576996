/** How APIs are told of that a broker has and we do not, or the other way round. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiLine, toldApis } from './api-lines.ts'

const served = (apiKey: number, minVersion: number, maxVersion: number) => {
  return { apiKey, minVersion, maxVersion }
}

test('what is usable is the newest version of both', () => {
  const told = toldApis([
    served(999, 0, 3),
    served(0, 0, 9),
    served(1, 99, 120),
    served(2, 0, 0),
    served(4, 0, 7),
    served(18, 0, 4),
    served(44, 1, 1),
  ])
  const lines = new Map(told.map((each) => [each.key, apiLine(each)]))
  assert.deepEqual(
    [0, 1, 2, 3, 4, 18, 44, 999].map((key) => lines.get(key)),
    [
      'Produce(0): 0 to 9 [usable: 9]',
      'Fetch(1): 99 to 120 [unusable: node too new]',
      'ListOffsets(2): 0 [unusable: node too old]',
      'Metadata(3): UNSUPPORTED',
      'LeaderAndIsr(4): 0 to 7 [unusable: node too new]',
      'ApiVersions(18): 0 to 4 [usable: 4]',
      'IncrementalAlterConfigs(44): 1 [usable: 1]',
      'UNKNOWN(999): 0 to 3',
    ],
  )
  // What only controllers serve is not missed.
  assert.equal(lines.has(52), false)
  const keys = told.map(({ key }) => key)
  assert.deepEqual(
    keys,
    keys.toSorted((a, b) => a - b),
  )
})
