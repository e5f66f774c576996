/**
 * What the modules say about themselves. One line an event, in words a person can act on; `fields`
 * are for machines. The shell decides where it goes and which levels are shown.
 */

/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a line is about, for machines. */
export type LogFields = Readonly<Record<string, string | number | boolean>>

/** The level from which on lines are shown. It may change while the node runs (KIP-412). */
export interface LogThreshold {
  level: LogLevel
}

/** Where lines go. */
export interface Logger {
  /** Absent where somebody else decides what is shown. */
  readonly threshold?: LogThreshold
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Says nothing: for tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
