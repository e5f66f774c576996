/**
 * Addresses of the controller quorum: `controller.quorum.voters` (id@host:port) and
 * `controller.quorum.bootstrap.servers` (host:port).
 */

/** A voter of a static quorum. */
export interface VoterAddress {
  readonly id: number
  readonly host: string
  readonly port: number
}

const HOST_AND_PORT = /^(?:[0-9a-zA-Z\-%._]*:\/\/)?\[?([0-9a-zA-Z\-%._:]*)\]?:(\d+)$/

/** Splits host:port, where the host may stand in brackets; null where it is neither. */
export function parseHostAndPort(address: string): { host: string; port: number } | null {
  const match = HOST_AND_PORT.exec(address)
  return match === null ? null : { host: match[1] as string, port: Number(match[2]) }
}

/** One entry of `controller.quorum.voters`, or Kafka's message about it. */
export function parseVoter(entry: string): VoterAddress | string {
  const form = 'Each entry should be in the form `{id}@{host}:{port}`.'
  const [idText, address, ...rest] = entry.split('@')
  if (idText === undefined || address === undefined || address === '' || rest.length > 0) {
    return `Invalid configuration value for controller.quorum.voters. ${form}`
  }
  if (!/^[+-]?\d+$/.test(idText)) return `Failed to parse voter ID as an integer from ${idText}`
  const place = parseHostAndPort(address)
  if (place === null) {
    return (
      `Failed to parse host name from entry ${entry} for the configuration ` +
      `controller.quorum.voters. ${form}`
    )
  }
  return { id: Number(idText), ...place }
}

/** Kafka's message about one entry of `controller.quorum.bootstrap.servers`, or null. */
export function bootstrapServerProblem(entry: string): string | null {
  if (parseHostAndPort(entry) !== null) return null
  return (
    `Failed to parse host name from ${entry} for the configuration ` +
    'controller.quorum.bootstrap.servers. Each entry should be in the form "{host}:{port}"'
  )
}
