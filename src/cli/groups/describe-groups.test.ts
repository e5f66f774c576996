/** Groups that one node can't be brought to have: without leaders, dead, of other protocols. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import type { ConsumerGroupDescription, GroupMember } from '../../client/admin/describe-groups.ts'
import { Results, success } from '../../client/admin/results.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { type Flag, parseFlags } from '../flags.ts'
import { describeGroups } from './describe-groups.ts'
import { FLAGS } from './group-flags.ts'
import type { GroupsRun } from './groups.ts'
import { exceptionText } from './java-failure.ts'
import { partitionName } from './topic-partitions.ts'

const JSON_FLAG: Flag = { name: 'json', about: '' }

const MEMBER: GroupMember = {
  ...{ memberId: 'm1', instanceId: null, rackId: null, clientId: 'c', host: '/10.0.0.1' },
  assignment: [
    { topic: 'led', partition: 0 },
    { topic: 'leaderless', partition: 1 },
  ],
  ...{ targetAssignment: null, memberEpoch: null, isUpgraded: null },
  ...{ subscribedTopics: null, subscribedTopicRegex: null },
}

function group(of: Partial<ConsumerGroupDescription>): ConsumerGroupDescription {
  return {
    ...{ groupId: 'g', type: 'classic', state: 'Stable', isSimple: false },
    ...{ partitionAssignor: 'range', coordinator: { id: 7, host: 'b', port: 9, rack: null } },
    ...{ members: [MEMBER], groupEpoch: null, targetAssignmentEpoch: null },
    ...{ authorizedOperations: null, ...of },
  }
}

/** A cluster with one group, offset 5 committed of both partitions, of which one has a leader. */
function adminOf(description: ConsumerGroupDescription) {
  const committed = new Results<TopicPartition, unknown>(
    partitionName,
    MEMBER.assignment.map((key) => {
      return { key, ...success({ offset: 5, leaderEpoch: 3, metadata: 'mine' }) }
    }),
  )
  const of = <V>(key: string, value: V) => {
    return new Results((text: string) => text, [{ key, ...success(value) }])
  }
  const admin = {
    describeConsumerGroups: async () => of(description.groupId, description),
    listConsumerGroupOffsets: async () => of(description.groupId, committed),
    describeTopics: async () =>
      new Results(
        (text: string) => text,
        [['led', 0, 1] as const, ['leaderless', 1, -1] as const].map(([key, partition, leader]) => {
          return { key, ...success({ name: key, partitions: [{ partition, leader }] }) }
        }),
      ),
    listOffsets: async (queries: readonly TopicPartition[]) => {
      assert.deepEqual(queries, [{ topic: 'led', partition: 0, at: 'latest' }])
      return new Results(partitionName, [{ key: queries[0]!, ...success({ offset: 9 }) }])
    },
  }
  return admin as unknown as Admin
}

async function described(description: ConsumerGroupDescription, line: string) {
  const out: string[] = []
  const err: string[] = []
  const flags = parseFlags(`--describe --group g ${line}`.trim().split(' '), [...FLAGS, JSON_FLAG])
  const run: GroupsRun = {
    ...{ out: (text) => void out.push(text), err: (text) => void err.push(text) },
    ...{ flags, timeoutMs: 1000, isJson: flags.has('json'), hint: () => {} },
    fail: (text) => void out.push('', `Error: ${text}`),
  }
  await describeGroups(adminOf(description), run)
  return { out: out.map((text) => text.replace(/ +/g, ' ')), err }
}

test('a partition without a leader has an offset and no end', async () => {
  const { out, err } = await described(group({}), '--verbose')
  assert.deepEqual(err, [])
  assert.deepEqual(out, [
    '',
    'GROUP TOPIC PARTITION LEADER-EPOCH CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID',
    'g leaderless 1 3 5 - - m1 /10.0.0.1 c',
    'g led 0 3 5 9 4 m1 /10.0.0.1 c',
  ])
  const json = await described(group({}), '--json')
  const [first] = JSON.parse(json.out[0]!).groups[0].offsets
  assert.deepEqual(first, {
    ...{ topic: 'leaderless', partition: 1, currentOffset: 5, leaderEpoch: 3 },
    ...{ logEndOffset: null, lag: null, metadata: 'mine', memberId: 'm1', clientId: 'c' },
    host: '/10.0.0.1',
  })
})

test('a dead group is told of; of its members Kafka prints the titles all the same', async () => {
  const dead = group({ state: 'Dead', members: [] })
  const error = "Error: Consumer group 'g' does not exist."
  assert.deepEqual((await described(dead, '--state')).out, ['', error])
  const { out } = await described(dead, '--members')
  assert.deepEqual(out, ['', error, '', 'GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS '])
})

test('members of both protocols are told apart', async () => {
  const target = [{ topic: 'led', partition: 0 }]
  const upgraded = { ...MEMBER, memberEpoch: 4, targetAssignment: target }
  const mixed = group({
    ...{ type: 'consumer', targetAssignmentEpoch: 5, partitionAssignor: '' },
    members: [
      { ...upgraded, isUpgraded: true },
      { ...upgraded, memberId: 'm2', instanceId: 'i', isUpgraded: false, assignment: [] },
    ],
  })
  assert.deepEqual((await described(mixed, '--members --verbose')).out, [
    '',
    'GROUP CONSUMER-ID GROUP-INSTANCE-ID HOST CLIENT-ID #PARTITIONS CURRENT-EPOCH ' +
      'CURRENT-ASSIGNMENT TARGET-EPOCH TARGET-ASSIGNMENT UPGRADED',
    'g m1 /10.0.0.1 c 2 4 leaderless:1;led:0 5 led:0 true',
    'g m2 i /10.0.0.1 c 0 4 - 5 led:0 false',
  ])
})

test('a group of another kind is named as Java does', () => {
  const text = 'group workers is not of consumers but of the type connect'
  assert.equal(
    exceptionText(new KafkaError('INVALID_ARGUMENT', text)),
    'java.lang.IllegalArgumentException: GroupId workers is not a consumer group (connect).',
  )
  assert.equal(
    exceptionText(KafkaError.ofCode(69)),
    'org.apache.kafka.common.errors.GroupIdNotFoundException: The group id does not exist.',
  )
})
