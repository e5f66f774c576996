/**
 * Logs for people and machines: one line an event on stderr, `time LEVEL message key=value`.
 * Warnings and errors only, unless MILLRACE_LOG_LEVEL asks for more.
 */
import type { LogFields, Logger, LogLevel, LogThreshold } from '../../base/logger.ts'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export const DEFAULT_LOG_LEVEL: LogLevel = 'warn'

/** Reads a level; null where there is none of that name. */
export function parseLogLevel(text: string): LogLevel | null {
  return LEVELS.find((level) => level === text.toLowerCase()) ?? null
}

/** A logger that shows `least` and what is graver; its threshold may be moved later. */
export function textLogger(
  least: LogLevel,
  now: () => string,
  write: (line: string) => void,
): Logger {
  const threshold: LogThreshold = { level: least }
  const log = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold.level)) return
    write(`${now()} ${level.toUpperCase()} ${[message, ...fieldTexts(fields)].join(' ')}\n`)
  }
  return {
    threshold,
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
  }
}

function fieldTexts(fields: LogFields | undefined): string[] {
  return Object.entries(fields ?? {}).map(([name, value]) => {
    const text = String(value)
    return `${name}=${/[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text}`
  })
}
