/** Every check of `npm run conformance`, in the order in which they run. */

import { CONFORMANCE_SIZES, faultChecks } from '../faults/checks.ts'
import { badInputs } from './bad-input.ts'
import type { Check } from './check.ts'
import { cleanings } from './checks/cleaning.ts'
import { clientAdmins } from './checks/client-admin.ts'
import { clientClusterGroups } from './checks/client-cluster-groups.ts'
import { clientClusterLeaders } from './checks/client-cluster-leaders.ts'
import { clientClusterReplicas } from './checks/client-cluster-replicas.ts'
import { clientClusterTransactions } from './checks/client-cluster-transactions.ts'
import { clientConsumer } from './checks/client-consumer.ts'
import { clientConsumerGroups } from './checks/client-consumer-groups.ts'
import { clientGroups } from './checks/client-groups.ts'
import { clientGuideChecks } from './checks/client-guide.ts'
import { clientKafkaJs } from './checks/client-kafkajs.ts'
import { clientMemory } from './checks/client-memory.ts'
import { clientOlderBrokers } from './checks/client-older-brokers.ts'
import { clientProducer } from './checks/client-producer.ts'
import { clientRuntimes } from './checks/client-runtimes.ts'
import { clientSecurity } from './checks/client-security.ts'
import { clientTelemetry } from './checks/client-telemetry.ts'
import { clientTransactions } from './checks/client-transactions.ts'
import { clients } from './checks/clients.ts'
import { commandLines } from './checks/command-line.ts'
import { commandLineBeyond } from './checks/command-line-beyond.ts'
import { commandLineConsole } from './checks/command-line-console.ts'
import { commandLineGuide } from './checks/command-line-guide.ts'
import { commandLineSecurity } from './checks/command-line-security.ts'
import { differentials } from './checks/differential.ts'
import { disks } from './checks/disk.ts'
import { javaCluster } from './checks/java-cluster.ts'
import { javaFiles } from './checks/java-files.ts'
import { javaTools } from './checks/java-tools.ts'
import { judgeChecks } from './checks/judges.ts'
import { kcatChecks } from './checks/kcat.ts'
import { mixedGroups } from './checks/mixed-group.ts'
import { packages } from './checks/package.ts'
import { schemaChecks } from './checks/schemas.ts'

export const CHECKS: readonly Check[] = [
  ...schemaChecks,
  ...differentials,
  ...javaTools,
  ...commandLines,
  ...commandLineSecurity,
  ...commandLineBeyond,
  ...commandLineGuide,
  ...commandLineConsole,
  ...javaCluster,
  ...javaFiles,
  ...judgeChecks,
  ...kcatChecks,
  ...clients,
  ...clientAdmins,
  ...clientConsumer,
  ...clientGroups,
  ...clientConsumerGroups,
  ...clientProducer,
  ...clientTransactions,
  ...clientTelemetry,
  ...clientSecurity,
  ...clientOlderBrokers,
  ...clientClusterLeaders,
  ...clientClusterReplicas,
  ...clientClusterGroups,
  ...clientClusterTransactions,
  ...clientKafkaJs,
  ...clientGuideChecks,
  ...clientMemory,
  ...clientRuntimes,
  ...badInputs,
  ...mixedGroups,
  ...cleanings,
  ...faultChecks(CONFORMANCE_SIZES),
  ...disks,
  ...packages,
]
