/**
 * The cluster's metadata: the state that replaying `__cluster_metadata` gives. Controller, broker
 * and coordinators read it; `replay` alone changes it, live, on recovery and on takeover.
 *
 * Invariant: the same records give the same image; writing `records()` to a snapshot and replaying
 * that gives the same image again. A metadata transaction (KIP-868) shows whole or not at all: its
 * records wait until it ends.
 */
import { assert } from '../base/assert.ts'
import * as schemas from '../protocol/persisted/metadata-records.ts'
import type { Infer, Message } from '../protocol/schema.ts'
import { AccessImage } from './access.ts'
import { ClusterImage } from './cluster.ts'
import { ConfigsImage } from './configs.ts'
import type { MetadataDelta } from './delta.ts'
import { FeaturesImage } from './features.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'
import { TopicsImage } from './topics.ts'

/** A record that waits for the end of its transaction. */
interface WaitingRecord {
  readonly record: MetadataRecord
  readonly offset: number
}

type Replay = (image: MetadataImage, value: never, delta: MetadataDelta, offset: number) => void

export class MetadataImage {
  readonly features = new FeaturesImage()
  readonly cluster = new ClusterImage()
  readonly topics = new TopicsImage()
  readonly configs = new ConfigsImage()
  readonly access = new AccessImage()
  /** The first producer id that no broker was given; -1 before the first was. */
  nextProducerId = -1
  /** Offset of the last metadata record seen; -1 for none. */
  lastOffset = -1
  /** Where the open metadata transaction began; -1 for none. */
  transactionStartOffset = -1
  #waiting: WaitingRecord[] = []

  /** Takes one record over; `delta` is told what changes. */
  replay(record: MetadataRecord, offset: number, delta: MetadataDelta): void {
    this.lastOffset = offset
    switch (record.message as Message) {
      case schemas.beginTransactionRecord:
        assert(this.transactionStartOffset === -1, 'a metadata transaction within another')
        this.transactionStartOffset = offset
        return
      case schemas.endTransactionRecord:
        this.#endTransaction(delta, true)
        return
      case schemas.abortTransactionRecord:
        this.#endTransaction(delta, false)
        return
    }
    if (this.transactionStartOffset === -1) this.#apply(record, offset, delta)
    else this.#waiting.push({ record, offset })
  }

  /** The records that make this state, in the order in which Kafka writes a snapshot. */
  *records(): Generator<MetadataRecord> {
    assert(this.transactionStartOffset === -1, 'no snapshot within a metadata transaction')
    const metadataVersion = this.features.metadataVersion
    yield* this.features.records()
    yield* this.cluster.records(metadataVersion)
    yield* this.topics.records(metadataVersion, this.features.elrEnabled)
    yield* this.configs.records()
    yield* this.access.quotaRecords()
    if (this.nextProducerId >= 0) {
      yield metadataRecord(schemas.producerIdsRecord, {
        brokerId: -1,
        brokerEpoch: -1,
        nextProducerId: this.nextProducerId,
      })
    }
    yield* this.access.credentialRecords(metadataVersion)
  }

  #endTransaction(delta: MetadataDelta, committed: boolean): void {
    assert(this.transactionStartOffset !== -1, 'the end of a metadata transaction that never began')
    const waiting = this.#waiting
    this.transactionStartOffset = -1
    this.#waiting = []
    if (!committed) return
    for (const { record, offset } of waiting) this.#apply(record, offset, delta)
  }

  #apply(record: MetadataRecord, offset: number, delta: MetadataDelta): void {
    const replay = REPLAY.get(record.message)
    assert(replay !== undefined, `no replay for ${record.message.name}`)
    replay(this, record.value as never, delta, offset)
  }
}

function on<M extends Message>(
  message: M,
  replay: (image: MetadataImage, value: Infer<M>, delta: MetadataDelta, offset: number) => void,
): [Message, Replay] {
  return [message, replay as Replay]
}

const REPLAY: ReadonlyMap<Message, Replay> = new Map([
  on(schemas.registerBrokerRecord, (image, value, delta, offset) =>
    image.cluster.replayRegisterBroker(value, offset, delta),
  ),
  on(schemas.unregisterBrokerRecord, (image, value, delta) =>
    image.cluster.replayUnregisterBroker(value, delta),
  ),
  on(schemas.brokerRegistrationChangeRecord, (image, value, delta) =>
    image.cluster.replayRegistrationChange(value, delta),
  ),
  on(schemas.fenceBrokerRecord, (image, value, delta) =>
    image.cluster.replayFence(value.id, value.epoch, true, delta),
  ),
  on(schemas.unfenceBrokerRecord, (image, value, delta) =>
    image.cluster.replayFence(value.id, value.epoch, false, delta),
  ),
  on(schemas.registerControllerRecord, (image, value, delta) =>
    image.cluster.replayRegisterController(value, delta),
  ),
  on(schemas.topicRecord, (image, value, delta) => image.topics.replayTopic(value, delta)),
  on(schemas.partitionRecord, (image, value, delta) => image.topics.replayPartition(value, delta)),
  on(schemas.partitionChangeRecord, (image, value, delta) =>
    image.topics.replayPartitionChange(value, delta),
  ),
  on(schemas.removeTopicRecord, (image, value, delta) => {
    const topic = image.topics.replayRemoveTopic(value, delta)
    image.configs.topicRemoved(topic.name)
  }),
  on(schemas.clearElrRecord, (image, value, delta) => image.topics.replayClearElr(value, delta)),
  on(schemas.configRecord, (image, value, delta) => image.configs.replayConfig(value, delta)),
  on(schemas.featureLevelRecord, (image, value, delta) =>
    image.features.replayFeatureLevel(value, delta),
  ),
  on(schemas.producerIdsRecord, (image, value, delta) => {
    image.nextProducerId = value.nextProducerId
    delta.producerIdsChanged = true
  }),
  on(schemas.clientQuotaRecord, (image, value, delta) =>
    image.access.replayClientQuota(value, delta),
  ),
  on(schemas.accessControlEntryRecord, (image, value, delta) =>
    image.access.replayAcl(value, delta),
  ),
  on(schemas.removeAccessControlEntryRecord, (image, value, delta) =>
    image.access.replayRemoveAcl(value, delta),
  ),
  on(schemas.userScramCredentialRecord, (image, value, delta) =>
    image.access.replayScram(value, delta),
  ),
  on(schemas.removeUserScramCredentialRecord, (image, value, delta) =>
    image.access.replayRemoveScram(value, delta),
  ),
  on(schemas.delegationTokenRecord, (image, value, delta) =>
    image.access.replayToken(value, delta),
  ),
  on(schemas.removeDelegationTokenRecord, (image, value, delta) =>
    image.access.replayRemoveToken(value, delta),
  ),
  // Says only that the controller lives.
  on(schemas.noOpRecord, () => {}),
  // Left over from a cluster that once moved here from ZooKeeper.
  on(schemas.zkMigrationStateRecord, () => {}),
])
