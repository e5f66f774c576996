/** Makes a consumer of a cluster with everything that it needs: what `kafka.consumer` does. */
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicLike } from '../topic.ts'
import { cooperativeStickyAssignor, rangeAssignor } from './assignors/assignors.ts'
import { Consumer } from './consumer.ts'
import type { RecordSink } from './dead-letters.ts'
import type { FetchChannels } from './fetch-channels.ts'
import { createMembership } from './group/create-membership.ts'
import type { GroupOptions } from './group/membership.ts'
import { type ConsumerOptions, consumerSettings, positive } from './options.ts'

/**
 * `sink` makes what sends dead letters, when the first one is to be sent; `onClosed` is told when
 * the consumer has been closed.
 */
export function openConsumer<T extends TopicLike>(
  cluster: Cluster,
  channels: FetchChannels,
  options: ConsumerOptions<T>,
  sink: () => RecordSink,
  onClosed: () => void = () => {},
): Consumer<T> {
  const group = groupOptions(options)
  const { channel, giveBack } = channels.take()
  return new Consumer<T>(
    {
      cluster,
      channel,
      sink,
      onClosed: () => {
        giveBack()
        onClosed()
      },
      membership:
        group === null ? undefined : (listener) => createMembership(cluster, group, listener),
    },
    options,
  )
}

/**
 * Java's defaults, but for the assignors: cooperative first, as librdkafka and Java advise. Who
 * names assignors of the members' own wants the protocol that has them.
 */
export function groupOptions<T extends TopicLike>(
  options: ConsumerOptions<T>,
): GroupOptions | null {
  const { groupId, maxProcessingMs, rack } = consumerSettings(options)
  if (groupId === null) return null
  const { assignors, serverAssignor = null } = options
  const protocol = options.protocol ?? (assignors === undefined ? 'auto' : 'classic')
  if (assignors !== undefined && protocol !== 'classic') {
    throw refused('assignors', protocol, 'classic', 'the brokers assign in the other protocol')
  }
  if (serverAssignor !== null && protocol === 'classic') {
    throw refused('serverAssignor', protocol, 'consumer or auto', 'the members assign in this one')
  }
  return {
    groupId,
    rack,
    instanceId: options.instanceId ?? null,
    sessionTimeoutMs: positive('sessionTimeoutMs', options.sessionTimeoutMs, 45_000),
    heartbeatIntervalMs: positive('heartbeatIntervalMs', options.heartbeatIntervalMs, 3000),
    rebalanceTimeoutMs: maxProcessingMs,
    assignors: assignors ?? [cooperativeStickyAssignor, rangeAssignor],
    serverAssignor,
    protocol,
  }
}

function refused(option: string, protocol: string, accepted: string, why: string): KafkaError {
  const text = `${option}: needs protocol ${accepted}, not ${protocol}: ${why}`
  return new KafkaError('INVALID_ARGUMENT', text)
}
