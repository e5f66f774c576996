/**
 * Failures as Kafka's tool tells of them on standard output, where the name of a Java class stands
 * before what happened, once for each exception around it.
 */
import { KafkaError, type KafkaErrorCode } from '../../client/kafka-error.ts'
import { CliError } from '../cli-error.ts'

const PACKAGE = 'org.apache.kafka.common.errors'
const EXECUTION = 'java.util.concurrent.ExecutionException'

/** Classes that are not called as their error is. */
const CLASSES: Partial<Readonly<Record<KafkaErrorCode, string>>> = {
  AUTHENTICATION_FAILED: 'SaslAuthenticationException',
  CLUSTER_AUTHORIZATION_FAILED: 'ClusterAuthorizationException',
  GROUP_AUTHORIZATION_FAILED: 'GroupAuthorizationException',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  KAFKA_STORAGE_ERROR: 'KafkaStorageException',
  NETWORK_ERROR: 'TimeoutException', // Java's client tries again until its time is up
  NETWORK_EXCEPTION: 'NetworkException',
  NON_EMPTY_GROUP: 'GroupNotEmptyException',
  OFFSET_METADATA_TOO_LARGE: 'OffsetMetadataTooLarge',
  REQUEST_TIMED_OUT: 'TimeoutException',
  TIMED_OUT: 'TimeoutException',
  TOPIC_AUTHORIZATION_FAILED: 'TopicAuthorizationException',
  UNKNOWN_SERVER_ERROR: 'UnknownServerException',
  UNSUPPORTED_BY_BROKER: 'UnsupportedVersionException',
}

/** How many exceptions of Java are around that of the client. */
export type Depth = 0 | 1 | 2

/** A failure; its message is what happened, without classes. */
export class JavaFailure extends CliError {
  /** What getMessage() gives in Java. */
  readonly javaMessage: string

  constructor(message: string, javaMessage: string = message) {
    super(message)
    this.javaMessage = javaMessage
  }

  /** An exception of this class inside another one. */
  static within(className: string, message: string): JavaFailure {
    return new JavaFailure(message, `${className}: ${message}`)
  }

  /** What the client failed with. */
  static of(error: KafkaError, depth: Depth): JavaFailure {
    const texts = [error.reason, exceptionText(error), `${EXECUTION}: ${exceptionText(error)}`]
    return new JavaFailure(error.reason, texts[depth])
  }
}

/** An error of the client as Java's toString() has it. */
export function exceptionText(error: KafkaError): string {
  const other = /^group (.*) is not of consumers but of the type (.*)$/s.exec(error.reason)
  if (other !== null) {
    const [, groupId, type] = other
    return `java.lang.IllegalArgumentException: GroupId ${groupId} is not a consumer group (${type}).`
  }
  return `${PACKAGE}.${CLASSES[error.code] ?? regularClass(error.code)}: ${error.reason}`
}

function regularClass(code: string): string {
  const words = code.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase())
  return `${words.join('')}Exception`
}

/** Has what the client fails with told as Java does. */
export async function failing<R>(depth: Depth, call: Promise<R>): Promise<R> {
  try {
    return await call
  } catch (error) {
    throw error instanceof KafkaError ? JavaFailure.of(error, depth) : error
  }
}
