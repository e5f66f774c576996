/**
 * The console and the time as text: what a logger writes to where a program gave no other place,
 * as `millrace/kafkajs` does.
 */

/** Writes a line where the runtime puts lines of that level. */
export function writeToConsole(level: 'error' | 'warn' | 'info' | 'debug', line: string): void {
  if (level === 'debug') console.log(line)
  else console[level](line)
}

/** A time in milliseconds since 1970 as `2026-01-31T12:00:00.000Z`. */
export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
