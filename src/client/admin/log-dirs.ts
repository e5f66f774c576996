/**
 * Where replicas lie on brokers' disks, and moving them from one directory to another of the same
 * broker (KIP-113, KIP-827 for the space of volumes, KIP-1066 for cordoned directories).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from '../../protocol/messages/34-alter-replica-log-dirs.ts'
import {
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../../protocol/messages/35-describe-log-dirs.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { type Caller, send } from './caller.ts'
import { given } from './lookups.ts'
import { byTopic, partitionText, replicaText, type TopicPartitionReplica } from './partitions.ts'
import { checkDistinct, perKey } from './per-key.ts'
import type { Results } from './results.ts'

const describeCall = { request: describeLogDirsRequest, response: describeLogDirsResponse }
const alterCall = { request: alterReplicaLogDirsRequest, response: alterReplicaLogDirsResponse }

/** A directory of a broker. */
export interface LogDirDescription {
  /** KAFKA_STORAGE_ERROR where it is offline; null where all is well. */
  readonly error: KafkaError | null
  readonly replicas: readonly ReplicaDescription[]
  /** Bytes of the volume; null where the broker does not tell. */
  readonly totalBytes: number | null
  readonly usableBytes: number | null
  /** Whether no new replicas are put here. */
  readonly isCordoned: boolean
}

/** A replica in a directory. */
export interface ReplicaDescription extends TopicPartition {
  readonly sizeBytes: number
  /** By how many records it is behind: the high watermark, or the current replica if future. */
  readonly offsetLag: number
  /** Whether it is on its way here from another directory. */
  readonly isFuture: boolean
}

const brokerText = (id: number) => String(id)

/** The directories of each broker, by path. */
export function describeLogDirs(
  caller: Caller,
  brokerIds: readonly number[],
  options: CallOptions,
): Promise<Results<number, ReadonlyMap<string, LogDirDescription>>> {
  const deadline = caller.begin('describeLogDirs', options)
  return perKey(caller, deadline, {
    keys: brokerIds,
    textOf: brokerText,
    lookup: given((id) => id),
    async ask(target, [id], answers) {
      const { body } = await send(caller, target, describeCall, { topics: null }, { deadline })
      const error = emptyAnswerError(body)
      if (error === null) answers.succeed(id!, toDirectories(body))
      else answers.fail(id!, error)
    },
  })
}

type Described = Infer<typeof describeLogDirsResponse>

/** No directory at all means no authorization, which answers before version 3 don't say. */
function emptyAnswerError({ errorCode, results }: Described): KafkaError | null {
  if (results.length > 0) return null
  const code = errorCode === 0 ? ErrorCode.CLUSTER_AUTHORIZATION_FAILED : errorCode
  return KafkaError.ofCode(code, null, { api: 'DescribeLogDirs' })
}

function toDirectories({ results }: Described): ReadonlyMap<string, LogDirDescription> {
  return new Map(
    results.map((directory) => [
      directory.logDir,
      {
        error:
          directory.errorCode === 0
            ? null
            : KafkaError.ofCode(directory.errorCode, null, { api: 'DescribeLogDirs' }),
        replicas: directory.topics.flatMap(({ name, partitions }) => {
          return partitions.map((replica) => ({
            topic: name,
            partition: replica.partitionIndex,
            sizeBytes: replica.partitionSize,
            offsetLag: replica.offsetLag,
            isFuture: replica.isFutureKey,
          }))
        }),
        totalBytes: directory.totalBytes < 0 ? null : directory.totalBytes,
        usableBytes: directory.usableBytes < 0 ? null : directory.usableBytes,
        isCordoned: directory.isCordoned,
      },
    ]),
  )
}

/** Where one replica lies, and where it is moving to. */
export interface ReplicaLogDir {
  /** Null where the broker has no such replica. */
  readonly currentLogDir: string | null
  /** -1 where there is none. */
  readonly currentOffsetLag: number
  /** Null where it is not moving. */
  readonly futureLogDir: string | null
  readonly futureOffsetLag: number
}

/** Where each replica lies. */
export function describeReplicaLogDirs(
  caller: Caller,
  replicas: readonly TopicPartitionReplica[],
  options: CallOptions,
): Promise<Results<TopicPartitionReplica, ReplicaLogDir>> {
  const deadline = caller.begin('describeReplicaLogDirs', options)
  return perKey(caller, deadline, {
    keys: replicas,
    textOf: replicaText,
    lookup: given(({ brokerId }) => brokerId),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => {
        return { topic: name, partitions: items.map(({ partition }) => partition) }
      })
      const { body } = await send(caller, target, describeCall, { topics }, { deadline })
      const error = emptyAnswerError(body)
      const places = placesIn(toDirectories(body))
      for (const key of keys) {
        if (error === null) answers.succeed(key, places.get(partitionText(key)) ?? NOWHERE)
        else answers.fail(key, error)
      }
    },
  })
}

const NOWHERE: ReplicaLogDir = {
  currentLogDir: null,
  currentOffsetLag: -1,
  futureLogDir: null,
  futureOffsetLag: -1,
}

/** Where the replicas of one broker lie, by partition. */
function placesIn(
  directories: ReadonlyMap<string, LogDirDescription>,
): ReadonlyMap<string, ReplicaLogDir> {
  const places = new Map<string, ReplicaLogDir>()
  for (const [path, { replicas }] of directories) {
    for (const { offsetLag, isFuture, ...partition } of replicas) {
      const place = places.get(partitionText(partition)) ?? NOWHERE
      const more = isFuture
        ? { futureLogDir: path, futureOffsetLag: offsetLag }
        : { currentLogDir: path, currentOffsetLag: offsetLag }
      places.set(partitionText(partition), { ...place, ...more })
    }
  }
  return places
}

/** A replica with the directory that it is to lie in. */
export interface ReplicaLogDirAlteration extends TopicPartitionReplica {
  /** An absolute path among the broker's `log.dirs`. */
  readonly logDir: string
}

/** Begins to move replicas to other directories of their brokers. */
export function alterReplicaLogDirs(
  caller: Caller,
  alterations: readonly ReplicaLogDirAlteration[],
  options: CallOptions,
): Promise<Results<TopicPartitionReplica, void>> {
  checkDistinct(alterations, replicaText)
  const logDirs = new Map(alterations.map((one) => [replicaText(one), one.logDir]))
  const deadline = caller.begin('alterReplicaLogDirs', options)
  return perKey<TopicPartitionReplica, void>(caller, deadline, {
    keys: alterations.map(({ topic, partition, brokerId }) => ({ topic, partition, brokerId })),
    textOf: replicaText,
    lookup: given(({ brokerId }) => brokerId),
    async ask(target, keys, answers) {
      const dirs = [...new Set(logDirs.values())].flatMap((path) => {
        const here = keys.filter((key) => logDirs.get(replicaText(key)) === path)
        if (here.length === 0) return []
        const topics = byTopic(here).map(({ name, items }) => {
          return { name, partitions: items.map(({ partition }) => partition) }
        })
        return [{ path, topics }]
      })
      const { body } = await send(caller, target, alterCall, { dirs }, { deadline })
      const given = new Map(keys.map((key) => [partitionText(key), key]))
      for (const { topicName: topic, partitions } of body.results) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          const key = given.get(partitionText({ topic, partition }))
          if (key === undefined) continue
          const context = { api: 'AlterReplicaLogDirs', topic, partition }
          if (errorCode === 0) answers.succeed(key, undefined)
          else answers.fail(key, KafkaError.ofCode(errorCode, null, context))
        }
      }
    },
  })
}
