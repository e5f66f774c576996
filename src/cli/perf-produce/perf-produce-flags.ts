/** The flags of kafka-producer-perf-test. Invariant: their order is that of Kafka's usage. */
import {
  type ArgumentParser,
  type ExclusiveGroup,
  OUR_JSON,
  OUR_PROFILE,
} from '../argparse-flags-table.ts'

const ONE_OF_THREE =
  'Exactly one of --record-size, --payload-file and --payload-monotonic has to be given.'
const PAYLOAD: ExclusiveGroup = { isRequired: true, about: ONE_OF_THREE }

/** Flags of a producer. */
export const PERF_PRODUCE: ArgumentParser = {
  name: 'perf-produce',
  prog: 'kafka-producer-perf-test',
  about:
    'Makes records as fast as it can, or at a pace, and tells how many were written a second and ' +
    'how long that took each. Records are in transactions where there is a transactional id, from ' +
    '--transactional-id or transactional.id, or a --transaction-duration-ms.',
  arguments: [
    {
      flags: ['--bootstrap-server'],
      metavar: 'BOOTSTRAP-SERVER',
      about: 'Brokers to begin at; wins over bootstrap.servers.',
    },
    { flags: ['--topic'], isRequired: true, metavar: 'TOPIC', about: 'Where records go.' },
    {
      flags: ['--num-records'],
      isRequired: true,
      type: 'Long',
      metavar: 'NUM-RECORDS',
      about: 'How many records.',
    },
    {
      flags: ['--record-size'],
      type: 'Integer',
      group: PAYLOAD,
      metavar: 'RECORD-SIZE',
      about: 'Bytes of each value, which are letters at random.',
    },
    {
      flags: ['--payload-file'],
      group: PAYLOAD,
      metavar: 'PAYLOAD-FILE',
      about: 'A text file with values, of which each record gets one at random.',
    },
    {
      flags: ['--payload-monotonic'],
      action: 'true',
      group: PAYLOAD,
      about: 'Values are 0, 1, 2 and so on.',
    },
    {
      flags: ['--payload-delimiter'],
      default: '\\n',
      metavar: 'PAYLOAD-DELIMITER',
      about: 'What is between the values in --payload-file, as a regular expression.',
    },
    {
      flags: ['--throughput'],
      isRequired: true,
      type: 'Double',
      metavar: 'THROUGHPUT',
      about: 'Records a second, about; -1 for no limit.',
    },
    {
      flags: ['--producer-props'],
      nargs: '+',
      metavar: 'PROP-NAME=PROP-VALUE',
      about: '(DEPRECATED) The older name of --command-property.',
    },
    {
      flags: ['--command-property'],
      nargs: '+',
      metavar: 'PROP-NAME=PROP-VALUE',
      about: 'Properties of the producer, which win over those of --command-config.',
    },
    {
      flags: ['--producer.config'],
      metavar: 'CONFIG-FILE',
      about: '(DEPRECATED) The older name of --command-config.',
    },
    {
      flags: ['--command-config'],
      metavar: 'CONFIG-FILE',
      about: 'A file of properties of the producer.',
    },
    { flags: ['--print-metrics'], action: 'true', about: 'Print metrics of the producer too.' },
    {
      flags: ['--transactional-id'],
      metavar: 'TRANSACTIONAL-ID',
      about: 'Wins over transactional.id; performance-producer- and a uuid if none is given.',
    },
    {
      flags: ['--transaction-duration-ms'],
      type: 'Long',
      metavar: 'TRANSACTION-DURATION',
      about: 'After so long a transaction is committed; 3000 if left out.',
    },
    {
      flags: ['--warmup-records'],
      type: 'Long',
      default: 0,
      metavar: 'WARMUP-RECORDS',
      about: 'Leave so many first records out of a second summary, of the steady state.',
    },
    {
      flags: ['--reporting-interval'],
      type: 'Long',
      default: 5000,
      metavar: 'INTERVAL-MS',
      about: 'Tell of the progress each so many milliseconds.',
    },
    OUR_PROFILE,
    OUR_JSON,
  ],
}
