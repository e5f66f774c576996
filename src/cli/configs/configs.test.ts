/** What `millrace configs` reads of its flags, says before it has connected, and prints as JSON. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import { Results } from '../../client/admin/results.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { type Flags, parseFlags } from '../flags.ts'
import { doubleText, javaDouble } from '../java-double.ts'
import { captured } from '../tool-run.test-support.ts'
import { configChanges } from './config-changes.ts'
import { configsTool } from './configs.ts'
import { checkedEntities } from './entities.ts'
import { alterUserOrClient, describeQuotas } from './quotas.ts'
import { describeResources } from './resource-configs.ts'

const VALUED = ['entity-type', 'entity-name', 'topic', 'user', 'client', 'add-config']
const BARE = ['describe', 'alter', 'entity-default', 'client-defaults']

function flagsOf(line: string): Flags {
  const table = [
    ...[...VALUED, 'delete-config'].map((name) => ({ name, value: 'x', about: '' })),
    ...BARE.map((name) => ({ name, about: '' })),
  ]
  return parseFlags(line.split(' '), table)
}

function printer() {
  const out: string[] = []
  const err: string[] = []
  const into = (lines: string[]) => (line: string) => void lines.push(line)
  return { out, err, json: { out: into(out), err: into(err), isJson: true } }
}

const fake = (calls: object) => calls as Admin

test('names belong to types in the order in which they are given', async () => {
  const line =
    '--describe --entity-type users --entity-default --entity-type clients --entity-name app'
  assert.deepEqual(await checkedEntities(flagsOf(line), false), {
    types: ['users', 'clients'],
    names: ['', 'app'],
  })
  assert.deepEqual(await checkedEntities(flagsOf('--describe --client-defaults --user u'), false), {
    types: ['users', 'clients'],
    names: ['u', ''],
  })
})

test('commas within brackets belong to the value', () => {
  const { added, deleted } = configChanges(
    flagsOf('--add-config a=[x,y],b=,c=[k=v,l=w] --delete-config ,d,,e, --delete-config f'),
  )
  assert.deepEqual(Object.fromEntries(added), { a: 'x,y', b: '', c: 'k=v,l=w' })
  assert.deepEqual(deleted, ['d', 'e', 'f'])
  assert.throws(() => configChanges(flagsOf('--add-config a=x,y')), /must be in the format/)
})

test('numbers are as Java has them', () => {
  const numbers = [0, -0, 1, -1024.5, 9999999, 1e7, 1.25e21, 0.001, 0.00012, Number.NaN]
  assert.deepEqual(numbers.map(doubleText), [
    '0.0',
    '-0.0',
    '1.0',
    '-1024.5',
    '9999999.0',
    '1.0E7',
    '1.25E21',
    '0.001',
    '1.2E-4',
    'NaN',
  ])
  const texts = ['1', ' 1.5d', '.5', '2.', '1e3f', '-Infinity', 'NaN', 'infinity', '1,5', '', 'x']
  const values = [1, 1.5, 0.5, 2, 1000, -Infinity, Number.NaN, null, null, null, null]
  assert.deepEqual(texts.map(javaDouble), values)
})

test('a password in the flags is not repeated under the name of ours', async () => {
  const line = '--alter --user u --add-config-file /no/such/file --bootstrap-server x:1'
  const own = await captured(configsTool, line.split(' '))
  assert.deepEqual(own, { status: 1, out: '', err: '/no/such/file: no such file\n' })
  const alias = await captured(configsTool, line.split(' '), { isAlias: true })
  assert.equal(
    alias.err,
    `Error while executing config command with args '${line}'\n/no/such/file: no such file\n`,
  )
})

const ENTRY = {
  name: 'retention.ms',
  value: '7',
  source: 'DYNAMIC_TOPIC_CONFIG',
  isDefault: false,
  isReadOnly: false,
  isSensitive: false,
  type: 'LONG',
  documentation: null,
  synonyms: [{ name: 'retention.ms', value: '7', source: 'DYNAMIC_TOPIC_CONFIG' }],
}

test('resources as JSON', async () => {
  const described = new Map([
    ['retention.ms', ENTRY],
    ['other', { ...ENTRY, name: 'other', source: 'DEFAULT_CONFIG' }],
  ])
  const admin = fake({
    listTopics: async () => [{ name: 'orders' }],
    describeConfigs: async ([key]: [object]) => {
      return new Results(() => '', [{ key, ok: true, value: described }])
    },
  })
  const { out, err, json } = printer()
  assert.equal(await describeResources(admin, json, 'topics', 'orders', false), true)
  const { isDefault: _, type: __, documentation: ___, ...entry } = ENTRY
  const entities = [{ type: 'topics', name: 'orders', configs: [entry] }]
  assert.deepEqual(JSON.parse(out[0]!), { entities })
  assert.equal(await describeResources(admin, json, 'topics', 'bills', false), false)
  assert.deepEqual(out[1], '{"entities":[]}')
  assert.deepEqual(err, ["The topic 'bills' doesn't exist and doesn't have dynamic config."])
})

test('quotas and credentials as JSON', async () => {
  const missing = new KafkaError('RESOURCE_NOT_FOUND', 'none')
  const admin = fake({
    describeClientQuotas: async () => [
      {
        entity: { user: null, 'client-id': 'app' },
        quotas: new Map([['request_percentage', 0.5]]),
      },
    ],
    describeUserScramCredentials: async () => {
      return new Results(String, [
        { key: 'alice', ok: true, value: [{ mechanism: 'SCRAM-SHA-256', iterations: 4096 }] },
        { key: 'bob', ok: false, error: missing },
      ])
    },
  })
  const { out, json } = printer()
  await describeQuotas(admin, json, { types: ['users'], names: [] })
  assert.deepEqual(JSON.parse(out[0]!), {
    quotas: [
      {
        entity: [
          { type: 'users', name: null },
          { type: 'clients', name: 'app' },
        ],
        quotas: { request_percentage: 0.5 },
      },
    ],
    credentials: [{ user: 'alice', mechanism: 'SCRAM-SHA-256', iterations: 4096 }],
  })
})

test('a quota that was never set is not taken away', async () => {
  const asked: object[] = []
  const admin = fake({
    describeClientQuotas: async () => [
      { entity: { user: 'u' }, quotas: new Map([['producer_byte_rate', 1]]) },
    ],
    alterClientQuotas: async (alterations: object[]) => {
      asked.push(...alterations)
      return new Results(() => '', [])
    },
  })
  const users = { types: ['users'], names: ['u'] } as const
  const added = new Map([['consumer_byte_rate', '1e3']])
  await assert.rejects(
    alterUserOrClient(admin, users, { added, deleted: ['request_percentage'] }),
    /Invalid config\(s\): request_percentage/,
  )
  await alterUserOrClient(admin, users, { added, deleted: ['producer_byte_rate'] })
  const quotas = { consumer_byte_rate: 1000, producer_byte_rate: null }
  assert.deepEqual(asked, [{ entity: { user: 'u' }, quotas }])
})
