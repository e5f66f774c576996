/**
 * Rules of a node's place in the cluster: its roles, its id, its listeners and the controller
 * quorum. Messages are Kafka's, but for what Millrace cannot be yet: a node of several.
 */
import type { BrokerConfig } from './broker-config.ts'
import type { BrokerKeyName } from './broker-keys.ts'
import type { ConfigIssue } from './issue.ts'

/** What is wrong with roles, listeners and quorum. */
export function quorumIssues(config: BrokerConfig): ConfigIssue[] {
  return [
    ...idIssues(config),
    ...roleIssues(config),
    ...controllerListenerIssues(config),
    ...brokerListenerIssues(config),
    ...protocolIssues(config),
  ]
}

function idIssues(config: BrokerConfig): ConfigIssue[] {
  if (config.get('node.id') === config.get('broker.id')) return []
  const message = 'You must set `node.id` to the same value as `broker.id`.'
  return [issue(config, 'node.id', message)]
}

function roleIssues(config: BrokerConfig): ConfigIssue[] {
  const roles = config.get('process.roles')
  if (roles.length < 2) {
    const message =
      'Millrace runs as one node that is broker and controller so far (allowed: broker,controller)'
    return [issue(config, 'process.roles', message)]
  }
  const { voters } = config
  const issues: ConfigIssue[] = []
  if (voters.length === 0 && config.get('controller.quorum.bootstrap.servers').length === 0) {
    const message =
      'If using process.roles, either controller.quorum.bootstrap.servers must contain the set ' +
      'of bootstrap controllers or controller.quorum.voters must contain a parseable set of ' +
      'controllers.'
    issues.push({ key: 'controller.quorum.bootstrap.servers', value: null, message })
  }
  const nodeId = config.get('node.id')
  if (voters.length > 0 && !voters.some(({ id }) => id === nodeId)) {
    const message =
      `If process.roles contains the 'controller' role, the node id ${nodeId} must be included ` +
      'in the set of voters controller.quorum.voters=' +
      `Set(${voters.map(({ id }) => id).join(', ')})`
    issues.push(issue(config, 'controller.quorum.voters', message))
  } else if (voters.length > 1) {
    const message = 'a quorum of several controllers is not built yet (allowed: this node alone)'
    issues.push(issue(config, 'controller.quorum.voters', message))
  }
  return issues
}

function controllerListenerIssues(config: BrokerConfig): ConfigIssue[] {
  const names = config.get('controller.listener.names')
  const own = config.listeners.map(({ name }) => name)
  const key = 'controller.listener.names'
  if (!names.some((name) => own.includes(name))) {
    const message =
      `${key} must contain at least one value appearing in the 'listeners' configuration ` +
      'when running the KRaft controller role'
    return [issue(config, key, message)]
  }
  if (names.every((name) => own.includes(name))) return []
  const message =
    `${key} must only contain values appearing in the 'listeners' configuration ` +
    'when running the KRaft controller role'
  return [issue(config, key, message)]
}

function brokerListenerIssues(config: BrokerConfig): ConfigIssue[] {
  const own = config.listeners.filter(({ kind }) => kind === 'broker').map(({ name }) => name)
  const advertised = config.get('advertised.listeners')
  const names = advertised === null ? own : own.filter((name) => isAdvertised(config, name))
  if (names.length === 0) {
    const message =
      'There must be at least one broker advertised listener. Perhaps all listeners appear in ' +
      'controller.listener.names?'
    return [issue(config, advertised === null ? 'listeners' : 'advertised.listeners', message)]
  }
  const named = config.get('inter.broker.listener.name')
  const key = named === null ? 'security.inter.broker.protocol' : 'inter.broker.listener.name'
  if (named !== null && config.isSet('security.inter.broker.protocol')) {
    const message =
      'Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.'
    return [issue(config, key, message)]
  }
  const interBroker = config.interBrokerListenerName
  if (named !== null && !config.listenerProtocols.has(interBroker)) {
    const message =
      `Listener with name ${interBroker} defined in inter.broker.listener.name not found in ` +
      'listener.security.protocol.map.'
    return [issue(config, key, message)]
  }
  if (names.includes(interBroker)) return []
  const message =
    'inter.broker.listener.name must be a listener name defined in advertised.listeners. ' +
    `The valid options based on currently configured listeners are ${names.join(',')}`
  return [issue(config, key, message)]
}

function isAdvertised(config: BrokerConfig, name: string): boolean {
  const entries = config.get('advertised.listeners') ?? []
  return entries.some((entry) => entry.toUpperCase().startsWith(`${name}://`))
}

/** A listener that would be served less safely than it says. */
function protocolIssues(config: BrokerConfig): ConfigIssue[] {
  return config.listeners
    .filter(({ protocol }) => protocol !== 'PLAINTEXT')
    .map(({ name, protocol }) =>
      issue(
        config,
        'listeners',
        `listener ${name} speaks ${protocol}, and TLS and SASL are not built yet (allowed: ` +
          'listeners that listener.security.protocol.map makes PLAINTEXT)',
      ),
    )
}

function issue(config: BrokerConfig, key: BrokerKeyName, message: string): ConfigIssue {
  return { key, value: config.text(key), message }
}
