/** Groups of all types and their offsets, by our administrator's client. */
import assert from 'node:assert/strict'
import {
  type AdminFixture,
  adminFixture,
  eventually,
  rejectsWith,
  squeezed,
  whereServed,
} from '../admin-fixture.ts'
import type { Check } from '../check.ts'

export const groupAdmins: readonly Check[] = [
  {
    name: 'client-admin-groups',
    needs: ['java'],
    run: async (context) => {
      const fixture = adminFixture(context)
      await fixture.admin.createTopics([{ name: context.topic, numPartitions: 2 }])
      await offsets(fixture)
      await classicGroup(fixture)
      await consumerGroup(fixture)
      await fixture.admin.deleteTopics([context.topic])
    },
  },
  {
    name: 'client-admin-other-groups',
    needs: [],
    run: async (context) => {
      const fixture = adminFixture(context)
      await fixture.admin.createTopics([{ name: context.topic, numPartitions: 2 }])
      await shareGroup(fixture)
      await streamsGroup(fixture)
      await fixture.admin.deleteTopics([context.topic])
    },
  },
]

async function offsets({ context, admin }: AdminFixture): Promise<void> {
  const { topic } = context
  const [groupId, other] = [`${topic}-simple`, `${topic}-other`]
  const first = { topic, partition: 0 }
  const second = { topic, partition: 1 }
  const set = await admin.alterConsumerGroupOffsets(groupId, [
    { ...first, offset: 0, leaderEpoch: 0, metadata: 'note' },
    { ...second, offset: 0 },
    { topic: `${topic}-none`, partition: 0, offset: 0 },
  ])
  assert.deepEqual([set.outcome(first)?.ok, set.outcome(second)?.ok], [true, true])
  assert.equal(set.failures()[0]?.[1].code, 'UNKNOWN_TOPIC_OR_PARTITION')
  ;(await admin.alterConsumerGroupOffsets(other, [{ ...first, offset: 0 }])).orThrow()

  const listed = await admin.listConsumerGroupOffsets(
    [{ groupId }, { groupId: other, partitions: [first, second] }],
    { requireStable: true },
  )
  const own = listed.get(groupId)
  assert.deepEqual(own.get(first), { offset: 0, leaderEpoch: 0, metadata: 'note' })
  assert.deepEqual(own.get(second), { offset: 0, leaderEpoch: null, metadata: '' })
  assert.equal(own.size, 2)
  assert.deepEqual(listed.get(other).get(second), null)

  const groups = (await admin.listGroups({ states: ['Empty'] })).values().flat()
  const found = groups.find((group) => group.groupId === groupId)
  const classic = { type: 'classic', protocolType: '', state: 'Empty' }
  assert.deepEqual(found, { groupId, ...classic, isSimple: true })
  const described = await admin.describeConsumerGroups([groupId, `${topic}-missing`])
  assert.deepEqual([described.get(groupId).isSimple, described.get(groupId).members], [true, []])
  await rejectsWith('GROUP_ID_NOT_FOUND', async () => described.get(`${topic}-missing`))

  const forgotten = await admin.deleteConsumerGroupOffsets(groupId, [second])
  assert.equal(forgotten.ok, true)
  assert.equal((await admin.listConsumerGroupOffsets([{ groupId }])).get(groupId).size, 1)
  const gone = await admin.deleteConsumerGroupOffsets(`${topic}-missing`, [second])
  assert.equal(gone.failures()[0]?.[1].code, 'GROUP_ID_NOT_FOUND')
  const deleted = await admin.deleteGroups([groupId, other, `${topic}-missing`])
  assert.deepEqual(
    deleted.failures().map(([key, { code }]) => `${key} ${code}`),
    [`${topic}-missing GROUP_ID_NOT_FOUND`],
  )
}

