/**
 * Metrics as text for Prometheus (exposition format 0.0.4). Names are those that the JMX exporter
 * makes of Java's clients by its usual rule, `kafka_` + domain + group + name, all in lower case
 * and with underscores: `kafka_producer_producer_metrics_record_send_total{client_id="orders"}`.
 *
 * Invariant: each name comes once with its HELP and TYPE, followed by all of its samples.
 */
import type { ClientMetric } from './metric-family.ts'

/** The content type to answer a scrape with. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The text of what `metrics()` gave. */
export function prometheusText(metrics: readonly ClientMetric[]): string {
  const byName = new Map<string, ClientMetric[]>()
  for (const metric of metrics) {
    const name = prometheusName(metric)
    const others = byName.get(name)
    if (others === undefined) byName.set(name, [metric])
    else others.push(metric)
  }
  const lines: string[] = []
  for (const [name, all] of byName) {
    const { description, kind } = all[0]!
    lines.push(`# HELP ${name} ${escapeHelp(description)}`, `# TYPE ${name} ${kind}`)
    for (const { tags, value } of all) lines.push(`${name}${labels(tags)} ${number(value)}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** What a metric is called there. */
export function prometheusName({ group, name }: Pick<ClientMetric, 'group' | 'name'>): string {
  const domain = group.startsWith('admin-client') ? 'admin_client' : group.split('-')[0]
  return `kafka_${domain}_${underscored(group)}_${underscored(name)}`
}

function underscored(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9_]/g, '_')
}

function labels(tags: ClientMetric['tags']): string {
  const all = Object.entries(tags)
  if (all.length === 0) return ''
  return `{${all.map(([key, value]) => `${underscored(key)}="${escapeLabel(value)}"`).join(',')}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}

function number(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
