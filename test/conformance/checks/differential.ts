/** The same random requests to Apache Kafka and to Millrace: what `npm run differential` does. */
import { differences, PROPERTIES, warmUp } from '../../differential/differential.ts'
import { THEMES } from '../../differential/sequence.ts'
import type { Check } from '../check.ts'

const SEED = 1
const SEQUENCES = 12
const STEPS = 60
const TIMEOUT_MS = 480_000

export const differentials: readonly Check[] = [
  {
    name: 'differential',
    needs: ['java'],
    timeoutMs: TIMEOUT_MS,
    async run(context) {
      const properties = PROPERTIES
      const kafka = await context.startServer('reference', 'kafka', { properties })
      const other = await context.startServer('tested', context.kind, { properties })
      await Promise.all([warmUp(kafka), warmUp(other)])
      const found: string[] = []
      for (const theme of Object.keys(THEMES)) {
        const options = { theme, seed: SEED, sequences: SEQUENCES, steps: STEPS, log: null }
        found.push(...(await differences(kafka, other, options)))
      }
      const count = SEQUENCES * Object.keys(THEMES).length
      context.note(`${count} sequences of ${STEPS} requests, ${found.length} differ`)
      if (found.length > 0) throw new Error(found.join('\n'))
    },
  },
]
