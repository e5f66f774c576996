/**
 * Whom to ask about what: any broker, the controller, the leader of a partition, the coordinator of
 * a group or transactional id, or a broker that is given. As Java's client does it.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import type { Deadline } from '../call.ts'
import type { BrokerInfo, Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { asking, type Caller, send } from './caller.ts'
import { partitionText } from './partitions.ts'
import type { Located, Lookup } from './per-key.ts'

const metadataCall = { request: metadataRequest, response: metadataResponse }
const findCoordinatorCall = { request: findCoordinatorRequest, response: findCoordinatorResponse }

/** Since then FindCoordinator takes several keys (KIP-699). */
const BATCHED_VERSION = 4
/** Since then Metadata can tell of brokers only. */
const NO_TOPICS_VERSION = 1
/** Since then Metadata can leave a topic uncreated. */
export const NO_AUTO_CREATION_VERSION = 4

const KEY_TYPES = { group: 0, transaction: 1 } as const

/** Every key is for the same broker, or for one that the key itself names. */
export function given<K>(target: Target | ((key: K) => Target)): Lookup<K> {
  return {
    async find(keys, located) {
      for (const key of keys) {
        located.found(key, typeof target === 'function' ? target(key) : target)
      }
    },
  }
}

/** Every key is for the controller. */
export function controller<K>(): Lookup<K> {
  return given('controller')
}

/**
 * Each partition is for its leader. An unknown topic fails unless `mayAppear`, with which it is
 * looked for until the deadline.
 */
export function leaders<K extends TopicPartition>(caller: Caller, mayAppear: boolean): Lookup<K> {
  return {
    async find(keys, located, deadline) {
      const names = [...new Set(keys.map(({ topic }) => topic))]
      const { body } = await send(
        caller,
        'any',
        metadataCall,
        { topics: names.map((name) => ({ name })), allowAutoTopicCreation: false },
        { deadline, minVersion: NO_AUTO_CREATION_VERSION },
      )
      const topics = new Map(body.topics.map((topic) => [topic.name, topic]))
      const leaderOf = new Map<string, number>()
      for (const { name, partitions } of body.topics) {
        for (const { partitionIndex, leaderId } of partitions) {
          leaderOf.set(partitionText({ topic: name ?? '', partition: partitionIndex }), leaderId)
        }
      }
      for (const key of keys) {
        const topic = topics.get(key.topic)
        const leader = leaderOf.get(partitionText(key))
        const { topic: name, partition } = key
        const context = { api: 'Metadata', topic: name, partition }
        if (topic === undefined || (topic.errorCode === 0 && leader === undefined)) {
          const error = KafkaError.ofCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null, context)
          located.later(key, error)
        } else if (topic.errorCode !== 0) {
          settleTopic(located, key, KafkaError.ofCode(topic.errorCode, null, context), mayAppear)
        } else if (leader !== undefined && leader >= 0) located.found(key, leader)
        else {
          located.later(key, KafkaError.ofCode(ErrorCode.LEADER_NOT_AVAILABLE, null, context))
        }
      }
    },
  }
}

function settleTopic<K>(located: Located<K>, key: K, error: KafkaError, mayAppear: boolean): void {
  const isUnknown = error.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (error.retriable && (!isUnknown || mayAppear)) located.later(key, error)
  else located.fail(key, error)
}

type CoordinatorType = keyof typeof KEY_TYPES

/** Each key is for the coordinator of the group or transactional id that it names. */
export function coordinators<K>(
  caller: Caller,
  type: CoordinatorType,
  idOf: (key: K) => string,
): Lookup<K> {
  return {
    async find(keys, located, deadline) {
      const ids = [...new Set(keys.map(idOf))]
      const found = await findCoordinators(caller, type, ids, deadline)
      for (const key of keys) {
        const coordinator = found.get(idOf(key))
        if (coordinator === undefined) continue
        if (typeof coordinator === 'number') located.found(key, coordinator)
        else if (coordinator.retriable) located.later(key, coordinator)
        else located.fail(key, coordinator)
      }
    },
    forget: (key) => caller.cluster.forgetCoordinator(type, idOf(key)),
  }
}

type Coordinators = Map<string, number | KafkaError>

/**
 * Asked for here and not one by one of `cluster.coordinator`, which goes on until it knows: a key
 * without a coordinator must not hold up the others.
 */
async function findCoordinators(
  caller: Caller,
  type: CoordinatorType,
  ids: readonly string[],
  deadline: Deadline,
): Promise<Coordinators> {
  const [only, ...others] = ids
  if (only !== undefined && others.length === 0) {
    return new Map([[only, await caller.cluster.coordinator(type, only, deadline)]])
  }
  try {
    return await findTogether(caller, type, ids, deadline)
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'UNSUPPORTED_BY_BROKER') throw error
    const each = await Promise.all(ids.map((id) => findOne(caller, type, id, deadline)))
    return new Map(each)
  }
}

async function findTogether(
  caller: Caller,
  type: CoordinatorType,
  ids: readonly string[],
  deadline: Deadline,
): Promise<Coordinators> {
  const { body } = await send(
    caller,
    'any',
    findCoordinatorCall,
    { keyType: KEY_TYPES[type], coordinatorKeys: ids },
    { deadline, minVersion: BATCHED_VERSION },
  )
  return new Map(body.coordinators.map((found) => [found.key, coordinatorOf(type, found)]))
}

async function findOne(
  caller: Caller,
  type: CoordinatorType,
  key: string,
  deadline: Deadline,
): Promise<readonly [string, number | KafkaError]> {
  const keyType = KEY_TYPES[type]
  const { body } = await send(
    caller,
    'any',
    findCoordinatorCall,
    (version) => (version === 0 ? { key } : { key, keyType }),
    { deadline, minVersion: keyType === 0 ? 0 : 1, maxVersion: BATCHED_VERSION - 1 },
  )
  return [key, coordinatorOf(type, { ...body, key })]
}

function coordinatorOf(
  type: CoordinatorType,
  found: {
    readonly key: string
    readonly nodeId: number
    readonly errorCode: number
    readonly errorMessage: string | null
  },
): number | KafkaError {
  const { key, nodeId, errorCode, errorMessage } = found
  if (errorCode === 0) return nodeId
  const context = { api: 'FindCoordinator', groupId: type === 'group' ? key : undefined }
  return KafkaError.ofCode(errorCode, errorMessage, context)
}

/** All brokers that are alive. */
export function allBrokers(caller: Caller, deadline: Deadline): Promise<readonly BrokerInfo[]> {
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      metadataCall,
      { topics: [] },
      { deadline, minVersion: NO_TOPICS_VERSION },
    )
    if (body.brokers.length === 0) {
      throw KafkaError.ofCode(ErrorCode.BROKER_NOT_AVAILABLE, null, { api: 'Metadata' })
    }
    return body.brokers.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack }))
  })
}

/** The broker with this id, as far as it is known. */
export function brokerOf({ cluster }: Caller, target: Target): BrokerInfo {
  const id = typeof target === 'number' ? target : -1
  return cluster.metadata.brokers.get(id) ?? { id, host: '', port: -1, rack: null }
}
