/** The flags of kafka-verifiable-producer. Invariant: their order is that of Kafka's usage. */
import { type ArgumentParser, OUR_PROFILE } from '../argparse-flags-table.ts'

/** Flags of a producer; where to connect has to be said under the name of Kafka's script alone. */
export const verifiableProducerParser = (needsServer: boolean): ArgumentParser => ({
  name: 'verifiable-producer',
  prog: 'verifiable-producer',
  about:
    'Makes records whose values are rising numbers, and tells of each in a line of JSON whether ' +
    'it was written.',
  arguments: [
    { flags: ['--topic'], isRequired: true, metavar: 'TOPIC', about: 'Where records go.' },
    {
      flags: ['--bootstrap-server'],
      group: {
        title: 'Connection Group',
        about: 'Group of arguments for connection to brokers',
        ...(needsServer && { isRequired: true }),
      },
      metavar: 'HOST1:PORT1[,HOST2:PORT2[...]]',
      about: 'Brokers to begin at.',
    },
    {
      flags: ['--max-messages'],
      type: 'Integer',
      default: -1,
      metavar: 'MAX-MESSAGES',
      about: 'How many records; -1 for no end.',
    },
    {
      flags: ['--throughput'],
      type: 'Integer',
      default: -1,
      metavar: 'THROUGHPUT',
      about: 'Records a second, about; -1 for no limit.',
    },
    {
      flags: ['--acks'],
      type: 'Integer',
      default: -1,
      choices: [0, 1, -1],
      metavar: 'ACKS',
      about: 'Which acknowledgement to wait for.',
    },
    {
      flags: ['--producer.config'],
      metavar: 'CONFIG-FILE',
      about: '(DEPRECATED) The older name of --command-config.',
    },
    {
      flags: ['--message-create-time'],
      type: 'Long',
      default: -1,
      metavar: 'CREATE-TIME',
      about: 'The time of the first record, in milliseconds since 1970.',
    },
    {
      flags: ['--value-prefix'],
      type: 'Integer',
      metavar: 'VALUE-PREFIX',
      about: 'Stands before each value, with a dot.',
    },
    {
      flags: ['--repeating-keys'],
      type: 'Integer',
      metavar: 'REPEATING-KEYS',
      about: 'Keys are 0, 1, 2 and so on, up to this, and again from 0.',
    },
    {
      flags: ['--command-config'],
      metavar: 'CONFIG-FILE',
      about: 'A file of properties of the producer, which win over the flags.',
    },
    OUR_PROFILE,
  ],
})