async function classicGroup({ context, admin, members }: AdminFixture): Promise<void> {
  const { topic, server } = context
  const groupId = `${topic}-classic`
  const memberId = await members.classic(groupId, 'instance-1', topic, [0, 1])
  const description = (
    await admin.describeConsumerGroups([groupId], { includeAuthorizedOperations: true })
  ).get(groupId)
  assert.deepEqual(
    [description.type, description.state, description.partitionAssignor, description.isSimple],
    ['classic', 'Stable', 'range', false],
  )
  assert.equal(description.coordinator.id, 1)
  assert.ok(description.authorizedOperations?.includes('DELETE'))
  const [member] = description.members
  assert.deepEqual(
    [member?.memberId, member?.instanceId, member?.clientId, member?.memberEpoch],
    [memberId, 'instance-1', 'millrace', null],
  )
  assert.deepEqual(member?.assignment, [
    { topic, partition: 0 },
    { topic, partition: 1 },
  ])
  const classic = (await admin.describeClassicGroups([groupId])).get(groupId)
  assert.deepEqual([classic.protocolType, classic.protocolData], ['consumer', 'range'])
  assert.deepEqual(classic.members, description.members)

  const tool = ['--bootstrap-server', server.bootstrap, '--describe', '--members', '--verbose']
  const theirs = await context.jvm.output('kafka-consumer-groups', [...tool, '--group', groupId])
  const row = squeezed(theirs).find((line) => line.startsWith(groupId))
  const said = `${groupId} ${memberId} ${member?.instanceId} ${member?.host} ${member?.clientId} 2`
  assert.ok(row?.startsWith(said), `${row} is not ${said}`)

  await rejectsWith('NON_EMPTY_GROUP', () => admin.deleteGroups([groupId]))
  await rejectsWith('GROUP_SUBSCRIBED_TO_TOPIC', () => {
    return admin.deleteConsumerGroupOffsets(groupId, [{ topic, partition: 0 }])
  })
  await rejectsWith('UNKNOWN_MEMBER_ID', () => {
    return admin.alterConsumerGroupOffsets(groupId, [{ topic, partition: 0, offset: 0 }])
  })
  const removed = await admin.removeMembers(groupId, [
    { instanceId: 'instance-1' },
    { memberId: 'nobody' },
  ])
  assert.equal(removed.outcome({ instanceId: 'instance-1' })?.ok, true)
  assert.equal(removed.failures()[0]?.[1].code, 'UNKNOWN_MEMBER_ID')
  await members.classic(groupId, 'instance-2', topic, [0])
  const all = await admin.removeMembers(groupId, 'all', { reason: 'enough' })
  assert.deepEqual(all.orThrow().keys(), [{ instanceId: 'instance-2' }])
  await eventually(async () => {
    const { state } = (await admin.describeConsumerGroups([groupId])).get(groupId)
    assert.equal(state, 'Empty')
  })
  assert.equal((await admin.deleteGroups([groupId])).ok, true)
}

async function consumerGroup(fixture: AdminFixture): Promise<void> {
  const { context, admin, members } = fixture
  const { topic } = context
  const groupId = `${topic}-consumer`
  const describe = () => admin.describeConsumerGroups([groupId])
  await whereServed(
    fixture,
    [68, 69],
    describe,
    async () => {
      await members.consumer(groupId, 'member-1', topic)
      const description = await eventually(async () => {
        const found = (await describe()).get(groupId)
        assert.equal(found.members[0]?.assignment.length, 2)
        return found
      })
      assert.equal(description.type, 'consumer')
      assert.equal(description.partitionAssignor, 'uniform')
      assert.ok(description.groupEpoch! >= 1 && description.targetAssignmentEpoch! >= 1)
      const [member] = description.members
      assert.deepEqual(
        [member?.memberId, member?.rackId, member?.isUpgraded, member?.subscribedTopics],
        ['member-1', 'r1', true, [topic]],
      )
      assert.equal(member?.targetAssignment?.length, 2)
      const listed = (await admin.listGroups({ types: ['consumer'] })).values().flat()
      assert.ok(listed.some((group) => group.groupId === groupId && group.type === 'consumer'))
      assert.ok(listed.every((group) => group.type === 'consumer'))
      await rejectsWith('NON_EMPTY_GROUP', () => admin.deleteGroups([groupId]))
      await rejectsWith('GROUP_ID_NOT_FOUND', () => admin.describeClassicGroups([groupId]))
    },
    'GROUP_ID_NOT_FOUND', // for then DescribeGroups is asked
  )
}

