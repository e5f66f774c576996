/** Voters on the command line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseInitialControllers } from './initial-controllers.ts'

const DIRECTORY = 'JEXY6aqzQY-32P5TStzaFg'

test('each voter is id@host:port:directory', () => {
  const voters = parseInitialControllers(`0@a.b:8082:${DIRECTORY}, 1@[::1]:9:${DIRECTORY}`, 'C')
  assert.deepEqual(
    voters.map(({ id, directoryId, endpoints }) => [id, directoryId, endpoints[0]]),
    [
      [0, DIRECTORY, { name: 'C', host: 'a.b', port: 8082 }],
      [1, DIRECTORY, { name: 'C', host: '::1', port: 9 }],
    ],
  )
})

test('anything else is refused', () => {
  const refused = (text: string, reason: RegExp) =>
    assert.throws(() => parseInitialControllers(text, 'C'), reason)
  refused('0@a:1', /give each as id@host:port:directory$/)
  refused(`0@a:99999:${DIRECTORY}`, /the port is not within 0 to 65535$/)
  refused('0@a:1:short', /the directory is no uuid/)
  refused(`0@a:1:${DIRECTORY},0@b:1:${DIRECTORY}`, /name each controller once/)
  refused('', /at least one$/)
})
