/**
 * Decides DeleteTopics, by name or by id (KIP-516). `delete.topic.enable=false` refuses all; before
 * version 3 clients know no error for that.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import type {
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import { removeTopicRecord } from '../../protocol/persisted/metadata-records.ts'
import type { Uuid } from '../../protocol/schema.ts'
import { type Decision, metadataRecord } from '../records.ts'
import { type ControllerContext, MAX_RECORDS_PER_REQUEST } from './context.ts'

/** The version from which TOPIC_DELETION_DISABLED is known. */
const DELETION_DISABLED_VERSION = 3

type TopicResult = DeleteTopicsResponse['responses'][number]

export function deleteTopics(
  context: ControllerContext,
  request: DeleteTopicsRequest,
  apiVersion: number,
): Decision<DeleteTopicsResponse> {
  const references = [
    ...request.topicNames.map((name) => ({ name, topicId: ZERO_UUID })),
    ...request.topics,
  ]
  const refuse = (errorCode: ErrorCode): Decision<DeleteTopicsResponse> => ({
    records: [],
    response: { responses: references.map((reference) => ({ ...reference, errorCode })) },
  })
  if (!context.settings.deleteTopicEnable) {
    return refuse(
      apiVersion < DELETION_DISABLED_VERSION
        ? ErrorCode.INVALID_REQUEST
        : ErrorCode.TOPIC_DELETION_DISABLED,
    )
  }
  const responses: TopicResult[] = []
  const targets = resolve(context, references, responses)
  if (targets.size > MAX_RECORDS_PER_REQUEST) return refuse(ErrorCode.POLICY_VIOLATION)
  for (const [topicId, name] of targets) {
    responses.push({ name, topicId, errorCode: ErrorCode.NONE, errorMessage: null })
  }
  const records = [...targets.keys()].map((topicId) =>
    metadataRecord(removeTopicRecord, { topicId }),
  )
  return { records, response: { responses } }
}

/** A topic as a request names it; exactly one of both should be there. */
interface TopicReference {
  readonly name: string | null
  readonly topicId: Uuid
}

/** Topics to delete by id; what can't be deleted is answered in `responses`. */
function resolve(
  context: ControllerContext,
  references: readonly TopicReference[],
  responses: TopicResult[],
): Map<Uuid, string> {
  const fail = (name: string | null, topicId: Uuid, errorCode: ErrorCode, text?: string): void => {
    const message = text ?? errorMessage(errorCode)
    responses.push({ name, topicId, errorCode, errorMessage: message })
  }
  const names = new Occurrences()
  const ids = new Occurrences()
  for (const { name, topicId } of references) {
    if (name === null && topicId === ZERO_UUID) {
      const text = 'Neither topic name nor id were specified.'
      fail(null, ZERO_UUID, ErrorCode.INVALID_REQUEST, text)
    } else if (name === null) ids.add(topicId)
    else if (topicId === ZERO_UUID) names.add(name)
    else {
      const text = 'You may not specify both topic name and topic id.'
      fail(name, topicId, ErrorCode.INVALID_REQUEST, text)
    }
  }
  for (const name of names.repeated) {
    fail(name, ZERO_UUID, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.')
  }
  for (const id of ids.repeated) {
    fail(null, id, ErrorCode.INVALID_REQUEST, 'Duplicate topic id.')
  }
  const { byId, byName } = context.image.topics
  const targets = new Map<Uuid, string>()
  for (const id of ids.single) {
    const topic = byId.get(id)
    if (topic === undefined) fail(null, id, ErrorCode.UNKNOWN_TOPIC_ID)
    else targets.set(id, topic.name)
  }
  for (const name of names.single) {
    const topic = byName.get(name)
    if (topic === undefined) {
      fail(name, ZERO_UUID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    } else if (ids.repeated.has(topic.id) || targets.has(topic.id)) {
      targets.delete(topic.id)
      const text = 'The provided topic name maps to an ID that was already supplied.'
      fail(name, topic.id, ErrorCode.INVALID_REQUEST, text)
    } else targets.set(topic.id, name)
  }
  return targets
}

/** What was given once, and what more often. */
class Occurrences {
  readonly single = new Set<string>()
  readonly repeated = new Set<string>()

  add(item: string): void {
    if (this.repeated.has(item)) return
    if (this.single.delete(item)) this.repeated.add(item)
    else this.single.add(item)
  }
}
