/**
 * What else administrators do with kafkajs: rules of access, and partitions that move to other
 * brokers. As with moving.mjs, a run with kafkajs and one with the drop-in must print the same.
 *
 *     node moving-admin.mjs MODULE BOOTSTRAP PREFIX acls|reassignments
 */
import { inspect } from 'node:util'
import { eventually, expect } from './checks.mjs'

const [module, bootstrap, prefix, part] = process.argv.slice(2)
const kafkajs = (await import(module)).default
const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  KafkaJSError,
  logLevel,
  ResourcePatternTypes,
} = kafkajs

function say(what, value) {
  console.log(`${what}: ${inspect(value, { depth: 8, breakLength: 100, sorted: true })}`)
}

async function failing(what, call) {
  try {
    await call()
    say(what, 'no error')
  } catch (error) {
    const { cause } = error
    say(what, {
      isOurs: error instanceof KafkaJSError || error.name === 'KafkaJSAggregateError',
      name: error.name,
      message: cause === undefined && error.type === undefined ? error.message : undefined,
      type: error.type ?? cause?.type,
      each: error.errors?.map((one) => [one.name, one.type, one.topic, one.partition]),
    })
  }
}

const kafka = new Kafka({
  clientId: 'moving-admin',
  brokers: bootstrap.split(','),
  retry: { initialRetryTime: 100, retries: 3 },
  logLevel: logLevel.NOTHING,
})
const admin = kafka.admin()

const ANY = {
  resourceType: AclResourceTypes.ANY,
  resourcePatternType: ResourcePatternTypes.ANY,
  operation: AclOperationTypes.ANY,
  permissionType: AclPermissionTypes.ANY,
}

const rule = (more) => ({
  resourceType: AclResourceTypes.TOPIC,
  resourceName: prefix,
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: 'User:bob',
  host: '*',
  operation: AclOperationTypes.READ,
  permissionType: AclPermissionTypes.ALLOW,
  ...more,
})

const inOrder = (list) => list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

function ordered(resources) {
  for (const { acls } of resources) inOrder(acls)
  return inOrder(resources)
}

/** The types say that a message is a text or missing; kafkajs gives null. */
function withoutNulls(value) {
  return JSON.parse(JSON.stringify(value, (_, each) => each ?? undefined))
}

/** By the types there is throttleTime and errorCode as well, which kafkajs leaves out. */
async function found(filter) {
  return ordered((await admin.describeAcls(filter)).resources)
}

async function acls() {
  const created = await admin.createAcls({
    acl: [
      rule({}),
      rule({ operation: AclOperationTypes.WRITE, permissionType: AclPermissionTypes.DENY }),
      rule({ principal: 'User:eve', host: '10.0.0.1', operation: AclOperationTypes.ALL }),
      rule({ resourcePatternType: ResourcePatternTypes.PREFIXED }),
      rule({ resourceType: AclResourceTypes.GROUP, operation: AclOperationTypes.DESCRIBE }),
      rule({
        resourceType: AclResourceTypes.TRANSACTIONAL_ID,
        operation: AclOperationTypes.WRITE,
      }),
    ],
  })
  say('created', created)
  const mine = { ...ANY, resourceName: prefix }
  await eventually(async () => {
    const { resources } = await admin.describeAcls(mine)
    expect('rules', resources.flatMap(({ acls }) => acls).length, 6)
  })
  say('all', await found(mine))
  say('topics', await found({ ...mine, resourceType: AclResourceTypes.TOPIC }))
  const literal = { ...mine, resourcePatternType: ResourcePatternTypes.LITERAL }
  say('literal', await found(literal))
  const matching = { ...mine, resourceName: `${prefix}-more` }
  const pattern = { ...matching, resourcePatternType: ResourcePatternTypes.MATCH }
  say('matching', await found({ ...pattern, resourceType: AclResourceTypes.TOPIC }))
  say('of eve', await found({ ...mine, principal: 'User:eve' }))
  say('of a host', await found({ ...mine, host: '10.0.0.1' }))
  say('denied', await found({ ...mine, permissionType: AclPermissionTypes.DENY }))
  say('of nobody', await found({ ...mine, principal: 'User:nobody' }))
  const wrong = (more) => () => admin.createAcls({ acl: [rule(more)] })
  await failing('no list', () => admin.createAcls({ acl: 'x' }))
  await failing('an empty list', () => admin.createAcls({ acl: [] }))
  await failing('a wrong operation', wrong({ operation: 99 }))
  await failing('a wrong permission', wrong({ permissionType: 99 }))
  await failing('a wrong resource', wrong({ resourceType: 99 }))
  await failing('a wrong pattern', wrong({ resourcePatternType: 99 }))
  await failing('a wrong principal', wrong({ principal: 7 }))
  await failing('a principal without type', wrong({ principal: 'bob' }))
  await failing('an empty name', wrong({ resourceName: '' }))
  await failing('a wrong filter', () => admin.describeAcls({ ...mine, operation: 99 }))
  await failing('a wrong host', () => admin.describeAcls({ ...mine, host: 7 }))
  await failing('wrong filters', () => admin.deleteAcls({ filters: [{ ...mine, operation: 99 }] }))
  await failing('wrong names', () => admin.deleteAcls({ filters: [{ ...mine, principal: 7 }] }))
  await failing('no filters', () => admin.deleteAcls({ filters: [] }))
  const filters = [
    { ...mine, principal: 'User:eve' },
    { ...mine, resourceType: AclResourceTypes.GROUP },
    { ...mine, principal: 'User:nobody' },
  ]
  const deleted = await admin.deleteAcls({ filters })
  say('deleted', deleted.filterResponses.map(withoutNulls))
  await eventually(async () => {
    const { resources } = await admin.describeAcls(mine)
    expect('rules', resources.flatMap(({ acls }) => acls).length, 4)
  })
  const rest = await admin.deleteAcls({ filters: [mine] })
  for (const { matchingAcls } of rest.filterResponses) inOrder(matchingAcls)
  say('the rest', rest.filterResponses.map(withoutNulls))
  await eventually(async () => expect('left', (await admin.describeAcls(mine)).resources, []))
}

