/**
 * How calls of Admin go on: who is asked, what is asked again, and what is told when nothing helps.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest } from '../../protocol/messages/03-metadata.ts'
import { findCoordinatorRequest } from '../../protocol/messages/10-find-coordinator.ts'
import { describeGroupsRequest } from '../../protocol/messages/15-describe-groups.ts'
import { listGroupsRequest } from '../../protocol/messages/16-list-groups.ts'
import { createTopicsRequest } from '../../protocol/messages/19-create-topics.ts'
import { deleteTopicsRequest } from '../../protocol/messages/20-delete-topics.ts'
import { deleteGroupsRequest } from '../../protocol/messages/42-delete-groups.ts'
import { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../kafka-error.ts'
import { Admin } from './admin.ts'

const { NONE, NOT_CONTROLLER, NOT_COORDINATOR, THROTTLING_QUOTA_EXCEEDED } = ErrorCode

function start() {
  const cluster = new FakeCluster()
  cluster.metadata.setBroker(2, null)
  return { cluster, admin: new Admin(cluster) }
}

/** Lets time pass until `promise` settles. */
async function settle<T>(cluster: FakeCluster, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const end = () => {
    isSettled = true
  }
  promise.then(end, end)
  await cluster.clock.until(() => isSettled, 120_000)
  return promise
}

function created(name: string, errorCode: number) {
  const error = { errorCode, errorMessage: null, topicConfigErrorCode: 0 }
  return { name, topicId: 'x', ...error, numPartitions: 1, replicationFactor: 1, configs: [] }
}

test('only what is not settled is asked again, and after the pause of the quota', async () => {
  const { cluster, admin } = start()
  const asked: string[][] = []
  const times: number[] = []
  cluster.on(createTopicsRequest, ({ topics }) => {
    const names = topics.map(({ name }) => name)
    asked.push(names)
    times.push(cluster.clock.nowMs())
    const codeOf = (name: string) =>
      asked.length === 1 && name === 'b'
        ? THROTTLING_QUOTA_EXCEEDED
        : name === 'c'
          ? ErrorCode.TOPIC_ALREADY_EXISTS
          : NONE
    return { throttleTimeMs: 5000, topics: names.map((name) => created(name, codeOf(name))) }
  })
  const given = ['a', 'b', 'c'].map((name) => ({ name }))
  const results = await settle(cluster, admin.createTopics(given))
  assert.deepEqual(asked, [['a', 'b', 'c'], ['b']])
  assert.ok(times[1]! - times[0]! >= 5000)
  assert.deepEqual(results.keys(), ['a', 'b', 'c'])
  assert.deepEqual(
    results.failures().map(([key, { code }]) => [key, code]),
    [['c', 'TOPIC_ALREADY_EXISTS']],
  )
  const first = asked.length
  const answer = admin.createTopics([{ name: 'c' }], { retryOnQuotaViolation: false })
  await settle(cluster, answer)
  assert.equal(asked.length, first + 1)
})

test('a controller that is none is looked up anew', async () => {
  const { cluster, admin } = start()
  let attempts = 0
  cluster.on(deleteTopicsRequest, () => {
    const errorCode = attempts++ === 0 ? NOT_CONTROLLER : NONE
    return { throttleTimeMs: 0, responses: [{ name: 'a', topicId: '', errorCode }] }
  })
  const results = await settle(cluster, admin.deleteTopics(['a']))
  assert.equal(results.ok, true)
  assert.equal(attempts, 2)
  assert.equal(cluster.metadata.refreshes, 1)
})

test('what is not answered in time fails by itself and says what it last heard', async () => {
  const { cluster, admin } = start()
  cluster.on(createTopicsRequest, ({ topics }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name }) => created(name, name === 'a' ? NONE : NOT_CONTROLLER)),
  }))
  const given = [{ name: 'a' }, { name: 'b' }]
  const results = await settle(cluster, admin.createTopics(given, { timeoutMs: 900 }))
  assert.equal(results.get('a').name, 'a')
  const [[key, error]] = results.failures() as [[string, KafkaError]]
  assert.equal(key, 'b')
  assert.equal(error.code, 'TIMED_OUT')
  assert.match(error.message, /createTopics did not end in time.*NOT_CONTROLLER|controller/)
  assert.ok(error.cause instanceof KafkaError)
  assert.equal(error.cause.code, 'NOT_CONTROLLER')
  assert.equal(cluster.clock.pending, 0)
})

test('a broker that does not answer is asked again until the deadline, then the call ends', async () => {
  const { cluster, admin } = start()
  let attempts = 0
  cluster.on(deleteTopicsRequest, () => {
    attempts++
    throw new KafkaError('NETWORK_ERROR', 'no way')
  })
  const results = await settle(cluster, admin.deleteTopics(['a'], { timeoutMs: 5000 }))
  assert.ok(attempts > 4, `${attempts} attempts`)
  assert.throws(() => results.get('a'), { code: 'TIMED_OUT' })
})

