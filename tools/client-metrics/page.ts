/** docs/client-metrics.md, written from the tables that the metrics are read by. */
import {
  type CatalogedFamily,
  networkFamilies,
  nodeFamilies,
  ownFamilies,
} from '../../src/client/metrics/catalog.ts'
import { prometheusName } from '../../src/client/metrics/prometheus.ts'

export const PAGE = 'docs/client-metrics.md'

const HEAD = `# Metrics and events of the client

Written by \`npm run client-metrics\` from the sources; do not edit.

\`\`\`ts
producer.metrics() // of one producer, with the connections that it uses
consumer.metrics()
kafka.metrics() // of the connections (as an admin's) and of all producers and consumers
response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE).end(prometheusText(kafka.metrics()))
\`\`\`

Names, groups and tags are those of Java's clients, so its dashboards do. An average or a maximum is
of the last minute, in two windows of 30 seconds, and NaN where nothing has happened; a rate is per
second over the same; a total is a counter since the start. What is counted is counted once for each
request, batch or call, never by record.

Where it differs from Java:

- \`client-id\` is the client id of the \`Kafka\` for its first producer and consumer; the second one
  that is open has \`-2\` behind it, and so on.
- Producers, consumers and admins share connections: what goes over those is the same in each group.
  Do not add it up.
- \`bytes-consumed\` and \`fetch-size\` are bytes as they came, compressed. \`record-size-avg\` is a
  batch's bytes by its records; there is no \`record-size-max\`.
- \`records-lag\` and \`records-lead\` are of this moment, also while the program takes no records.
- A poll is the program's question for the next records, of whatever loop.
- What belongs to Java's threads and selector (\`io-…\`, \`select-…\`, event queues) has no counterpart;
  \`app-info\`, \`txn-prepare-time-ns-total\` and \`successful-authentication-no-reauth-total\` are left out.

In Prometheus' text a name is \`kafka_\`, what the group begins with, the group and the name, as the
JMX exporter has it:
\`kafka_producer_producer_metrics_record_send_total{client_id="orders"}\`.

## Pushed to brokers

A broker that has a receiver of clients' metrics (KIP-714) subscribes to them by prefixes of names, as
\`org.apache.kafka.producer.record.send\`; the client then pushes them at the broker's interval, and for
a last time in \`kafka.close()\`. \`await kafka.clientInstanceId()\` is the id that the broker knows it by.
Other brokers are sent nothing. \`metricsPush: false\` turns it off.

## Events

Channels of \`node:diagnostics_channel\`, by request and batch, free where nobody listens. Payloads are
described in src/client/diagnostics.ts; \`diagnosticChannels\` of the package has the channels with types.

| channel | payload | when |
| --- | --- | --- |
| \`millrace:request\` | \`RequestEvent\` | a request was answered, or its connection has ended |
| \`millrace:connection\` | \`ConnectionEvent\` | a connection was opened, has failed, or was closed |
| \`millrace:producer:batch\` | \`ProducerBatchEvent\` | a batch was written, or given up |
| \`millrace:consumer:batch\` | \`ConsumerBatchEvent\` | records of a partition went to the program |
| \`millrace:consumer:commit\` | \`ConsumerCommitEvent\` | offsets were committed, or could not be |
| \`millrace:consumer:rebalance\` | \`ConsumerRebalanceEvent\` | partitions have come or gone |

## OpenTelemetry

\`\`\`ts
import * as api from '@opentelemetry/api'
import { instrument } from 'millrace/otel'

const otel = instrument(api) // once for a program
const kafka = otel.observe(new Kafka({ brokers }))
for await (const record of consumer) await otel.process(record, () => work(record))
\`\`\`

Spans \`send\`, \`poll\` and \`process\` by the semantic conventions for messaging: a record that is sent
takes its trace along in headers, a handler of \`consumer.run\` goes on with it, batches are linked to the
traces of their records. Measured are \`messaging.client.sent.messages\`,
\`messaging.client.consumed.messages\`, \`messaging.client.operation.duration\` and
\`messaging.process.duration\`.
`

function rows(family: CatalogedFamily): string {
  const lines = family.metrics.map(
    ({ name, kind, description }) => `| ${name} | ${kind} | ${description} |`,
  )
  return ['| name | kind | meaning |', '| --- | --- | --- |', ...lines].join('\n')
}

function section(families: readonly CatalogedFamily[]): string {
  const [first] = families
  const groups = families.map(({ group }) => `\`${group}\``).join(', ')
  const tags = first!.tags.map((tag) => `\`${tag}\``).join(', ')
  const example = prometheusName({ group: first!.group, name: first!.metrics[0]!.name })
  return `## ${groups}: by ${tags}\n\nThe first as \`${example}\`.\n\n${rows(first!)}\n`
}

/** The whole page. */
export function clientMetricsPage(): string {
  const own = ownFamilies.map((family) => section([family]))
  return [HEAD, ...own, section(networkFamilies), section(nodeFamilies)].join('\n')
}
