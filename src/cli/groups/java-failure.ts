/**
 * Failures as Kafka's tool tells of them on standard output, where the name of a Java class stands
 * before what happened, once for each exception around it.
 */
import { KafkaError } from '../../client/kafka-error.ts'
import { CliError } from '../cli-error.ts'
import { exceptionName } from '../exception-names.ts'

const EXECUTION = 'java.util.concurrent.ExecutionException'

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
  return `${exceptionName(error.code)}: ${error.reason}`
}

/** Has what the client fails with told as Java does. */
export async function failing<R>(depth: Depth, call: Promise<R>): Promise<R> {
  try {
    return await call
  } catch (error) {
    throw error instanceof KafkaError ? JavaFailure.of(error, depth) : error
  }
}
