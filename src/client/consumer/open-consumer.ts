/** Makes a consumer of a cluster with everything that it needs: what `kafka.consumer` does. */
import type { Cluster } from '../cluster/cluster.ts'
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

/** Java's defaults, but for the assignors: cooperative first, as librdkafka and Java advise. */
function groupOptions<T extends TopicLike>(options: ConsumerOptions<T>): GroupOptions | null {
  const { groupId, maxProcessingMs, rack } = consumerSettings(options)
  if (groupId === null) return null
  return {
    groupId,
    rack,
    instanceId: options.instanceId ?? null,
    sessionTimeoutMs: positive('sessionTimeoutMs', options.sessionTimeoutMs, 45_000),
    heartbeatIntervalMs: positive('heartbeatIntervalMs', options.heartbeatIntervalMs, 3000),
    rebalanceTimeoutMs: maxProcessingMs,
    assignors: options.assignors ?? [cooperativeStickyAssignor, rangeAssignor],
    serverAssignor: options.serverAssignor ?? null,
    protocol: options.protocol ?? 'auto',
  }
}
