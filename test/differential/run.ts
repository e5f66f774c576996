/**
 * npm run differential: Apache Kafka 4.3.1 and Millrace asked the same random things.
 *
 *     node test/differential/run.ts [--theme NAME] [--seed a random one]
 *                                   [--sequences 30] [--steps 60] [--verbose] [--keep]
 *
 * Sequences of random requests go to a fresh server of each kind, as many of each theme, and every
 * answer is compared (sequence.ts). Prints the request and both answers where they are not the
 * same; a sequence is repeated by its theme and seed, and --verbose prints all of it. The exit
 * status is 1 when one differed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAll } from '../conformance/process.ts'
import { Server } from '../conformance/server.ts'
import { Toolbox } from '../conformance/toolbox.ts'
import { differences, PROPERTIES, warmUp } from './differential.ts'
import { THEMES } from './sequence.ts'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      theme: { type: 'string', default: '' },
      seed: { type: 'string', default: `${1 + Math.floor(Math.random() * 1e6)}` },
      sequences: { type: 'string', default: '30' },
      steps: { type: 'string', default: '60' },
      verbose: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  })
  const themes = Object.keys(THEMES).filter(
    (theme) => values.theme === '' || theme === values.theme,
  )
  if (themes.length === 0) throw new Error(`--theme takes one of ${Object.keys(THEMES).join(', ')}`)
  const [seed, sequences, steps] = [values.seed, values.sequences, values.steps].map(Number)
  const directory = mkdtempSync(join(tmpdir(), 'millrace-differential-'))
  try {
    const classPath = await new Toolbox(process.env).prepare('java')
    const start = (kind: 'kafka' | 'millrace') =>
      Server.create({ kind, classPath, directory: join(directory, kind), properties: PROPERTIES })
    const [kafka, millrace] = await Promise.all([start('kafka'), start('millrace')])
    await Promise.all([warmUp(kafka), warmUp(millrace)])
    const log = values.verbose ? console.log : null
    let differing = 0
    for (const theme of themes) {
      const options = { theme, seed: seed!, sequences: sequences!, steps: steps!, log }
      const found = await differences(kafka, millrace, options)
      for (const text of found) console.log(text)
      console.log(`${theme}: ${sequences} sequences from seed ${seed}, ${found.length} differ`)
      differing += found.length
    }
    process.exitCode = differing === 0 ? 0 : 1
  } finally {
    killAll()
    if (!values.keep) rmSync(directory, { recursive: true, force: true })
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAll()
    process.exit(1)
  })
}

await main()
