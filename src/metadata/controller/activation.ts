/**
 * What a controller writes first when it takes over: the bootstrap records of a new cluster, or the
 * end of a metadata transaction that its predecessor left open (KIP-868).
 */
import { assert } from '../../base/assert.ts'
import {
  abortTransactionRecord,
  beginTransactionRecord,
  configRecord,
  endTransactionRecord,
  type FeatureLevelRecord,
  featureLevelRecord,
} from '../../protocol/persisted/metadata-records.ts'
import { ConfigResourceType } from '../config-validator.ts'
import { ELR_VERSION, METADATA_VERSION, supports } from '../metadata-version.ts'
import { type MetadataRecord, metadataRecord } from '../records.ts'
import type { ControllerContext } from './context.ts'

/** The records with which the controller starts its epoch; none where all is in order. */
export function activationRecords(
  context: ControllerContext,
  bootstrap: readonly MetadataRecord[],
): MetadataRecord[] {
  const { features, transactionStartOffset } = context.image
  const records: MetadataRecord[] = []
  if (transactionStartOffset !== -1) {
    records.push(metadataRecord(abortTransactionRecord, { reason: 'Controller failover' }))
  }
  if (features.metadataVersion !== 0) return records
  const level = levelIn(bootstrap, METADATA_VERSION)
  assert(level > 0, 'bootstrap records without a metadata.version')
  const content = [...bootstrap]
  if (levelIn(bootstrap, ELR_VERSION) > 0) {
    // With ELR the whole cluster has one min.insync.replicas (KIP-966).
    content.push(
      metadataRecord(configRecord, {
        resourceType: ConfigResourceType.BROKER,
        resourceName: '',
        name: 'min.insync.replicas',
        value: String(context.settings.minInSyncReplicas),
      }),
    )
  }
  if (!supports.transactions(level)) return [...records, ...content]
  return [
    ...records,
    metadataRecord(beginTransactionRecord, { name: 'Bootstrap records' }),
    ...content,
    metadataRecord(endTransactionRecord, {}),
  ]
}

function levelIn(records: readonly MetadataRecord[], feature: string): number {
  const levels = records
    .filter(({ message }) => message === featureLevelRecord)
    .map(({ value }) => value as FeatureLevelRecord)
  return levels.findLast(({ name }) => name === feature)?.featureLevel ?? 0
}
