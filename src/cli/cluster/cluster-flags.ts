/** The flags of kafka-cluster. Invariant: their order is that of Kafka's usage. */
import {
  type Argument,
  type ArgumentParser,
  type ExclusiveGroup,
  OUR_JSON,
  OUR_PROFILE,
} from '../argparse-flags-table.ts'

/** The parser. Under Kafka's name a server has to be named, and there are no profiles. */
export function clusterParser(isAlias: boolean): ArgumentParser {
  const common = commonArguments(isAlias)
  return {
    name: 'cluster',
    prog: 'kafka-cluster',
    about: 'Tells of a cluster, and takes a broker out of it that is gone for good.',
    arguments: [],
    commands: [
      { name: 'cluster-id', about: 'Show the id of the cluster.', arguments: common },
      {
        name: 'unregister',
        about: 'Take a broker out of the cluster.',
        arguments: [
          ...common.filter(({ isOurs }) => !isOurs),
          {
            flags: ['--id', '-i'],
            type: 'Integer',
            isRequired: true,
            about: 'The id of the broker.',
          },
          ...common.filter(({ isOurs }) => isOurs),
        ],
      },
      {
        name: 'list-endpoints',
        about: 'Show where brokers, or controllers, are reached.',
        arguments: [
          ...common.filter(({ isOurs }) => !isOurs),
          {
            flags: ['--include-fenced-brokers'],
            action: 'true',
            about: 'Show brokers too that are registered and take no part at the moment.',
          },
          ...common.filter(({ isOurs }) => isOurs),
        ],
      },
    ],
  }
}

function commonArguments(isAlias: boolean): Argument[] {
  const group: ExclusiveGroup = isAlias ? { isRequired: true } : {}
  return [
    { flags: ['--bootstrap-server', '-b'], group, about: 'Brokers to begin at.' },
    { flags: ['--bootstrap-controller', '-C'], group, about: 'Controllers to begin at.' },
    { flags: ['--config'], about: 'Deprecated: the same as --command-config.' },
    {
      flags: ['--command-config', '-c'],
      about: "Properties of Kafka's clients: security.protocol, sasl.jaas.config and the like.",
    },
    ...(isAlias ? [] : [OUR_PROFILE]),
    OUR_JSON,
  ]
}
