/**
 * The page that says which APIs, features and settings of Apache Kafka 4.3 are here and which not.
 *
 * Invariant: what it says comes from what runs: the schemas, the handlers and their heads, the
 * tables of features and settings, the manifests of the conformance run and its last report. The
 * one thing written down here is to which area an API belongs that is not served.
 */
import { servedApis } from '../../src/broker/handlers/index.ts'
import { supportedRanges } from '../../src/broker/supported-features.ts'
import {
  allFeatureRanges,
  METADATA_VERSION,
  metadataVersionName,
} from '../../src/metadata/metadata-version.ts'
import { type Api, apis } from '../../src/protocol/apis.ts'
import { conformanceSection, runtimesSection } from './conformance.ts'
import { handlerHeads, notDoneIn } from './handler-heads.ts'
import { table } from './markdown.ts'
import { settingsSection } from './settings.ts'

/** Where it lies in the project. */
export const PAGE = 'docs/compatibility.md'

interface Area {
  readonly name: string
  readonly keys: readonly number[]
}

const AREAS: readonly Area[] = [
  { name: 'Transactions', keys: [24, 25, 26, 27, 28, 65, 66] },
  { name: 'The consumer group protocol (KIP-848)', keys: [68, 69] },
  { name: 'Share groups (KIP-932)', keys: [76, 77, 78, 79, 83, 84, 85, 86, 87, 90, 91, 92] },
  { name: 'Streams groups (KIP-1071)', keys: [88, 89] },
  { name: 'SASL, SCRAM, ACLs, tokens', keys: [17, 29, 30, 31, 36, 38, 39, 40, 41, 50, 51] },
  { name: 'Quotas', keys: [48, 49] },
  { name: 'Metrics that clients push (KIP-714)', keys: [71, 72] },
  { name: 'Moving replicas between nodes and disks', keys: [34, 45, 46] },
  { name: 'Several controllers', keys: [52, 53, 54, 59, 70, 80, 81, 82] },
  { name: 'Several brokers', keys: [56, 58, 62, 63, 67, 73] },
]

/** The whole page. */
export function compatibilityPage(root: string): string {
  const lines = [
    '# Compatibility with Apache Kafka 4.3',
    '',
    '_Made by `npm run compatibility` from the code. Change that, not this page._',
    '',
    ...servedSection(root),
    ...unservedSection(),
    ...featuresSection(),
    ...settingsSection(root),
    ...conformanceSection(root),
    ...runtimesSection(root),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

function servedSection(root: string): string[] {
  const heads = handlerHeads(root)
  const served = [...servedApis].sort((a, b) => a.key - b.key)
  const rows = served.map(({ key, name, minVersion, maxVersion, listeners }) => {
    const versions = minVersion === maxVersion ? minVersion : `${minVersion}-${maxVersion}`
    return [key, name, versions, listeners.join(', '), notDoneIn(heads.get(key) ?? '')]
  })
  return [
    '## APIs that are served',
    '',
    `${served.length} of the ${apis.length} APIs of Kafka 4.3, each in every version that Kafka 4.3 has. ApiVersions`,
    'advertises exactly these; it names Produce from version 0 on, as Kafka does.',
    '',
    ...table(['key', 'API', 'versions', 'listeners', 'not done yet'], rows),
    '',
  ]
}

function unservedSection(): string[] {
  const served = new Set(servedApis.map(({ key }) => key))
  const missing = apis.filter(({ key }) => !served.has(key))
  const stray = missing.filter(({ key }) => !AREAS.some(({ keys }) => keys.includes(key)))
  if (stray.length > 0) throw new Error(`no area has ${stray.map(named).join(', ')}`)
  const rows = AREAS.flatMap(({ name, keys }) => {
    const ofArea = missing.filter(({ key }) => keys.includes(key))
    return ofArea.length === 0 ? [] : [[name, ofArea.map(named).join(', ')]]
  })
  return [
    '## APIs that are not served',
    '',
    'They are not advertised, so a client that asks first does without them. A request all the same',
    'ends its connection: that is what Kafka does with an API that a listener does not have.',
    '',
    ...table(['area', 'APIs'], rows),
    '',
  ]
}

function named({ name, key }: Api): string {
  return `${name} (${key})`
}

function featuresSection(): string[] {
  const here = supportedRanges(false)
  const rows = [...allFeatureRanges()].map(([name, { min, max }]) => {
    const range = here.get(name)
    return [name, levels(name, min, max), range ? levels(name, range.min, range.max) : 'none']
  })
  return [
    '## Features (KIP-584)',
    '',
    'A feature without levels here is neither advertised nor finalised.',
    '',
    ...table(['feature', 'levels in Kafka 4.3', 'levels here'], rows),
    '',
  ]
}

function levels(feature: string, min: number, max: number): string {
  if (feature !== METADATA_VERSION) return `${min}-${max}`
  return `${min}-${max} (${metadataVersionName(min)} to ${metadataVersionName(max)})`
}
