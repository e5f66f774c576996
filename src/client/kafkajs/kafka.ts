/**
 * kafkajs's `Kafka`: makes producers, consumers and admins, each with connections of its own, as
 * there. It holds nothing itself.
 */
import { nodeIo } from '../../io/node.ts'
import { timeText, writeToConsole } from '../../io/node-console.ts'
import { KafkaJSAdmin } from './admin.ts'
import type { Admin, AdminConfig } from './admin-types.ts'
import { ClientConfig, type KafkaConfig } from './config.ts'
import { logLevel } from './constants.ts'
import { KafkaJSConsumer } from './consumer.ts'
import type { Consumer, ConsumerConfig } from './consumer-types.ts'
import { createLogger, type LogEntry, type Logger, lineOf } from './logger.ts'
import { KafkaJSProducer } from './producer.ts'
import type { Producer, ProducerConfig } from './producer-types.ts'

const CONSOLE_LEVELS = { ERROR: 'error', WARN: 'warn', INFO: 'info', DEBUG: 'debug' } as const

/** Where entries go unless a program says otherwise: the console, as JSON. */
function consoleLogCreator() {
  return (entry: LogEntry) => {
    const level = CONSOLE_LEVELS[entry.label as keyof typeof CONSOLE_LEVELS]
    writeToConsole(level, lineOf(entry))
  }
}

export class Kafka {
  readonly #config: ClientConfig
  readonly #logger: Logger

  constructor(config: KafkaConfig) {
    const io = config.io ?? nodeIo()
    const level = config.logLevel ?? logLevel.INFO
    const creator = config.logCreator ?? consoleLogCreator
    this.#logger = createLogger(level, creator, () => timeText(io.clock.nowMs()))
    this.#config = new ClientConfig(config, io, this.#logger)
  }

  producer(config: ProducerConfig = {}): Producer {
    return new KafkaJSProducer(this.#config, config)
  }

  consumer(config: ConsumerConfig): Consumer {
    return new KafkaJSConsumer(this.#config, config)
  }

  admin(config: AdminConfig = {}): Admin {
    return new KafkaJSAdmin(this.#config, config)
  }

  logger(): Logger {
    return this.#logger
  }
}