async function shareGroup(fixture: AdminFixture): Promise<void> {
  const { context, admin, members } = fixture
  const { topic } = context
  const groupId = `${topic}-share`
  const describe = () => admin.describeShareGroups([groupId, `${topic}-missing`])
  await whereServed(fixture, [77, 76, 90, 91, 92], describe, async () => {
    await members.share(groupId, 'AAAAAAAAAAAAAAAAAAAAZQ', topic)
    const results = await eventually(async () => {
      const found = await describe()
      assert.equal(found.get(groupId).members.length, 1)
      return found
    })
    const description = results.get(groupId)
    assert.equal(description.coordinator.id, 1)
    assert.deepEqual(description.members[0]?.subscribedTopics, [topic])
    await rejectsWith('GROUP_ID_NOT_FOUND', async () => results.get(`${topic}-missing`))
    const types = (await admin.listGroups({ types: ['share'] })).values().flat()
    assert.ok(types.some((group) => group.groupId === groupId && group.protocolType === 'share'))
    await rejectsWith('NON_EMPTY_GROUP', () => admin.deleteShareGroupOffsets(groupId, [topic]))
    await rejectsWith('NON_EMPTY_GROUP', () => {
      return admin.alterShareGroupOffsets(groupId, [{ topic, partition: 0, startOffset: 0 }])
    })
    await members.share(groupId, 'AAAAAAAAAAAAAAAAAAAAZQ', topic, -1)
    const set = await admin.alterShareGroupOffsets(groupId, [
      { topic, partition: 0, startOffset: 0 },
      { topic: `${topic}-none`, partition: 0, startOffset: 0 },
    ])
    set.get({ topic, partition: 0 })
    assert.equal(set.failures()[0]?.[1].code, 'UNKNOWN_TOPIC_OR_PARTITION')
    const offset = await eventually(async () => {
      const listed = await admin.listShareGroupOffsets([{ groupId }])
      const found = listed.get(groupId).get({ topic, partition: 0 })
      assert.equal(found?.startOffset, 0)
      return found
    })
    assert.deepEqual([offset?.lag, typeof offset?.leaderEpoch], [0, 'number'])
    const deleted = await admin.deleteShareGroupOffsets(groupId, [topic, `${topic}-none`])
    deleted.get(topic)
    assert.equal(deleted.failures()[0]?.[1].code, 'UNKNOWN_TOPIC_OR_PARTITION')
    ;(await admin.deleteGroups([groupId])).orThrow()
  })
}

async function streamsGroup(fixture: AdminFixture): Promise<void> {
  const { context, admin, members } = fixture
  const { topic } = context
  const groupId = `${topic}-streams`
  const describe = () => admin.describeStreamsGroups([groupId])
  await whereServed(fixture, [89, 88], describe, async () => {
    await members.streams(groupId, 'member-1', topic)
    const description = await eventually(async () => {
      const found = (await describe()).get(groupId)
      assert.equal(found.members[0]?.assignment.activeTasks.length, 1)
      return found
    })
    assert.equal(description.topologyEpoch, 0)
    assert.deepEqual(description.subtopologies[0]?.sourceTopics, [topic])
    const [member] = description.members
    assert.deepEqual(member?.clientTags, { zone: 'z1' })
    assert.deepEqual(member?.userEndpoint, { host: 'localhost', port: 4711 })
    assert.deepEqual(member?.assignment.activeTasks, [{ subtopologyId: '0', partitions: [0, 1] }])
    await rejectsWith('NON_EMPTY_GROUP', () => admin.deleteGroups([groupId]))
  })
}
