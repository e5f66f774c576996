/**
 * What kafka-configs needs of Admin, from brokers or from controllers.
 *
 * Invariant: of controllers, changes go to the active one, and what is of one node goes to that
 * node; what Java's client asks of brokers only is refused in Kafka's words.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { ConfigResource } from '../../client/admin/configs.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { ConnectionSettings } from '../connection.ts'
import { describeControllers, withController } from '../controllers.ts'

/** The calls that the command makes. */
export type ConfigsAdmin = Pick<
  Admin,
  | 'describeCluster'
  | 'describeConfigs'
  | 'incrementalAlterConfigs'
  | 'listConfigResources'
  | 'listTopics'
  | 'listGroups'
  | 'describeClientQuotas'
  | 'alterClientQuotas'
  | 'describeUserScramCredentials'
  | 'alterUserScramCredentials'
>

const REFUSAL =
  'This Admin API is not yet supported when communicating directly with the controller quorum.'

/** The same calls by way of controllers. */
export function controllersAdmin(settings: ConnectionSettings): ConfigsAdmin {
  const refused = async (): Promise<never> => {
    throw new KafkaError('UNSUPPORTED_ENDPOINT_TYPE', REFUSAL)
  }
  return {
    describeCluster: () => describeControllers(settings),
    describeConfigs: (resources, options) => {
      return withController(settings, nodeOf(resources[0]!, true), (admin) => {
        return admin.describeConfigs(resources, options)
      })
    },
    incrementalAlterConfigs: (alterations, options) => {
      return withController(settings, nodeOf(alterations[0]!, false), (admin) => {
        return admin.incrementalAlterConfigs(alterations, options)
      })
    },
    alterClientQuotas: refused,
    describeClientQuotas: refused,
    alterUserScramCredentials: refused,
    describeUserScramCredentials: refused,
    listConfigResources: refused,
    listTopics: refused,
    listGroups: refused,
  }
}

/** Configs of a node are read from itself; the active controller changes them, but for loggers. */
function nodeOf({ type, name }: ConfigResource, isRead: boolean): number | 'active' {
  const isOfNode = type === 'BROKER_LOGGER' || (isRead && type === 'BROKER' && name !== '')
  return isOfNode ? Number(name) : 'active'
}
