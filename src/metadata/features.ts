/**
 * Finalised feature levels. `kraft.version` comes from raft's own control records, never from
 * FeatureLevelRecord, and so is in no snapshot of metadata records.
 *
 * Invariant: `metadataVersion` is 0 only before the first record of a new cluster.
 */
import {
  type FeatureLevelRecord,
  featureLevelRecord,
} from '../protocol/persisted/metadata-records.ts'
import type { MetadataDelta } from './delta.ts'
import { ELR_VERSION, KRAFT_VERSION, METADATA_VERSION } from './metadata-version.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'

/** A feature at the level that the whole cluster runs. */
export interface FinalizedFeature {
  readonly name: string
  readonly level: number
}

export class FeaturesImage {
  readonly #levels = new Map<string, number>()
  #kraftVersion = 0

  /** Levels that records finalised, metadata.version included; level 0 is absent. */
  get levels(): ReadonlyMap<string, number> {
    return this.#levels
  }

  /** All finalised features as clients are told them: kraft.version too; level 0 is left out. */
  finalized(): FinalizedFeature[] {
    const all = [...this.#levels, [KRAFT_VERSION, this.#kraftVersion] as const]
    return all.filter(([, level]) => level > 0).map(([name, level]) => ({ name, level }))
  }

  get metadataVersion(): number {
    return this.#levels.get(METADATA_VERSION) ?? 0
  }

  get elrEnabled(): boolean {
    return (this.#levels.get(ELR_VERSION) ?? 0) >= 1
  }

  replayFeatureLevel(record: FeatureLevelRecord, delta: MetadataDelta): void {
    // Older controllers wrote kraft.version here too; it would hide the one that counts.
    if (record.name === KRAFT_VERSION) return
    if (record.featureLevel === 0) this.#levels.delete(record.name)
    else this.#levels.set(record.name, record.featureLevel)
    delta.featuresChanged.add(record.name)
  }

  replayKRaftVersion(level: number, delta: MetadataDelta): void {
    if (level === this.#kraftVersion) return
    this.#kraftVersion = level
    delta.featuresChanged.add(KRAFT_VERSION)
  }

  /** The records that make this state: metadata.version first, as it decides the others' form. */
  *records(): Generator<MetadataRecord> {
    if (this.metadataVersion === 0) return
    yield featureRecord(METADATA_VERSION, this.metadataVersion)
    for (const [name, level] of this.#levels) {
      if (name !== METADATA_VERSION) yield featureRecord(name, level)
    }
  }
}

export function featureRecord(name: string, featureLevel: number): MetadataRecord {
  return metadataRecord(featureLevelRecord, { name, featureLevel })
}
