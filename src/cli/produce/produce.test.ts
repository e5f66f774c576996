/** What `millrace produce` and `consume` say of flags before they have connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumeTool } from '../consume/consume.ts'
import { parseFlags } from '../flags.ts'
import { withLongNames } from '../short-flags.ts'
import type { Tool } from '../tool.ts'
import { captured } from '../tool-run.test-support.ts'
import { produceTool } from './produce.ts'
import { flagTable, producerProperties, SHORT_FLAGS } from './produce-flags.ts'

async function firstError(tool: Tool, line: string): Promise<string | undefined> {
  const { status, out, err } = await captured(tool, line.split(' '))
  assert.deepEqual({ status, out }, { status: 1, out: '' })
  return err.split('\n')[0]
}

test('what is wrong with the flags is said before a broker is looked for', async () => {
  const produce: Readonly<Record<string, string>> = {
    '--sync': 'Missing required argument "[topic]"',
    '-K : -t a --json': '--json has the key in the line; --key-separator is for text',
    '-t a --bootstrap-server nowhere': 'Please provide valid host:port like host1:9091,host2:9092',
    '-t a --file /no/such/file --command-property acks=7':
      'Invalid value 7 for configuration acks: String must be one of: all, -1, 0, 1',
    '-t a --timeout 9223372036854775808':
      "Cannot parse argument '9223372036854775808' of option timeout",
  }
  for (const [line, error] of Object.entries(produce)) {
    assert.equal(await firstError(produceTool, line), error)
  }
  const consume: Readonly<Record<string, string>> = {
    '-e': 'Exactly one of the following arguments is required: [topic], [include]',
    '-t a -o 5': 'The partition is required when offset is specified.',
    '-t a -f %s --json': '--json and --format cannot be specified together.',
    '-t a -f %q': '--format: %q is not one of %% %s %S %R %k %K %T %h %t %p %o',
    '-t a -p 0 -o -5':
      "The provided offset value '-5' is incorrect. Valid values are 'earliest', 'latest', or a " +
      'non-negative long.',
  }
  for (const [line, error] of Object.entries(consume)) {
    assert.equal(await firstError(consumeTool, line), error)
  }
})

test('flags of one letter', () => {
  const words = ['-t', 'a', '-K:', '--reader-property', '-K', '-z', 'gzip', '-x']
  assert.deepEqual(withLongNames(words, SHORT_FLAGS, flagTable(false)), [
    ...['--topic=a', '--key-separator=:', '--reader-property', '-K'],
    ...['--compression-codec', 'gzip', '-x'],
  ])
})

test("defaults are Kafka's under its name, and the client's under ours", () => {
  const properties = (isAlias: boolean, ...words: string[]) => {
    const flags = parseFlags(words, flagTable(isAlias))
    const file = new Map([['compression.type', 'lz4']])
    return Object.fromEntries(producerProperties(flags, file, isAlias))
  }
  assert.deepEqual(properties(false, '--batch-size', '7'), {
    ...{ 'compression.type': 'lz4', 'client.id': 'console-producer', 'batch.size': '7' },
  })
  const { 'compression.type': codec, 'linger.ms': lingerMs } = properties(true)
  assert.deepEqual({ codec, lingerMs }, { codec: 'none', lingerMs: '1000' })
})