test('what the broker leaves out or says besides is noticed', async () => {
  const { cluster, admin } = start()
  cluster.on(deleteTopicsRequest, () => ({
    throttleTimeMs: 0,
    responses: [
      { name: 'a', topicId: '', errorCode: 0 },
      { name: 'never asked', topicId: '', errorCode: 3 },
    ],
  }))
  const results = await settle(cluster, admin.deleteTopics(['a', 'b', 'a']))
  assert.deepEqual(results.keys(), ['a', 'b'])
  assert.equal(results.outcome('a')?.ok, true)
  assert.throws(() => results.get('b'), { code: 'CORRUPT_DATA', message: /does not tell of b/ })
})

test('groups are asked of their coordinators, and of the next one when they move', async () => {
  const { cluster, admin } = start()
  let home = 1
  const asked: [number, readonly string[]][] = []
  cluster.on(findCoordinatorRequest, ({ coordinatorKeys }) => ({
    coordinators: coordinatorKeys.map((key) => {
      const isUnknown = key === 'lost'
      const nodeId = key === 'g2' ? 2 : home
      const errorCode = isUnknown ? ErrorCode.GROUP_AUTHORIZATION_FAILED : NONE
      return { key, nodeId, host: '', port: 0, errorCode, errorMessage: 'no' }
    }),
  }))
  cluster.on(deleteGroupsRequest, ({ groupsNames }, { brokerId }) => {
    asked.push([brokerId, groupsNames])
    const isMoved = brokerId === 1
    home = 2
    const errorCode = isMoved ? NOT_COORDINATOR : NONE
    return { throttleTimeMs: 0, results: groupsNames.map((groupId) => ({ groupId, errorCode })) }
  })
  cluster.coordinatorId = 2
  const results = await settle(cluster, admin.deleteGroups(['g1', 'g2', 'lost']))
  assert.deepEqual(asked, [
    [1, ['g1']],
    [2, ['g2']],
    [2, ['g1']],
  ])
  assert.equal(cluster.forgotten, 1)
  assert.deepEqual(
    results.failures().map(([key, { code }]) => `${key} ${code}`),
    ['lost GROUP_AUTHORIZATION_FAILED'],
  )
})

test('an old broker finds coordinators one by one', async () => {
  const { cluster, admin } = start()
  cluster.setVersions(findCoordinatorRequest.apiKey, { min: 0, max: 2 })
  cluster.on(findCoordinatorRequest, ({ key }) => ({
    ...{ errorCode: 0, errorMessage: null },
    ...{ nodeId: key === 'g2' ? 2 : 1, host: '', port: 0 },
  }))
  const asked: number[] = []
  cluster.on(deleteGroupsRequest, ({ groupsNames }, { brokerId }) => {
    asked.push(brokerId)
    return { results: groupsNames.map((groupId) => ({ groupId, errorCode: NONE })) }
  })
  assert.equal((await settle(cluster, admin.deleteGroups(['g1', 'g2']))).ok, true)
  assert.deepEqual(asked, [1, 2])
})

test('groups are listed of each broker; the failure of one leaves the others', async () => {
  const { cluster, admin } = start()
  let loading = 2
  cluster.on(metadataRequest, () => ({
    brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: 'h', port: 1, rack: null })),
  }))
  cluster.on(listGroupsRequest, (_, { brokerId }) => {
    if (brokerId === 3) return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, groups: [] }
    if (brokerId === 2 && loading-- > 0) {
      return { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, groups: [] }
    }
    const group = { groupId: `g${brokerId}`, protocolType: 'consumer' }
    const simple = { groupId: `s${brokerId}`, protocolType: '', groupState: 'Empty' }
    return {
      errorCode: 0,
      groups: [
        { ...group, groupState: 'Stable', groupType: 'Consumer' },
        { ...simple, groupType: 'classic' },
      ],
    }
  })
  const results = await settle(cluster, admin.listGroups())
  assert.deepEqual(results.keys(), [1, 2, 3])
  assert.deepEqual(results.get(2)[0], {
    groupId: 'g2',
    type: 'consumer',
    protocolType: 'consumer',
    state: 'Stable',
    isSimple: false,
  })
  assert.equal(results.get(1)[1]?.isSimple, true)
  assert.throws(() => results.get(3), { code: 'CLUSTER_AUTHORIZATION_FAILED' })
  const some = await settle(cluster, admin.listGroups({ protocolTypes: ['consumer'] }))
  assert.deepEqual(
    some.get(1).map(({ groupId }) => groupId),
    ['g1'],
  )
})

test('filters that a broker is too old for are refused, those that change nothing are not sent', async () => {
  const { cluster, admin } = start()
  cluster.setVersions(listGroupsRequest.apiKey, { min: 0, max: 3 })
  cluster.on(metadataRequest, () => ({
    brokers: [{ nodeId: 1, host: 'h', port: 1, rack: null }],
  }))
  cluster.on(listGroupsRequest, () => ({ errorCode: 0, groups: [] }))
  const unsupported = { code: 'UNSUPPORTED_BY_BROKER' }
  const byState = await settle(cluster, admin.listGroups({ states: ['Stable'] }))
  assert.throws(() => byState.get(1), unsupported)
  const shared = await settle(cluster, admin.listGroups({ types: ['share'] }))
  assert.throws(() => shared.get(1), unsupported)
  const classic = await settle(cluster, admin.listGroups({ types: ['classic', 'consumer'] }))
  assert.deepEqual(classic.values().flat(), [])
  assert.deepEqual(cluster.sent(listGroupsRequest), [{}])
  const wrong = admin.listGroups({ states: ['stable' as 'Stable'] })
  await assert.rejects(wrong, { code: 'INVALID_ARGUMENT', message: /states: stable is none of/ })
})

