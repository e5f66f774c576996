/**
 * The cluster as a client sees it that was let in: versions and features, what this client may do,
 * internal topics, partitions without enough replicas, the controller's clock.
 *
 * Invariant: nothing is changed. What this client may not see is said, and is no failure: clients
 * that only produce and consume need none of it.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { ClusterDescription } from '../../client/admin/describe-cluster.ts'
import type { PartitionDescription, TopicDescription } from '../../client/admin/describe-topics.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { METADATA_VERSION, metadataVersionName } from '../../metadata/metadata-version.ts'
import type { ServedApi } from '../broker-api-versions/api-lines.ts'
import { type Finding, failure, ok, warning } from './findings.ts'

const NAMES_SHOWN = 5
const TOPICS_A_CALL = 500
/** What clocks may differ by before times of records mislead. */
const CLOCK_MAX_MS = 1000
/** Topics that Kafka keeps its state in, and the settings that say how. */
const INTERNAL = {
  __consumer_offsets: 'offsets.topic',
  __transaction_state: 'transaction.state.log',
} as const

/** APIs by which one sees what a broker can do. */
const ABILITIES = [
  [68, 'groups of KIP-848'],
  [24, 'transactions'],
  [76, 'share groups'],
  [88, 'streams groups'],
] as const

/** Whom to ask about what. */
export interface ClusterSight {
  readonly admin: Admin
  readonly cluster: ClusterDescription
  /** Everything that a broker serves. */
  readonly servedApis: (
    brokerId: number,
  ) => Promise<readonly Pick<ServedApi, 'apiKey' | 'maxVersion'>[]>
  /** Reads the date of this machine. */
  readonly nowMs: () => number
}

/** Looks at all of it. */
export async function examineCluster(sight: ClusterSight): Promise<Finding[]> {
  const { admin, cluster, nowMs } = sight
  const parts = [
    () => versions(sight),
    () => features(admin),
    () => permissions(admin),
    () => topics(admin, cluster.brokers.length),
    () => clock(admin, nowMs),
  ]
  const names = ['versions', 'features', 'permissions', 'partitions', 'clock']
  const findings: Finding[] = []
  for (const [at, look] of parts.entries()) {
    try {
      findings.push(...(await look()))
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      findings.push(unseen(names[at]!, error))
    }
  }
  return findings
}

function unseen(check: string, { code, reason }: KafkaError): Finding {
  if (code.endsWith('AUTHORIZATION_FAILED')) {
    return ok(check, 'this client may not see it, and needs not to in order to produce and consume')
  }
  if (code === 'UNSUPPORTED_BY_BROKER') return ok(check, `the broker does not tell: ${reason}`)
  return failure(check, reason, "look into the broker's log")
}

/** What the brokers speak; in the middle of an upgrade not all speak the same. */
async function versions({ cluster, servedApis }: ClusterSight): Promise<Finding[]> {
  const brokers = cluster.brokers.filter(({ isFenced }) => !isFenced)
  // That a broker can't be reached was found before.
  const asked = brokers.map(async ({ id }) => ({ id, apis: await servedApis(id) }))
  const served = (await Promise.allSettled(asked)).flatMap((outcome) => {
    return outcome.status === 'fulfilled' ? [outcome.value] : []
  })
  const texts = served.map(({ apis }) =>
    apis
      .map(({ apiKey, maxVersion }) => `${apiKey}:${maxVersion}`)
      .sort()
      .join(),
  )
  const can = ABILITIES.map(([key, name]) => {
    const isThere = served.every(({ apis }) => apis.some(({ apiKey }) => apiKey === key))
    return `${name} ${isThere ? 'yes' : 'no'}`
  })
  const other = texts.findIndex((text) => text !== texts[0])
  const found = `${served[0]?.apis.length ?? 0} APIs; ${can.join(', ')}`
  if (other === -1) return [ok('versions', found)]
  const between = `brokers ${served[0]!.id} and ${served[other]!.id} do not speak the same`
  const next = 'bring all brokers to one release: clients use what all of them have'
  return [warning('versions', `${between}; all of them: ${can.join(', ')}`, next)]
}

async function features(admin: Admin): Promise<Finding[]> {
  const { finalized, supported } = await admin.describeFeatures()
  const level = finalized.get(METADATA_VERSION)?.max
  if (level === undefined) {
    return [warning('features', 'no metadata.version is set', 'use Kafka 3.3 or newer with KRaft')]
  }
  const name = (of: number) => metadataVersionName(of) ?? `newer than ${of - 1}`
  const others = [...finalized]
    .filter(([feature]) => feature !== METADATA_VERSION)
    .map(([feature, { max }]) => `${feature} ${max}`)
  const found = `metadata.version ${name(level)} (${level}), ${others.join(', ')}`
  const most = supported.get(METADATA_VERSION)?.max ?? level
  if (most <= level) return [ok('features', found)]
  const next = 'when all brokers run the new release for good: millrace features upgrade'
  return [warning('features', `${found}; the broker can do ${name(most)}`, next)]
}

async function permissions(admin: Admin): Promise<Finding[]> {
  const { authorizedOperations } = await admin.describeCluster({
    includeAuthorizedOperations: true,
  })
  const may = [...(authorizedOperations ?? [])].sort().join(', ')
  const ofCluster = may === '' ? 'nothing' : may
  const names = await topicNames(admin)
  const findings = [ok('permissions', `on the cluster this client may: ${ofCluster}`)]
  if (names.length === 0) return findings
  const asked = names.slice(0, TOPICS_A_CALL)
  const described = await admin.describeTopics(asked, { includeAuthorizedOperations: true })
  const all = described.successes().map(([, topic]) => topic.authorizedOperations ?? [])
  const count = (operation: 'READ' | 'WRITE') =>
    all.filter((operations) => operations.includes(operation)).length
  const found = `of ${all.length} topics it may read ${count('READ')} and write ${count('WRITE')}`
  return [...findings, ok('permissions', found)]
}

