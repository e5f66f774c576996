/** The flags of kafka-verifiable-consumer. Invariant: their order is that of Kafka's usage. */
import { type ArgumentParser, OUR_PROFILE } from '../argparse-flags-table.ts'

/** Flags of a consumer; where to connect has to be said under the name of Kafka's script alone. */
export const verifiableConsumerParser = (needsServer: boolean): ArgumentParser => ({
  name: 'verifiable-consumer',
  prog: 'verifiable-consumer',
  about:
    'Reads a topic as a member of a group, and tells in lines of JSON what the group gave it, ' +
    'what it read and what it committed.',
  arguments: [
    {
      flags: ['--bootstrap-server'],
      ...(needsServer && { isRequired: true }),
      group: {
        title: 'Connection Group',
        about: 'Group of arguments for connection to brokers',
        ...(needsServer && { isRequired: true }),
      },
      metavar: 'HOST1:PORT1[,HOST2:PORT2[...]]',
      about: 'Brokers to begin at.',
    },
    { flags: ['--topic'], isRequired: true, metavar: 'TOPIC', about: 'The topic to read.' },
    {
      flags: ['--group-protocol'],
      default: 'classic',
      metavar: 'GROUP-PROTOCOL',
      about: 'CLASSIC or CONSUMER.',
    },
    {
      flags: ['--group-remote-assignor'],
      metavar: 'GROUP-REMOTE-ASSIGNOR',
      about: 'The assignor of the server, in the protocol CONSUMER.',
    },
    { flags: ['--group-id'], isRequired: true, metavar: 'GROUP-ID', about: 'Its group.' },
    {
      flags: ['--group-instance-id'],
      metavar: 'GROUP-INSTANCE-ID',
      about: 'Makes it a static member.',
    },
    {
      flags: ['--max-messages'],
      type: 'Integer',
      default: -1,
      metavar: 'MAX-MESSAGES',
      about: 'How many records; -1 for no end.',
    },
    {
      flags: ['--session-timeout'],
      type: 'Integer',
      metavar: 'TIMEOUT-MS',
      about: 'Of its membership, in the protocol CLASSIC.',
    },
    { flags: ['--verbose'], action: 'true', about: 'Tell of each record.' },
    {
      flags: ['--enable-autocommit'],
      action: 'true',
      about: 'Commit now and then, instead of what each poll brought.',
    },
    {
      flags: ['--reset-policy'],
      default: 'earliest',
      metavar: 'RESET-POLICY',
      about: 'Where to begin without a committed offset: earliest, latest or none.',
    },
    {
      flags: ['--assignment-strategy'],
      default: 'org.apache.kafka.clients.consumer.RangeAssignor',
      metavar: 'ASSIGNMENT-STRATEGY',
      about: 'The assignor, as the class that it is in Java, in the protocol CLASSIC.',
    },
    {
      flags: ['--consumer.config'],
      metavar: 'CONFIG-FILE',
      about: '(DEPRECATED) The older name of --command-config.',
    },
    {
      flags: ['--command-config'],
      metavar: 'CONFIG-FILE',
      about: 'A file of properties of the consumer, over which the flags win.',
    },
    OUR_PROFILE,
  ],
})
