/** The flags of kafka-features. Invariant: their order is that of Kafka's usage. */
import {
  type Argument,
  type ArgumentParser,
  type ExclusiveGroup,
  OUR_JSON,
  OUR_PROFILE,
} from '../argparse-flags-table.ts'

const CONNECTION: ExclusiveGroup = {}

const RELEASE: Argument = {
  flags: ['--release-version'],
  about: 'A release, as 4.3: every feature goes to the level that it has there.',
}
const METADATA: Argument = {
  flags: ['--metadata'],
  about: 'Deprecated: the level of metadata.version, as 3.3-IV3.',
}
const FEATURE: Argument = {
  flags: ['--feature'],
  action: 'append',
  about: 'A feature with the level that it is to have, as metadata.version=5; may be repeated.',
}
const DRY_RUN: Argument = {
  flags: ['--dry-run'],
  action: 'true',
  about: 'Have it checked only.',
}
const UNSAFE: Argument = {
  flags: ['--unsafe'],
  action: 'true',
  about: 'Do it even where metadata are lost for good.',
}

const PARSER: ArgumentParser = {
  name: 'features',
  prog: 'kafka-features',
  about: 'Shows the features of a cluster and changes their levels.',
  arguments: [
    { flags: ['--bootstrap-server'], group: CONNECTION, about: 'Brokers to begin at.' },
    {
      flags: ['--bootstrap-controller'],
      group: CONNECTION,
      about: 'Controllers to begin at.',
    },
    {
      flags: ['--command-config'],
      about: "Properties of Kafka's clients: security.protocol, sasl.jaas.config and the like.",
    },
    OUR_PROFILE,
    OUR_JSON,
  ],
  commands: [
    {
      name: 'describe',
      about: 'Show the features and their levels.',
      arguments: [
        { flags: ['--node-id'], type: 'Integer', about: 'Ask this node; any if left out.' },
        OUR_JSON,
      ],
    },
    {
      name: 'upgrade',
      about: 'Raise levels of features.',
      arguments: [METADATA, RELEASE, FEATURE, DRY_RUN, OUR_JSON],
    },
    {
      name: 'downgrade',
      about: 'Lower levels of features.',
      arguments: [METADATA, RELEASE, FEATURE, UNSAFE, DRY_RUN, OUR_JSON],
    },
    {
      name: 'disable',
      about: 'Take features away, which is to lower them to 0.',
      arguments: [
        { ...FEATURE, about: 'A feature to take away; may be repeated.' },
        UNSAFE,
        DRY_RUN,
        OUR_JSON,
      ],
    },
    {
      name: 'version-mapping',
      about: 'Show the levels that features have in a release.',
      arguments: [
        { ...RELEASE, about: 'The release, as 4.3-IV0; the newest if left out.' },
        OUR_JSON,
      ],
    },
    {
      name: 'feature-dependencies',
      about: 'Show what a level of a feature needs.',
      arguments: [
        {
          ...FEATURE,
          isRequired: true,
          about: 'A feature with a level, as group.version=1; may be repeated.',
        },
        OUR_JSON,
      ],
    },
  ],
}

/** The parser. Under Kafka's name there are no profiles. */
export function featuresParser(isAlias: boolean): ArgumentParser {
  const own = PARSER.arguments.filter((argument) => !isAlias || argument !== OUR_PROFILE)
  return { ...PARSER, arguments: own }
}
