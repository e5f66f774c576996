/**
 * Dynamic configs: the overrides of topics, brokers, the default of all brokers (broker ''), groups
 * and client-metrics subscriptions.
 *
 * Invariant: a resource is present exactly when it has an override.
 */
import { type ConfigRecord, configRecord } from '../protocol/persisted/metadata-records.ts'
import { type ConfigResource, ConfigResourceType, type ConfigValues } from './config-validator.ts'
import type { MetadataDelta } from './delta.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'

const NO_VALUES: ConfigValues = new Map()
const NO_RESOURCES: ReadonlyMap<string, ConfigValues> = new Map()

export class ConfigsImage {
  readonly #byType = new Map<number, Map<string, Map<string, string>>>()

  /** Overrides of a resource; empty where it has none. */
  of(type: number, name: string): ConfigValues {
    return this.#byType.get(type)?.get(name) ?? NO_VALUES
  }

  /** All resources of a type that have overrides. */
  resources(type: number): ReadonlyMap<string, ConfigValues> {
    return this.#byType.get(type) ?? NO_RESOURCES
  }

  topic(name: string): ConfigValues {
    return this.of(ConfigResourceType.TOPIC, name)
  }

  broker(id: number): ConfigValues {
    return this.of(ConfigResourceType.BROKER, String(id))
  }

  /** Dynamic default of all brokers. */
  get cluster(): ConfigValues {
    return this.of(ConfigResourceType.BROKER, '')
  }

  replayConfig(record: ConfigRecord, delta: MetadataDelta): void {
    const { resourceType, resourceName, name, value } = record
    if (value === null) this.#remove(resourceType, resourceName, name)
    else this.#valuesOf(resourceType, resourceName).set(name, value)
    delta.configChanged({ type: resourceType, name: resourceName }, name)
  }

  /** Drops the overrides of a deleted topic. */
  topicRemoved(name: string): void {
    this.#byType.get(ConfigResourceType.TOPIC)?.delete(name)
  }

  /** The records that make this state, for a snapshot. */
  *records(): Generator<MetadataRecord> {
    for (const [type, resources] of this.#byType) {
      for (const [name, values] of resources) yield* valueRecords({ type, name }, values)
    }
  }

  #valuesOf(type: number, name: string): Map<string, string> {
    let resources = this.#byType.get(type)
    if (resources === undefined) this.#byType.set(type, (resources = new Map()))
    let values = resources.get(name)
    if (values === undefined) resources.set(name, (values = new Map()))
    return values
  }

  #remove(type: number, name: string, key: string): void {
    const resources = this.#byType.get(type)
    const values = resources?.get(name)
    values?.delete(key)
    if (values?.size === 0) resources?.delete(name)
  }
}

function* valueRecords(resource: ConfigResource, values: ConfigValues): Generator<MetadataRecord> {
  for (const [name, value] of values) {
    yield metadataRecord(configRecord, {
      resourceType: resource.type,
      resourceName: resource.name,
      name,
      value,
    })
  }
}
