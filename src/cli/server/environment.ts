/**
 * Settings from environment variables, as Apache Kafka's images read them: `KAFKA_` or `MILLRACE_`,
 * then the name with `_` for `.`, `__` for `_` and `___` for `-`.
 *
 * `KAFKA_` variables are also set for other programs (clients, tools): one that is no setting of a
 * node is passed over. Under `MILLRACE_` it is kept, so that a mistyped name is warned about.
 */
import { brokerKey, withoutListener } from '../../broker/config/broker-keys.ts'
import { isPlugInName } from '../../broker/config/unbuilt.ts'

const PREFIXES = ['KAFKA_', 'MILLRACE_'] as const

/** Variables of Kafka's start scripts, and those of commands that connect. */
const NOT_SETTINGS = [
  'KAFKA_VERSION',
  'KAFKA_HEAP_OPTS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_JMX_HOSTNAME',
  'MILLRACE_LOG_LEVEL',
  'MILLRACE_BOOTSTRAP_SERVERS',
  'MILLRACE_COMMAND_CONFIG',
  'MILLRACE_PROFILE',
  'MILLRACE_PROFILES',
]

/** The settings in the environment; `MILLRACE_` wins over `KAFKA_`. */
export function environmentProperties(
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const properties = new Map<string, string>()
  for (const prefix of PREFIXES) {
    for (const [variable, value] of Object.entries(environment)) {
      if (value === undefined || !variable.startsWith(prefix)) continue
      if (NOT_SETTINGS.includes(variable)) continue
      const name = settingName(variable.slice(prefix.length))
      if (prefix === 'MILLRACE_' || isSetting(name)) properties.set(name, value)
    }
  }
  return properties
}

/** `LOG_DIRS` -> `log.dirs`. */
function settingName(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '.').replaceAll('...', '-').replaceAll('..', '_')
}

function isSetting(name: string): boolean {
  return brokerKey(name) !== null || withoutListener(name) !== null || isPlugInName(name)
}
