/**
 * Topics as a program names them: by a plain string, which is bytes in and bytes out, or by
 * `topic(name, { key, value })`, which says how keys and values are written and read, and of which
 * types they are.
 */
import { KafkaError } from './kafka-error.ts'
import { checkOptionNames } from './known-options.ts'
import { type BytesInput, type Serde, serde } from './serde.ts'

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A topic with its serdes. */
export interface Topic<Name extends string, KeyIn, KeyOut, ValueIn, ValueOut> {
  readonly name: Name
  readonly key: Serde<KeyIn, KeyOut>
  readonly value: Serde<ValueIn, ValueOut>
}

/** Any topic with serdes. */
export type AnyTopic = Topic<string, unknown, unknown, unknown, unknown>

/** Whatever names a topic. */
export type TopicLike = string | AnyTopic

/** A topic of bytes. */
export type BytesTopic<Name extends string = string> = Topic<
  Name,
  BytesInput,
  Uint8Array | null,
  BytesInput,
  Uint8Array | null
>

/** The topic that `T` stands for: a plain string is a topic of bytes. */
export type TopicOf<T extends TopicLike> = T extends string ? BytesTopic<T> : T
/** What keys of `T` may be when they are sent. */
export type KeyIn<T extends TopicLike> =
  TopicOf<T> extends Topic<string, infer KI, infer _KO, infer _VI, infer _VO> ? KI : never
/** What keys of `T` are when they are read; any of them may be null. */
export type KeyOut<T extends TopicLike> =
  TopicOf<T> extends Topic<string, infer _KI, infer KO, infer _VI, infer _VO> ? KO | null : never
/** What values of `T` may be when they are sent. */
export type ValueIn<T extends TopicLike> =
  TopicOf<T> extends Topic<string, infer _KI, infer _KO, infer VI, infer _VO> ? VI : never
/** What values of `T` are when they are read. */
export type ValueOut<T extends TopicLike> =
  TopicOf<T> extends Topic<string, infer _KI, infer _KO, infer _VI, infer VO> ? VO : never
/** The name of `T`, as a literal where it is known. */
export type NameOf<T extends TopicLike> = TopicOf<T>['name']

const KNOWN = { key: true, value: true }
const MAX_NAME_CHARS = 249
const NAME = /^[\w.-]+$/

/** Names a topic and says how its keys and values are written and read. */
export function topic<const Name extends string, KI, KO, VI, VO>(
  name: Name,
  serdes: { readonly key: Serde<KI, KO>; readonly value: Serde<VI, VO> },
): Topic<Name, KI, KO, VI, VO> {
  checkTopicName(name)
  checkOptionNames(`topic ${name}`, serdes, KNOWN)
  return { name, key: serdes.key, value: serdes.value }
}

const BYTES = serde.bytes()

/** The topic with its serdes that `given` stands for. */
export function topicOf(given: TopicLike): AnyTopic {
  if (typeof given !== 'string') return given
  checkTopicName(given)
  return { name: given, key: BYTES, value: BYTES }
}

/** Throws INVALID_ARGUMENT for what no broker would accept as a topic's name. */
export function checkTopicName(name: string): void {
  const problem =
    typeof name !== 'string' || name === ''
      ? 'is no name'
      : name === '.' || name === '..'
        ? 'is not allowed'
        : name.length > MAX_NAME_CHARS
          ? `is longer than ${MAX_NAME_CHARS} characters`
          : NAME.test(name)
            ? ''
            : 'has characters other than letters, digits, ".", "_" and "-"'
  if (problem === '') return
  throw new KafkaError('INVALID_ARGUMENT', `topic: ${JSON.stringify(name)} ${problem}`)
}
