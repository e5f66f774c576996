/**
 * Loggers in kafkajs's form: a `logCreator` makes the function that entries go to, and namespaces
 * may have levels of their own. Native parts say what they say through the same one.
 */
import type { LogFields, Logger as NativeLogger } from '../../base/logger.ts'
import { logLevel } from './constants.ts'

export interface LoggerEntryContent {
  readonly timestamp: string
  readonly message: string
  // biome-ignore lint/suspicious/noExplicitAny: kafkajs's own type, which programs' sinks are of
  [key: string]: any
}

export interface LogEntry {
  namespace: string
  level: logLevel
  label: string
  log: LoggerEntryContent
}

export type logCreator = (logLevel: logLevel) => (entry: LogEntry) => void

export interface Logger {
  info: (message: string, extra?: object) => void
  error: (message: string, extra?: object) => void
  warn: (message: string, extra?: object) => void
  debug: (message: string, extra?: object) => void
  namespace: (namespace: string, logLevel?: logLevel) => Logger
  setLogLevel: (logLevel: logLevel) => void
}

type Label = Exclude<keyof typeof logLevel, 'NOTHING'>

/** A logger of all namespaces. `timeText` gives the time of now. */
export function createLogger(level: logLevel, creator: logCreator, timeText: () => string): Logger {
  let current = level
  const write = creator(level)
  const make = (namespace: string, own: logLevel | null): Logger => {
    const say = (label: Label) => {
      return (message: string, extra: object = {}) => {
        if (logLevel[label] > (own ?? current)) return
        const log = { timestamp: timeText(), logger: 'kafkajs', message, ...extra }
        write({ namespace, level: logLevel[label], label, log })
      }
    }
    return {
      info: say('INFO'),
      error: say('ERROR'),
      warn: say('WARN'),
      debug: say('DEBUG'),
      namespace: (name, ownLevel) => make(name, ownLevel ?? null),
      setLogLevel: (newLevel) => {
        current = newLevel
      },
    }
  }
  return make('', null)
}

/** A line of JSON as kafkajs's console logger writes it. */
export function lineOf({ namespace, label, log }: LogEntry): string {
  const prefix = namespace === '' ? '' : `[${namespace}] `
  return JSON.stringify({ level: label, ...log, message: `${prefix}${log.message}` })
}

/** The same logger as native parts see it. */
export function nativeLogger(logger: Logger): NativeLogger {
  const say = (level: 'debug' | 'info' | 'warn' | 'error') => {
    return (message: string, fields?: LogFields) => logger[level](message, fields)
  }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}
