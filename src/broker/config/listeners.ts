/**
 * Listeners: `listeners`, `advertised.listeners` and the security protocols behind their names, by
 * Kafka's rules. Names are compared in upper case.
 *
 * One difference: a listener on all interfaces needs no advertised address, since Millrace then
 * tells each client the address that it dialled.
 */
import type { ConfigIssue } from './issue.ts'

/** Kafka's security protocols. */
export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

/** One address to listen on. */
export interface Listener {
  readonly name: string
  readonly kind: 'broker' | 'controller'
  readonly protocol: SecurityProtocol
  /** Empty: all interfaces. */
  readonly host: string
  readonly port: number
  /** Null: what the client dialled. */
  readonly advertisedHost: string | null
  readonly advertisedPort: number | null
}

/** The settings that listeners come from. */
export interface ListenerSettings {
  readonly listeners: readonly string[]
  /** Null where `advertised.listeners` is not set. */
  readonly advertised: readonly string[] | null
  readonly protocolMap: string
  readonly protocolMapIsSet: boolean
  readonly controllerNames: readonly string[]
}

interface Endpoint {
  readonly name: string
  readonly protocol: SecurityProtocol
  readonly host: string
  readonly port: number
}

const PROTOCOLS: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']
const URI = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?\d+)$/
const PORT_MAX = 65535
const MAP = 'listener.security.protocol.map'

/** The listeners that the settings describe, with everything that is wrong about them. */
export function resolveListeners(settings: ListenerSettings): {
  listeners: Listener[]
  protocols: ReadonlyMap<string, SecurityProtocol>
  issues: ConfigIssue[]
} {
  const issues: ConfigIssue[] = []
  const protocols = protocolsByName(settings, issues)
  const read = (key: string, entries: readonly string[]) => endpoints(key, entries, protocols)
  const own = read('listeners', settings.listeners)
  const advertised = read('advertised.listeners', settings.advertised ?? [])
  issues.push(...own.issues, ...advertised.issues)
  if (own.issues.length === 0) issues.push(...portIssues(own.endpoints, settings.listeners))
  if (advertised.endpoints.some(({ host }) => host === '0.0.0.0')) {
    issues.push({
      key: 'advertised.listeners',
      value: list(settings.advertised ?? []),
      message:
        'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. ' +
        'Use a routable IP address.',
    })
  }
  const listeners = own.endpoints.map((endpoint): Listener => {
    const known = advertised.endpoints.find(({ name }) => name === endpoint.name)
    return {
      ...endpoint,
      kind: settings.controllerNames.includes(endpoint.name) ? 'controller' : 'broker',
      advertisedHost: known === undefined || known.host === '' ? null : known.host,
      advertisedPort: known?.port ?? null,
    }
  })
  const strangers = advertised.endpoints.filter(
    ({ name }) => !own.endpoints.some((endpoint) => endpoint.name === name),
  )
  if (own.issues.length === 0 && strangers.length > 0) {
    issues.push(subsetIssue(settings, strangers, own.endpoints))
  }
  return { listeners, protocols, issues }
}

function subsetIssue(
  settings: ListenerSettings,
  strangers: readonly Endpoint[],
  own: readonly Endpoint[],
): ConfigIssue {
  const names = (endpoints: readonly Endpoint[]) => endpoints.map(({ name }) => name).join(',')
  return {
    key: 'advertised.listeners',
    value: list(settings.advertised ?? []),
    message:
      'advertised.listeners listener names must be equal to or a subset of the ones defined in ' +
      `listeners. Found ${names(strangers)}. The valid options based on the current ` +
      `configuration are ${names(own)}`,
  }
}

/** Reads the map; without one, controller listeners speak PLAINTEXT unless others are secured. */
function protocolsByName(
  settings: ListenerSettings,
  issues: ConfigIssue[],
): ReadonlyMap<string, SecurityProtocol> {
  const protocols = new Map<string, SecurityProtocol>()
  const issue = (message: string) => issues.push({ key: MAP, value: settings.protocolMap, message })
  for (const entry of settings.protocolMap.split(/\s*,\s*/)) {
    if (entry === '') continue
    const colon = entry.lastIndexOf(':')
    const protocol = entry.slice(colon + 1).trim()
    if (colon < 0) issue(`Error parsing configuration property '${MAP}': no ':' in ${entry}`)
    else if (!PROTOCOLS.includes(protocol)) {
      issue(`Invalid security protocol \`${protocol}\` defined in ${MAP}`)
    } else protocols.set(entry.slice(0, colon).trim().toUpperCase(), protocol as SecurityProtocol)
  }
  const names = [
    ...settings.controllerNames,
    ...settings.listeners.map((entry) => entry.slice(0, Math.max(0, entry.indexOf(':')))),
  ]
  const isSecured = (name: string) => PROTOCOLS.indexOf(name.toUpperCase()) > 0
  if (!settings.protocolMapIsSet && !names.some(isSecured)) {
    for (const name of settings.controllerNames) protocols.set(name.toUpperCase(), 'PLAINTEXT')
  }
  return protocols
}

/** Reads NAME://host:port entries. */
function endpoints(
  key: string,
  entries: readonly string[],
  protocols: ReadonlyMap<string, SecurityProtocol>,
): { endpoints: Endpoint[]; issues: ConfigIssue[] } {
  const found: Endpoint[] = []
  const issues: ConfigIssue[] = []
  const issue = (reason: string) =>
    issues.push({
      key,
      value: list(entries),
      message: `Error creating broker listeners from '[${entries.join(', ')}]': ${reason}`,
    })
  for (const entry of entries) {
    const match = URI.exec(entry)
    const name = (match?.[1] ?? '').toUpperCase()
    const port = Number(match?.[3])
    const protocol = protocols.get(name)
    if (match === null) issue(`Unable to parse ${entry} to a broker endpoint`)
    else if (protocol === undefined) issue(`No security protocol defined for listener ${name}`)
    else if (port < 0 || port > PORT_MAX)
      issue(`the port of ${entry} is not within 0 to ${PORT_MAX}`)
    else found.push({ name, protocol, host: match[2] as string, port })
  }
  if (new Set(found.map(({ name }) => name)).size !== found.length) {
    issue(`Each listener must have a different name, listeners: [${entries.join(', ')}]`)
  }
  return { endpoints: found, issues }
}

/** No two listeners on one port, but for one on an IPv4 and one on an IPv6 address. */
function portIssues(all: readonly Endpoint[], entries: readonly string[]): ConfigIssue[] {
  const issues: ConfigIssue[] = []
  for (const port of new Set(all.map((endpoint) => endpoint.port))) {
    const sharing = all.filter((endpoint) => endpoint.port === port)
    if (port === 0 || sharing.length === 1) continue
    const kinds = sharing.map(({ host }) => addressKind(host)).sort()
    if (kinds.join() === 'ipv4,ipv6') continue
    const reason = kinds.every((kind) => kind === 'name')
      ? `Each listener must have a different port, listeners: [${entries.join(', ')}]`
      : 'If you have two listeners on the same port then one needs to be IPv4 and the other ' +
        `IPv6, listeners: [${entries.join(', ')}], port: ${port}`
    issues.push({
      key: 'listeners',
      value: list(entries),
      message: `Error creating broker listeners from '[${entries.join(', ')}]': ${reason}`,
    })
  }
  return issues
}

function addressKind(host: string): 'ipv4' | 'ipv6' | 'name' {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return 'ipv4'
  return host.includes(':') ? 'ipv6' : 'name'
}

function list(entries: readonly string[]): string {
  return entries.join(',')
}
