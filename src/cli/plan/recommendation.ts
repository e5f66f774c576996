/** What a calculation comes to: numbers with how they came about, as a table or as JSON. */
import type { ToolRun } from '../tool.ts'

/** One number that is recommended, or that follows. */
export interface Recommendation {
  readonly name: string
  readonly value: number
  /** The value for people, where it is not the bare number. */
  readonly shown?: string
  /** What it is at present; null where that is not known. */
  readonly now: number | null
  /** How it came about, with the numbers. */
  readonly formula: string
}

/** A whole calculation. */
export interface Plan {
  readonly name: string
  /** What it was reckoned from: by name, with where it comes from. */
  readonly inputs: readonly Input[]
  readonly recommended: readonly Recommendation[]
  /** What to mind and what to do, a sentence each. */
  readonly notes: readonly string[]
}

/** One number that the calculation began with. */
export interface Input {
  readonly name: string
  readonly value: number
  readonly shown?: string
  readonly from: InputSource
}
export type InputSource = 'flag' | 'group' | 'default'

const SOURCES: Readonly<Record<InputSource, string>> = {
  flag: 'as given',
  group: 'measured at the group',
  default: 'if not said otherwise',
}

/** `records per poll` as `recordsPerPoll`; names of settings stay as they are. */
function camelCase(name: string): string {
  return name.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Prints a calculation. */
export async function printPlan(run: ToolRun, plan: Plan, isJson: boolean): Promise<void> {
  if (isJson) {
    const inputs = Object.fromEntries(
      plan.inputs.map(({ name, value, from }) => [camelCase(name), { value, from }]),
    )
    const recommended = plan.recommended.map(({ name, value, now, formula }) => {
      return { name: camelCase(name), value, now, formula }
    })
    run.out(JSON.stringify({ plan: plan.name, inputs, recommended, notes: plan.notes }))
    return
  }
  const { textTable } = await import('../table.ts')
  const isColoured = run.terminal.output
  const inputs = plan.inputs.map(({ name, value, shown, from }) => {
    return [name, shown ?? value.toLocaleString('en-US'), SOURCES[from]]
  })
  const hasNow = plan.recommended.some(({ now }) => now !== null)
  const rows = plan.recommended.map(({ name, value, shown, now, formula }) => {
    const present = hasNow ? [now === null ? '-' : String(now)] : []
    return [name, shown ?? String(value), ...present, formula]
  })
  const head = ['RECOMMENDED', 'VALUE', ...(hasNow ? ['NOW'] : []), 'FORMULA']
  for (const line of textTable(['FROM', 'VALUE', 'SOURCE'], inputs, isColoured)) run.out(line)
  run.out('')
  for (const line of textTable(head, rows, isColoured)) run.out(line)
  if (plan.notes.length > 0) run.out('')
  for (const note of plan.notes) run.out(`* ${note}`)
}
