/**
 * Metadata records as values: what the controller decides, the image replays, and raft carries.
 * A record made here is complete (every field set), so that replaying what was just decided is the
 * same as replaying what was read back.
 */
import { ZERO_UUID } from '../base/uuid.ts'
import type { MetadataRecord } from '../protocol/persisted/framing.ts'
import * as schemas from '../protocol/persisted/metadata-records.ts'
import type { Field, Infer, Input, Message } from '../protocol/schema.ts'

export type { MetadataRecord } from '../protocol/persisted/framing.ts'

/** What a decide-method gives back: what to append, and the answer to give once it is committed. */
export interface Decision<Response> {
  readonly records: readonly MetadataRecord[]
  readonly response: Response
}

const NONE = Object.freeze([])
const NO_BYTES = new Uint8Array(0)

/** Values of absent fields, by message. */
const DEFAULTS: ReadonlyMap<Message, object> = new Map(
  Object.values(schemas).map((message) => [message as Message, defaultsOf(message as Message)]),
)

/** Makes a record; fields left out get the schema's defaults. */
export function metadataRecord<M extends Message>(
  message: M,
  value: Input<M>,
  version = 0,
): MetadataRecord<M> {
  return { message, version, value: { ...DEFAULTS.get(message), ...value } as Infer<M> }
}

function defaultsOf(message: Message): object {
  return Object.fromEntries(
    Object.entries(message.fields).map(([name, field]) => [name, defaultOf(field)]),
  )
}

function defaultOf(field: Field): unknown {
  if (field.options.default !== undefined) return field.options.default
  switch (field.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'bytes':
    case 'records':
      return NO_BYTES
    case 'array':
      return NONE
    case 'struct':
      return null
    default:
      return 0
  }
}