test('an abort and a close end what is on its way, each with its own error', async () => {
  const { cluster, admin } = start()
  cluster.on(deleteTopicsRequest, () => new Promise(() => {}))
  const abort = new AbortController()
  const aborted = admin.deleteTopics(['a'], { signal: abort.signal })
  const closed = admin.deleteTopics(['b'], { signal: new AbortController().signal })
  const caught = [aborted, closed].map((promise) => promise.catch(({ code }) => code))
  await cluster.clock.advance(10)
  abort.abort(new Error('enough'))
  assert.equal(await caught[0], 'ABORTED')
  const closing = admin.close({ timeoutMs: 1000 })
  await cluster.clock.advance(999)
  assert.equal(await Promise.race([caught[1], 'on its way']), 'on its way')
  await settle(cluster, closing)
  assert.equal(await caught[1], 'CLOSED')
  await assert.rejects(admin.listTopics(), { code: 'CLOSED' })
  assert.equal(cluster.clock.pending, 0)
})

test('a close waits for what ends in time', async () => {
  const { cluster, admin } = start()
  cluster.on(deleteTopicsRequest, async () => {
    await new Promise<void>((resolve) => cluster.clock.after(500, resolve))
    return { throttleTimeMs: 0, responses: [{ name: 'a', topicId: '', errorCode: 0 }] }
  })
  const results = admin.deleteTopics(['a'])
  await settle(cluster, admin.close())
  assert.equal((await results).ok, true)
})

test('wrong arguments reject, also where nothing was sent yet', async () => {
  const { cluster, admin } = start()
  const twice = admin.createTopics([{ name: 'a' }, { name: 'a' }])
  await assert.rejects(twice, { code: 'INVALID_ARGUMENT', message: 'a is given twice' })
  const formless = admin.createPartitions({ a: 3 } as unknown as [])
  await assert.rejects(formless, {
    code: 'INVALID_ARGUMENT',
    message: /^an argument has the wrong/,
  })
  const nameless = admin.createTopics([{ topic: 'a' } as unknown as { name: string }])
  await assert.rejects(nameless, {
    code: 'INVALID_ARGUMENT',
    message: 'a name, id or key is undefined',
  })
  const both = [{ name: 'a', numPartitions: 2, assignments: [[1]] }]
  const results = settle(cluster, admin.createTopics(both, { timeoutMs: 100 }))
  await assert.rejects(async () => (await results).orThrow(), { code: 'INVALID_ARGUMENT' })
  await assert.rejects(admin.listTopics({ timeoutMs: -1 }), { code: 'INVALID_ARGUMENT' })
  assert.equal(cluster.requests.length, 0)
})

test('nothing asked, nothing sent', async () => {
  const { cluster, admin } = start()
  assert.equal((await admin.deleteTopics([])).size, 0)
  assert.equal((await admin.describeConsumerGroups([])).size, 0)
  assert.equal((await admin.listOffsets([])).size, 0)
  assert.deepEqual(cluster.requests, [])
})

test('a group of which the answer is damaged fails alone', async () => {
  const { cluster, admin } = start()
  const member = { memberId: 'm', groupInstanceId: null, clientId: 'c', clientHost: '/h' }
  const group = { errorMessage: null, groupState: 'Stable', protocolType: 'consumer' }
  const rest = { ...group, errorCode: 0, protocolData: 'range', authorizedOperations: -2147483648 }
  cluster.setVersions(69, null)
  cluster.on(findCoordinatorRequest, ({ coordinatorKeys }) => ({
    coordinators: coordinatorKeys.map((key) => {
      return { key, nodeId: 1, host: '', port: 0, errorCode: 0, errorMessage: null }
    }),
  }))
  cluster.on(describeGroupsRequest, ({ groups }) => ({
    groups: groups.map((groupId) => {
      const bytes = groupId === 'bad' ? [0, 0, 127, 1, 1] : [0, 9, 0, 0, 0, 0, 255, 255, 255, 255]
      return {
        ...rest,
        groupId,
        members: [{ ...member, memberAssignment: Uint8Array.from(bytes) }],
      }
    }),
  }))
  const results = await settle(cluster, admin.describeConsumerGroups(['bad', 'newer']))
  assert.throws(() => results.get('bad'), { code: 'CORRUPT_DATA', groupId: 'bad' })
  const { members, type, partitionAssignor, coordinator } = results.get('newer')
  assert.deepEqual(members[0]?.assignment, [])
  assert.deepEqual([type, partitionAssignor, coordinator.host], ['classic', 'range', 'broker-1'])
})
