/** What was measured of one scenario, and all of it as a table. */
import type { ServerKind } from '../conformance/server.ts'
import type { Metric, Scenario } from './scenarios.ts'

export class Samples {
  readonly scenario: Scenario
  readonly #values = new Map<ServerKind, (readonly number[])[]>()

  constructor(scenario: Scenario) {
    this.scenario = scenario
  }

  /** A value for each metric of the scenario. */
  add(kind: ServerKind, values: readonly number[]): void {
    const before = this.#values.get(kind)
    if (before === undefined) this.#values.set(kind, [values])
    else before.push(values)
  }

  /** The median of a metric, null where that server was not measured. */
  median(kind: ServerKind, metric: number): number | null {
    const rounds = this.#values.get(kind)
    if (rounds === undefined) return null
    const sorted = rounds.map((values) => values[metric] ?? Number.NaN).sort((a, b) => a - b)
    const middle = sorted.length >> 1
    const upper = sorted[middle]!
    return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2
  }

  describeLast(kind: ServerKind): string {
    const last = this.#values.get(kind)?.at(-1) ?? []
    const { name, metrics } = this.scenario
    const figures = metrics.map((metric, i) => `${metric.name} ${figure(last[i]!)} ${metric.unit}`)
    return `${name} ${kind}: ${figures.join(', ')}`
  }
}

function figure(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value.toPrecision(3)
}

const HEAD = ['scenario', 'metric', 'unit', 'Kafka 4.3.1', 'Millrace', 'ratio', 'target', '']

/** A table in Markdown. */
export function formatTable(results: readonly Samples[]): string {
  const rows = results.flatMap((samples) =>
    samples.scenario.metrics.map((metric, i) => row(samples, metric, i)),
  )
  const lines = [HEAD, HEAD.map((_, i) => (i >= 3 && i <= 5 ? '---:' : '---')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function row(samples: Samples, metric: Metric, index: number): string[] {
  const kafka = samples.median('kafka', index)
  const millrace = samples.median('millrace', index)
  // Below what the tool can tell both may be nothing, as milliseconds of latency are.
  const isSame = kafka === millrace
  const ratio = kafka === null || millrace === null ? null : isSame ? 1 : millrace / kafka
  return [
    samples.scenario.name,
    metric.name,
    metric.unit,
    ...[kafka, millrace].map((value) => (value === null ? '' : figure(value))),
    ratio === null ? '' : ratio.toFixed(ratio < 0.1 ? 3 : 2),
    target(metric),
    verdict(metric, metric.isAbsolute ? millrace : ratio),
  ]
}

function target({ atLeast, atMost, isAbsolute, unit }: Metric): string {
  const of = isAbsolute ? ` ${unit}` : ''
  if (atLeast !== undefined) return `>= ${atLeast}${of}`
  return atMost === undefined ? '' : `<= ${atMost}${of}`
}

function verdict({ atLeast, atMost }: Metric, value: number | null): string {
  if (value === null || (atLeast === undefined && atMost === undefined)) return ''
  const isReached = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)
  return isReached ? 'reached' : 'missed'
}
