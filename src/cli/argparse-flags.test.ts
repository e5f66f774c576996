/** What the reader of argparse4j's flags takes, refuses and prints. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ArgumentError,
  type Arguments,
  argumentsOrStatus,
  inUse,
  parseArguments,
} from './argparse-flags.ts'
import { type ArgumentParser, OUR_JSON } from './argparse-flags-table.ts'

const PAYLOAD = { isRequired: true, about: 'Exactly one.' } as const
const PERF: ArgumentParser = {
  name: 'perf-produce',
  prog: 'kafka-producer-perf-test',
  about: 'Measure.',
  arguments: [
    { flags: ['--topic'], isRequired: true, metavar: 'TOPIC', about: 'A topic.' },
    { flags: ['--record-size'], type: 'Integer', group: PAYLOAD, about: 'Bytes.' },
    { flags: ['--payload-file'], group: PAYLOAD, about: 'A file.' },
    { flags: ['--throughput'], type: 'Double', default: -1, about: 'Records a second.' },
    { flags: ['--props'], nargs: '+', metavar: 'NAME=VALUE', about: 'Properties.' },
    { flags: ['--acks'], type: 'Integer', choices: [0, 1, -1], metavar: 'ACKS', about: 'Acks.' },
    { flags: ['--print-metrics'], action: 'true', about: 'Metrics.' },
    OUR_JSON,
  ],
}
const SERVER = { isRequired: true } as const
const CLUSTER: ArgumentParser = {
  name: 'cluster',
  prog: 'kafka-cluster',
  about: '',
  arguments: [],
  commands: [
    { name: 'cluster-id', about: 'The id.', arguments: [] },
    {
      name: 'unregister',
      about: 'Take a broker out.',
      arguments: [
        { flags: ['--bootstrap-server', '-b'], group: SERVER, about: 'Brokers.' },
        { flags: ['--bootstrap-controller', '-C'], group: SERVER, about: 'Controllers.' },
        { flags: ['--config'], about: 'A file.' },
        { flags: ['--id', '-i'], type: 'Integer', isRequired: true, about: 'A broker.' },
        { flags: ['--dry-run'], action: 'true', about: 'Try.' },
        { flags: ['--feature'], action: 'append', about: 'Features.' },
      ],
    },
  ],
}

function read(parser: ArgumentParser, line: string): Arguments {
  return parseArguments(line.split(' '), inUse(parser, true))
}

test('values are found under the names of their flags', () => {
  const found = read(
    PERF,
    '--top t --record-size=5 --props a=1 b=2 --throughput -1 --acks -1 --print',
  )
  assert.equal(found.text('topic'), 't')
  assert.equal(found.number('record-size'), 5)
  assert.equal(found.number('throughput'), -1)
  assert.deepEqual(found.all('props'), ['a=1', 'b=2'])
  assert.equal(found.has('print-metrics'), true)
  assert.equal(found.text('payload-file'), null)
  assert.equal(read(PERF, '--topic t --record-size 1').number('throughput'), -1)
})

test('a command has flags of its own, short ones too', () => {
  const found = read(CLUSTER, 'unreg -b h:1 -i7 --feature a=1 --feature b=2')
  assert.equal(found.command, 'unregister')
  assert.equal(found.text('bootstrap-server'), 'h:1')
  assert.equal(found.number('id'), 7)
  assert.deepEqual(found.all('feature'), ['a=1', 'b=2'])
})

test('what does not fit is said with the words of argparse4j', () => {
  const wrong: readonly [ArgumentParser, string, string][] = [
    [PERF, '--record-size 1', 'argument --topic is required'],
    [PERF, '--topic t', 'one of the arguments --record-size --payload-file is required'],
    [
      PERF,
      '--topic t --record-size 1 --payload-file f',
      'argument --payload-file: not allowed with argument --record-size',
    ],
    [PERF, '--p 1', 'ambiguous option: --p could match --payload-file, --print-metrics, --props'],
    [PERF, '--topic', 'argument --topic: expected one argument'],
    [PERF, '--props --topic t', 'argument --props: expected 1 argument(s)'],
    [
      PERF,
      '--record-size 1x',
      'argument --record-size: could not convert \'1x\' to Integer (For input string: "1x")',
    ],
    [PERF, '--acks 2', "argument --acks: invalid choice: '2' (choose from {0,1,-1})"],
    [PERF, '--print-metrics=1', "argument --print-metrics: ignore implicit argument '1'"],
    [PERF, '--topic t u v', "unrecognized arguments: 'u v'"],
    [CLUSTER, '--', 'too few arguments'],
    [CLUSTER, 'id', "invalid choice: 'id' (choose from 'cluster-id', 'unregister')"],
    [CLUSTER, 'unregister -b h:1', 'argument --id/-i is required'],
    [
      CLUSTER,
      'unregister -b h:1 -C h:2',
      'argument --bootstrap-controller/-C: not allowed with argument --bootstrap-server/-b',
    ],
  ]
  for (const [parser, line, message] of wrong) {
    assert.throws(() => read(parser, line), { message }, line)
  }
})

test('the nearest names are told, of flags and of commands', () => {
  const near = (parser: ArgumentParser, line: string) => {
    try {
      read(parser, line)
    } catch (error) {
      if (error instanceof ArgumentError) return error.candidates
      throw error
    }
    throw new Error(`${line} was taken`)
  }
  assert.deepEqual(near(PERF, '--tpoic t'), ['--topic'])
  assert.deepEqual(near(PERF, '--nothing-alike t'), [])
  assert.deepEqual(near(CLUSTER, 'unregster'), ['unregister'])
})

function run(parser: ArgumentParser, line: string, isAlias: boolean) {
  const [out, err]: [string[], string[]] = [[], []]
  const status = argumentsOrStatus(
    {
      args: line === '' ? [] : line.split(' '),
      isAlias,
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
    },
    parser,
  )
  return { status, out: out.join('\n'), err: err.join('\n') }
}

test('the usage is in the lines of argparse4j, behind the name that was called', () => {
  assert.equal(
    run(PERF, '--x', true).err,
    [
      'usage: kafka-producer-perf-test',
      '       [-h] --topic TOPIC [--throughput THROUGHPUT]',
      '       [--props NAME=VALUE [NAME=VALUE ...]] [--acks ACKS]',
      '       [--print-metrics] (--record-size RECORD_SIZE |',
      '       --payload-file PAYLOAD_FILE)',
      "kafka-producer-perf-test: error: unrecognized arguments: '--x'",
    ].join('\n'),
  )
  assert.equal(
    run(CLUSTER, 'unregister', true).err,
    [
      'usage: kafka-cluster unregister [-h] [--config CONFIG] --id ID [--dry-run]',
      '                     [--feature FEATURE]',
      '                     (--bootstrap-server BOOTSTRAP_SERVER |',
      '                     --bootstrap-controller BOOTSTRAP_CONTROLLER)',
      'kafka-cluster: error: argument --id/-i is required',
    ].join('\n'),
  )
  assert.match(run(CLUSTER, 'x', false).err, /^usage: millrace cluster \[-h\]/)
})

test('help is on the output, and no failure under our own name', () => {
  const help = run(PERF, '-h', false)
  assert.equal(help.status, 0)
  assert.match(help.out, /--throughput THROUGHPUT\n {25}Records a second\. \(default: -1\)/)
  assert.match(help.out, /--json {17}Print JSON/)
  assert.equal(run(PERF, '-h', true).status, 1)
  assert.deepEqual(run(PERF, '', true), { ...run(PERF, '-h', true), status: 0 })
})
