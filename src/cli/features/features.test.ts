/** What `millrace features` prints of a cluster, and of itself without one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import { Results } from '../../client/admin/results.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { inUse, parseArguments } from '../argparse-flags.ts'
import { captured } from '../tool-run.test-support.ts'
import { changeFeatures, featureUpdates } from './feature-changes.ts'
import { describe, featuresTool } from './features.ts'
import { featuresParser } from './features-flags.ts'

const words = (line: string) => line.split(' ')
const argumentsOf = (line: string) =>
  parseArguments(words(line), inUse(featuresParser(false), false))
const nobody = () => assert.fail('nothing is deprecated')

const DESCRIBED = {
  describeFeatures: async () => ({
    finalized: new Map([['metadata.version', { min: 30, max: 30 }]]),
    finalizedEpoch: null,
    supported: new Map([
      ['metadata.version', { min: 7, max: 99 }],
      ['group.version', { min: 0, max: 1 }],
    ]),
  }),
} as unknown as Admin

test('features are in the order of their names, with the names of levels', async () => {
  const out: string[] = []
  await describe(DESCRIBED, null, (line) => void out.push(line), false)
  assert.deepEqual(
    out.map((line) => line.replace(/ +/g, ' ')),
    [
      'Feature: group.version SupportedMinVersion: 0 SupportedMaxVersion: 1 ' +
        'FinalizedVersionLevel: 0 Epoch: -',
      'Feature: metadata.version SupportedMinVersion: 3.3-IV3 SupportedMaxVersion: UNKNOWN 99 ' +
        'FinalizedVersionLevel: 4.3-IV0 Epoch: -',
    ],
  )
})

test('JSON has levels, null where there is none', async () => {
  const out: string[] = []
  await describe(DESCRIBED, null, (line) => void out.push(line), true)
  assert.deepEqual(JSON.parse(out[0]!), {
    epoch: null,
    features: [
      { name: 'group.version', supportedMin: 0, supportedMax: 1, level: null },
      { name: 'metadata.version', supportedMin: 7, supportedMax: 99, level: 30 },
    ],
  })
  const mapping = await captured(
    featuresTool,
    words('version-mapping --release-version 4.0 --json'),
  )
  const parsed = JSON.parse(mapping.out) as { release: string; features: { name: string }[] }
  assert.equal(parsed.release, '4.0')
  assert.deepEqual(parsed.features[0], { name: 'metadata.version', level: 25 })
  const line = '--json feature-dependencies --feature eligible.leader.replicas.version=1'
  const needs = await captured(featuresTool, words(line))
  const requires = [{ name: 'metadata.version', level: 23 }]
  const features = [{ name: 'eligible.leader.replicas.version', level: 1, requires }]
  assert.deepEqual(JSON.parse(needs.out), { features })
})

test('changes carry how far they may go', () => {
  const [down] = featureUpdates(argumentsOf('downgrade --feature a=0'), nobody)
  assert.deepEqual(down, { feature: 'a', maxLevel: 0, type: 'safe-downgrade' })
  const [unsafe] = featureUpdates(argumentsOf('disable --feature a --unsafe'), nobody)
  assert.deepEqual(unsafe, { feature: 'a', maxLevel: 0, type: 'unsafe-downgrade' })
  const up = featureUpdates(argumentsOf('upgrade --release-version 3.9'), nobody)
  assert.deepEqual(
    new Map(up.map(({ feature, maxLevel }) => [feature, maxLevel])),
    new Map([
      ['metadata.version', 21],
      ['kraft.version', 1],
    ]),
  )
})

test('what failed is told of for each, and in all', async () => {
  const refused = new KafkaError('INVALID_UPDATE_VERSION', 'no')
  const admin = {
    updateFeatures: async () => {
      return new Results(String, [
        { key: 'b', ok: false, error: refused },
        { key: 'a', ok: true, value: undefined },
      ])
    },
  } as unknown as Admin
  const out: string[] = []
  const change = (line: string) => {
    const args = argumentsOf(line)
    return changeFeatures(admin, args, featureUpdates(args, nobody), {
      out: (text) => void out.push(text),
    })
  }
  await assert.rejects(
    change('upgrade --feature b=2 --feature a=1'),
    /^CliError: 1 out of 2 operation\(s\) failed\.$/,
  )
  await assert.rejects(change('disable --feature b --feature a --dry-run --json'))
  const error = { code: 'INVALID_UPDATE_VERSION', message: 'no' }
  assert.deepEqual(out.slice(0, 2), ['a was upgraded to 1.', 'Could not upgrade b to 2. no'])
  assert.deepEqual(JSON.parse(out[2]!), {
    dryRun: true,
    features: [
      { name: 'a', level: 0, error: null },
      { name: 'b', level: 0, error },
    ],
  })
})

test('profiles are for the name of ours', async () => {
  const { status, err } = await captured(featuresTool, words('--profile p describe'), {
    isAlias: true,
  })
  assert.equal(status, 1)
  assert.match(err, /^Command line error: unrecognized arguments: '--profile'\. /)
})