/** What kafkajs gives has other names than its types say; the drop-in has both. */
async function listed(request) {
  const { topics } = await admin.listPartitionReassignments(request)
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, ...given }) => given),
    })),
  }
}

/** Broker 3 of three is gone, so what moves to it goes on. */
async function reassignments() {
  const topic = prefix
  const replicaAssignment = [
    { partition: 0, replicas: [1, 2] },
    { partition: 1, replicas: [1, 2] },
  ]
  await admin.createTopics({ topics: [{ topic, replicaAssignment }] })
  say('none', await listed({}))
  const move = (partition, replicas, of = topic) =>
    admin.alterPartitionReassignments({
      topics: [{ topic: of, partitionAssignment: [{ partition, replicas }] }],
    })
  say('turned', await move(1, [2, 1]))
  await eventually(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const { replicas } = topics[0].partitions.find(({ partitionId }) => partitionId === 1)
    expect('replicas', replicas, [2, 1])
  })
  say('moving', await move(0, [1, 3]))
  await eventually(async () => {
    const { topics } = await listed({})
    expect('moving', topics.length, 1)
  })
  say('all', await listed({}))
  const asked = [{ topic, partitions: [0, 1] }]
  say('of the topic', await listed({ topics: asked, timeout: 3000 }))
  const other = [{ topic, partitions: [1] }]
  say('of the other', await listed({ topics: other }))
  say('back', await move(0, [1, 2]))
  await eventually(async () => {
    const [{ partitions }] = (await listed({})).topics
    expect('removing', partitions[0].removingReplicas, [3])
  })
  say('on the way back', await listed({}))
  await failing('an unknown topic', () => move(0, [1], `${topic}-no`))
  await failing('an unknown partition', () => move(9, [1]))
  await failing('an unknown broker', () => move(0, [1, 99]))
  await failing('the same broker twice', () => move(0, [1, 1]))
  await failing('no brokers', () => move(0, []))
  await failing('no list of brokers', () => move(0, 1))
  await failing('a negative broker', () => move(0, [-1]))
  await failing('no list', () => admin.alterPartitionReassignments({}))
  await failing('two entries', () => {
    const one = { topic, partitionAssignment: [{ partition: 0, replicas: [1] }] }
    return admin.alterPartitionReassignments({ topics: [one, one] })
  })
  await failing('a wrong list', () => admin.listPartitionReassignments({ topics: 'x' }))
  await failing('no partitions', () => admin.listPartitionReassignments({ topics: [{ topic }] }))
  await admin.deleteTopics({ topics: [topic] })
}

await admin.connect()
await { acls, reassignments }[part]()
await admin.disconnect()
