/** ACLs, quotas, SCRAM users and delegation tokens, by our administrator's client. */
import assert from 'node:assert/strict'
import type { AclBinding } from '../../../src/client/admin/index.ts'
import {
  type AdminFixture,
  adminFixture,
  eventually,
  rejectsWith,
  whereServed,
} from '../admin-fixture.ts'
import type { Check, CheckContext } from '../check.ts'

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule'

/** Anonymous and root may do anything; others what ACLs say. */
const PROPERTIES: Readonly<Record<string, string>> = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS;User:root',
  'delegation.token.secret.key': 'secret',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.sasl.plain.sasl.jaas.config': `${PLAIN} required user_root="root-secret";`,
  'listener.name.sasl.scram-sha-256.sasl.jaas.config': `${SCRAM} required;`,
  'listener.name.sasl.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
}

export const securityAdmins: readonly Check[] = [
  {
    name: 'client-admin-quotas',
    needs: [],
    run: async (context) => {
      const fixture = adminFixture(context)
      const describe = () => fixture.admin.describeClientQuotas([])
      await whereServed(fixture, [48, 49], describe, () => quotas(fixture))
    },
  },
  {
    name: 'client-admin-users',
    needs: [],
    run: async (context) => {
      const shared = adminFixture(context)
      const describe = () => shared.admin.describeUserScramCredentials(null)
      await whereServed(shared, [50, 51, 29, 30, 31, 38, 17, 36], describe, () => users(context))
    },
  },
]

async function quotas({ context, admin }: AdminFixture): Promise<void> {
  const user = `${context.topic}-alice`
  const both = { user, 'client-id': 'app' }
  const altered = await admin.alterClientQuotas([
    { entity: both, quotas: { consumer_byte_rate: 1024, producer_byte_rate: 2048 } },
    { entity: { user }, quotas: { request_percentage: 50.5 } },
    { entity: { ip: '10.0.0.1' }, quotas: { connection_creation_rate: 3 } },
    { entity: { user: null }, quotas: { no_such_quota: 1 } },
  ])
  assert.deepEqual(
    altered.failures().map(([key, { code }]) => [key, code]),
    [[{ user: null }, 'INVALID_REQUEST']],
  )
  const exact = [{ type: 'user', match: 'exact', name: user } as const]
  await eventually(async () => {
    assert.equal((await admin.describeClientQuotas(exact)).length, 2)
  })
  const strict = await admin.describeClientQuotas(exact, { strict: true })
  assert.deepEqual(strict, [{ entity: { user }, quotas: new Map([['request_percentage', 50.5]]) }])
  const any = { type: 'client-id', match: 'any' } as const
  const [found] = await admin.describeClientQuotas([...exact, any])
  assert.deepEqual(found?.entity, both)
  assert.equal(found?.quotas.get('consumer_byte_rate'), 1024)
  const none = [{ type: 'user', match: 'default' } as const]
  assert.deepEqual(await admin.describeClientQuotas(none), [])
  const removed = await admin.alterClientQuotas([
    { entity: both, quotas: { consumer_byte_rate: null, producer_byte_rate: null } },
    { entity: { user }, quotas: { request_percentage: null } },
    { entity: { ip: '10.0.0.1' }, quotas: { connection_creation_rate: null } },
  ])
  removed.orThrow()
  await eventually(async () => assert.deepEqual(await admin.describeClientQuotas(exact), []))
}

async function users(context: CheckContext): Promise<void> {
  const listeners = { SASL: 'SASL_PLAINTEXT' }
  const server = await context.startServer('secure', context.kind, {
    properties: PROPERTIES,
    listeners,
  })
  const brokers = server.addressOf('SASL')
  const open = adminFixture(context, { brokers: server.bootstrap })
  await open.admin.createTopics([{ name: 'secret' }])
  await scramUsers(open)
  const alice = adminFixture(context, {
    brokers,
    sasl: { mechanism: 'SCRAM-SHA-256', username: 'alice', password: 'wonder=land' },
  })
  await rejectsWith('TOPIC_AUTHORIZATION_FAILED', () => alice.admin.describeTopics(['secret']))
  await acls(open, alice)
  const root = adminFixture(context, {
    brokers,
    sasl: { mechanism: 'PLAIN', username: 'root', password: 'root-secret' },
  })
  await tokens(root, alice)
}

