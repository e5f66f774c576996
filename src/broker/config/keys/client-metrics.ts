/**
 * Configs of one subscription to metrics of clients (KIP-714).
 */
import { ANY, int, list } from '../config-key.ts'
import { distinct } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const CLIENT_METRICS_KEYS = {
  'metrics': list([], distinct({ empty: true }), 'medium',
    'Prefixes of the names of metrics that clients push; * for all, empty for none.'),
  'interval.ms': int(300_000, ANY, 'medium',
    'How often clients push their metrics.'),
  'match': list([], distinct({ empty: true }), 'medium',
    'Which clients push: attribute=pattern, comma-separated; empty for all.'),
}
