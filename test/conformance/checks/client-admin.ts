/**
 * Our administrator's client against a real broker, and what it says beside what Kafka's own tools
 * print of the same. What the broker does not serve yet has to be refused as UNSUPPORTED_BY_BROKER.
 */
import type { Check } from '../check.ts'
import { clusterAdmins } from './client-admin-cluster.ts'
import { groupAdmins } from './client-admin-groups.ts'
import { securityAdmins } from './client-admin-security.ts'
import { topicAdmins } from './client-admin-topics.ts'
import { transactionAdmins } from './client-admin-transactions.ts'

export const clientAdmins: readonly Check[] = [
  ...topicAdmins,
  ...clusterAdmins,
  ...groupAdmins,
  ...transactionAdmins,
  ...securityAdmins,
]
