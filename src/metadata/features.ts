/**
 * Finalised feature levels. `kraft.version` is not among them: raft's own control records carry it.
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

export class FeaturesImage {
  readonly #levels = new Map<string, number>()

  /** Finalised levels by name, metadata.version included; level 0 is absent. */
  get levels(): ReadonlyMap<string, number> {
    return this.#levels
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

  /** The records that make this state: metadata.version first, since it decides the others' form. */
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