async function topicNames(admin: Admin): Promise<string[]> {
  return (await admin.listTopics({ listInternal: true })).map(({ name }) => name)
}

async function topics(admin: Admin, brokers: number): Promise<Finding[]> {
  const names = await topicNames(admin)
  const found: TopicDescription[] = []
  for (let at = 0; at < names.length; at += TOPICS_A_CALL) {
    const described = await admin.describeTopics(names.slice(at, at + TOPICS_A_CALL))
    found.push(...described.successes().map(([, topic]) => topic))
  }
  const findings: Finding[] = []
  for (const name of Object.keys(INTERNAL) as (keyof typeof INTERNAL)[]) {
    const topic = found.find((each) => each.name === name)
    findings.push(...(await internalTopic(admin, name, topic, brokers)))
  }
  return [...findings, ...replicas(found)]
}

async function internalTopic(
  admin: Admin,
  name: keyof typeof INTERNAL,
  topic: TopicDescription | undefined,
  brokers: number,
): Promise<Finding[]> {
  const use = name === '__consumer_offsets' ? 'group' : 'transaction'
  const check = 'internal topics'
  if (topic === undefined) {
    return [ok(check, `${name} is not there yet: it is made for the first ${use}`)]
  }
  const factor = Math.min(...topic.partitions.map(({ replicas: each }) => each.length))
  const minIsr = await minInsyncReplicas(admin, name)
  const found =
    `${name}: ${topic.partitions.length} partitions, replication factor ${factor}` +
    (minIsr === null ? '' : `, min.insync.replicas ${minIsr}`)
  const setting = INTERNAL[name]
  const short = topic.partitions.filter(({ isr }) => minIsr !== null && isr.length < minIsr)
  if (short.length > 0) {
    const next = `bring the brokers of ${partitionNames(name, short)} back: until then no ${use} is kept`
    return [failure(check, `${found}; ${short.length} partitions are below it`, next)]
  }
  if (factor < 3 && brokers >= 3) {
    const next = `give it 3 replicas (kafka-reassign-partitions), and set ${setting}.replication.factor=3`
    return [warning(check, `${found}, on ${brokers} brokers`, next)]
  }
  if (minIsr !== null && minIsr >= factor && factor > 1) {
    const next =
      'a broker that restarts stops it: millrace configs --alter ' +
      `--topic ${name} --add-config min.insync.replicas=${factor - 1}`
    return [warning(check, found, next)]
  }
  return [ok(check, found)]
}

async function minInsyncReplicas(admin: Admin, name: string): Promise<number | null> {
  const resource = { type: 'TOPIC', name } as const
  const outcome = (await admin.describeConfigs([resource])).outcome(resource)
  if (outcome?.ok !== true) return null
  const value = Number(outcome.value.get('min.insync.replicas')?.value ?? '')
  return value > 0 ? value : null
}

/** The first few by name. */
function partitionNames(topic: string, partitions: readonly PartitionDescription[]): string {
  return shortened(partitions.map(({ partition }) => `${topic}-${partition}`))
}

function shortened(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function replicas(found: readonly TopicDescription[]): Finding[] {
  const named = (isOf: (partition: PartitionDescription) => boolean) =>
    found.flatMap(({ name, partitions }) => {
      return partitions.filter(isOf).map(({ partition }) => `${name}-${partition}`)
    })
  const offline = named(({ leader }) => leader < 0)
  const behind = named(({ leader, isr, replicas: all }) => leader >= 0 && isr.length < all.length)
  const count = found.reduce((sum, { partitions }) => sum + partitions.length, 0)
  const findings: Finding[] = []
  if (offline.length > 0) {
    const next =
      'start the brokers of their replicas: millrace topics --describe --unavailable-partitions'
    findings.push(
      failure('partitions', `${offline.length} have no leader: ${shortened(offline)}`, next),
    )
  }
  if (behind.length > 0) {
    const next =
      'see which brokers are away or slow: millrace topics --describe --under-replicated-partitions'
    findings.push(
      warning(
        'partitions',
        `${behind.length} have a replica that is behind: ${shortened(behind)}`,
        next,
      ),
    )
  }
  if (findings.length > 0) return findings
  const of = `${count} partitions of ${found.length} topics`
  return [ok('partitions', `${of} have a leader and all their replicas`)]
}

/** The leader of the quorum tells when it has last seen itself, which is its date. */
async function clock(admin: Admin, nowMs: () => number): Promise<Finding[]> {
  const begin = nowMs()
  const { leaderId, voters } = await admin.describeMetadataQuorum()
  const end = nowMs()
  const its = voters.find(({ replicaId }) => replicaId === leaderId)?.lastCaughtUpTimestamp ?? null
  if (its === null) return [ok('clock', 'the controller does not tell its date')]
  // Its date was read at some moment between the two of ours.
  const off = its < begin ? its - begin : its > end ? its - end : 0
  const seconds = Math.abs(off) / 1000
  const found = `controller ${leaderId} is ${seconds.toFixed(1)} s ${off < 0 ? 'behind' : 'ahead of'} this machine`
  if (Math.abs(off) <= CLOCK_MAX_MS)
    return [ok('clock', `controller ${leaderId} has the date of this machine`)]
  const next =
    'have both follow a time server: times of records, retention and tokens go by the date'
  return [warning('clock', found, next)]
}