async function scramUsers({ admin }: AdminFixture): Promise<void> {
  const mechanism = 'SCRAM-SHA-256' as const
  const altered = await admin.alterUserScramCredentials([
    { user: 'alice', mechanism, password: 'wonder=land', iterations: 8192 },
    { user: 'twice', mechanism, password: 'x' },
    { user: 'twice', mechanism: 'SCRAM-SHA-512', password: 'x' },
    { user: 'bob', mechanism, password: '' },
    { user: 'carol', mechanism, delete: true },
    { user: 'dave', mechanism, password: 'x', iterations: 10 },
  ])
  assert.deepEqual(
    altered.failures().map(([key, { code }]) => `${key} ${code}`),
    [
      'twice DUPLICATE_RESOURCE',
      'bob UNACCEPTABLE_CREDENTIAL',
      'carol RESOURCE_NOT_FOUND',
      'dave UNACCEPTABLE_CREDENTIAL',
    ],
  )
  const other = { user: 'alice', mechanism: 'SCRAM-SHA-512', password: 'wonder=land' } as const
  assert.equal((await admin.alterUserScramCredentials([other])).ok, true)
  await eventually(async () => {
    const all = await admin.describeUserScramCredentials(null)
    assert.deepEqual(all.keys(), ['alice'])
    const own = all.get('alice').map((one) => `${one.mechanism} ${one.iterations}`)
    assert.deepEqual(own.sort(), ['SCRAM-SHA-256 8192', 'SCRAM-SHA-512 4096'])
  })
  const some = await admin.describeUserScramCredentials(['alice', 'nobody'])
  await rejectsWith('RESOURCE_NOT_FOUND', async () => some.get('nobody'))
  const gone = [{ user: 'alice', mechanism: 'SCRAM-SHA-512', delete: true } as const]
  assert.equal((await admin.alterUserScramCredentials(gone)).ok, true)
}

async function acls({ admin }: AdminFixture, alice: AdminFixture): Promise<void> {
  const binding: AclBinding = {
    resourceType: 'TOPIC',
    resourceName: 'sec',
    patternType: 'PREFIXED',
    principal: 'User:alice',
    operation: 'DESCRIBE',
  }
  const wrong = { ...binding, resourceName: '' }
  const created = await admin.createAcls([binding, wrong])
  assert.equal(created.outcome(binding)?.ok, true)
  assert.equal(created.failures()[0]?.[1].code, 'INVALID_REQUEST')
  const full = { ...binding, host: '*', permission: 'ALLOW' }
  await eventually(async () => {
    assert.deepEqual(await admin.describeAcls({ principal: 'User:alice' }), [full])
  })
  const matching = { resourceType: 'TOPIC', resourceName: 'secret' } as const
  assert.deepEqual(await admin.describeAcls({ ...matching, patternType: 'MATCH' }), [full])
  assert.deepEqual(await admin.describeAcls({ ...matching, patternType: 'LITERAL' }), [])
  const include = { includeAuthorizedOperations: true }
  await eventually(async () => {
    const described = (await alice.admin.describeTopics(['secret'], include)).get('secret')
    assert.deepEqual(described.authorizedOperations, ['DESCRIBE'])
  })
  await rejectsWith('TOPIC_AUTHORIZATION_FAILED', () => alice.admin.deleteTopics(['secret']))
  await rejectsWith('CLUSTER_AUTHORIZATION_FAILED', () => alice.admin.describeAcls({}))
  const denied = await alice.admin.createAcls([binding])
  assert.equal(denied.failures()[0]?.[1].code, 'CLUSTER_AUTHORIZATION_FAILED')
  const [none, all] = [{ principal: 'User:nobody' }, { principal: 'User:alice' }]
  const deleted = await admin.deleteAcls([none, all])
  assert.equal(deleted.get(none).size, 0)
  assert.deepEqual(deleted.get(all).orThrow().keys(), [full])
  await eventually(async () => assert.deepEqual(await admin.describeAcls({}), []))
}

async function tokens(root: AdminFixture, alice: AdminFixture): Promise<void> {
  const token = await root.admin.createDelegationToken({
    renewers: ['User:alice'],
    maxLifetimeMs: 3_600_000,
  })
  assert.deepEqual([token.owner, token.requester], ['User:root', 'User:root'])
  assert.deepEqual(token.renewers, ['User:alice'])
  assert.equal(token.maxTimestamp - token.issueTimestamp, 3_600_000)
  await eventually(async () => {
    const described = await root.admin.describeDelegationTokens(['User:root'])
    assert.deepEqual(described, [token])
  })
  assert.deepEqual(await root.admin.describeDelegationTokens(['User:nobody']), [])
  const renewed = await alice.admin.renewDelegationToken(token.hmac, { renewPeriodMs: 600_000 })
  assert.ok(renewed > token.issueTimestamp && renewed <= token.maxTimestamp)
  const forAlice = await root.admin.createDelegationToken({ owner: 'User:alice' })
  assert.deepEqual([forAlice.owner, forAlice.requester], ['User:alice', 'User:root'])
  const soon = await root.admin.expireDelegationToken(token.hmac, { expiryTimePeriodMs: 60_000 })
  assert.ok(soon < renewed)
  await root.admin.expireDelegationToken(token.hmac)
  await eventually(async () => {
    const left = await root.admin.describeDelegationTokens(null)
    assert.deepEqual(
      left.map(({ tokenId }) => tokenId),
      [forAlice.tokenId],
    )
  })
  await rejectsWith('DELEGATION_TOKEN_NOT_FOUND', () => {
    return root.admin.renewDelegationToken(token.hmac)
  })
  await rejectsWith('INVALID_ARGUMENT', () => root.admin.describeDelegationTokens(['alice']))
}
