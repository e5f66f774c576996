/** How the transcripts print what they see. Holds no tests. */
import { ByteReader, ByteWriter, utf8Text } from '../../base/bytes.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import { decode, encode } from '../../protocol/codec.ts'
import { errorName } from '../../protocol/errors.ts'
import { consumerProtocolSubscription } from '../../protocol/persisted/consumer-protocol.ts'
import type { GroupRecord } from './records.ts'

export function suffix(groupInstanceId: string | null | undefined): string {
  return groupInstanceId == null ? '' : `=${groupInstanceId}`
}

export function subscription(topics: readonly string[]): Uint8Array {
  const writer = new ByteWriter()
  writer.int16(1)
  encode(consumerProtocolSubscription, 1, { topics, ownedPartitions: [] }, writer)
  return writer.toBytes()
}

export function describeMetadata(metadata: Uint8Array): string {
  if (metadata.length === 0) return ''
  try {
    const reader = new ByteReader(metadata)
    return decode(consumerProtocolSubscription, reader.int16(), reader).topics.join(',')
  } catch {
    return `raw ${utf8Text(metadata)}`
  }
}

export function describeTopics(
  topics:
    | readonly {
        readonly name?: string | undefined
        readonly topicId?: string | undefined
        readonly partitions?:
          | readonly { readonly partitionIndex?: number; readonly errorCode?: number }[]
          | undefined
      }[]
    | undefined,
): string {
  return (topics ?? [])
    .map(({ name, topicId, partitions }) => {
      const each = (partitions ?? []).map(
        ({ partitionIndex, errorCode }) => `${partitionIndex}:${errorName(errorCode ?? 0)}`,
      )
      return `${name === '' ? `<${topicId}>` : name}(${each.join(' ')})`
    })
    .join(' ')
}

export function describeRecord(record: GroupRecord | null): string {
  if (record === null) return 'of an unknown type'
  const { groupId, value } = record
  if (record.type === 'offset') {
    const partition = `offset ${groupId} ${record.topic}-${record.partition}`
    if (record.value === null) return `${partition} gone`
    const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp, topicId } =
      record.value
    return (
      `${partition}=${offset}` +
      (leaderEpoch === -1 ? '' : ` epoch=${leaderEpoch}`) +
      (metadata === '' ? '' : ` metadata="${metadata}"`) +
      ` at=${commitTimestamp}` +
      (expireTimestamp === -1 ? '' : ` expires=${expireTimestamp}`) +
      (topicId === ZERO_UUID ? ' no topic id' : '')
    )
  }
  if (value === null) return `group ${groupId} gone`
  const { generation, protocolType, protocol, leader, currentStateTimestamp, members } =
    record.value!
  const each = members.map((member) => {
    const { memberId, groupInstanceId, rebalanceTimeout, sessionTimeout } = member
    const metadata = describeMetadata(member.subscription)
    const timeouts = `${sessionTimeout}/${rebalanceTimeout}`
    return `\n  ${memberId}${suffix(groupInstanceId)} ${timeouts} (${metadata}) [${utf8Text(member.assignment)}]`
  })
  return (
    `group ${groupId} generation=${generation} protocol=${protocolType}/${protocol}` +
    ` leader=${leader} at=${currentStateTimestamp}${each.join('')}`
  )
}
