/** What an examination found: a line for each thing, with what to do where it is not well. */

/** How something is. */
export type FindingStatus = 'ok' | 'warning' | 'failure'

/** One thing that was looked at. */
export interface Finding {
  readonly status: FindingStatus
  /** What was looked at: name, tcp, tls, sasl … */
  readonly check: string
  /** What was seen. */
  readonly found: string
  /** What to do; null where nothing is to be done. */
  readonly next: string | null
}

/** All is well. */
export function ok(check: string, found: string): Finding {
  return { status: 'ok', check, found, next: null }
}

/** It works, and something should be done. */
export function warning(check: string, found: string, next: string): Finding {
  return { status: 'warning', check, found, next }
}

/** It does not work until something is done. */
export function failure(check: string, found: string, next: string): Finding {
  return { status: 'failure', check, found, next }
}
