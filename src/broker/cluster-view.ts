/**
 * The committed cluster as this node's clients see it: topics by name and id, and nodes with the
 * address under which the asking client reaches them.
 *
 * An address is the one its listener advertises; where none is advertised, this node answers with
 * the address that the client dialled, so that containers, port maps and `localhost` against
 * `127.0.0.1` just work. See docs/operations.md.
 */
import type { MetadataImage } from '../metadata/image.ts'
import type { PartitionImage, TopicImage } from '../metadata/topics.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { RequestContext } from './request-context.ts'

/** A node as one client reaches it. */
export interface NodeAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

export class ClusterView {
  readonly id: string
  readonly nodeId: number
  readonly image: MetadataImage

  constructor(clusterId: string, nodeId: number, image: MetadataImage) {
    this.id = clusterId
    this.nodeId = nodeId
    this.image = image
  }

  topic(name: string): TopicImage | null {
    return this.image.topics.byName.get(name) ?? null
  }

  topicNameOf(id: Uuid): string | null {
    return this.image.topics.byId.get(id)?.name ?? null
  }

  topicNames(): Iterable<string> {
    return this.image.topics.byName.keys()
  }

  /** Brokers of the cluster, by id, fenced ones included. */
  brokersFor(context: Pick<RequestContext, 'listener' | 'advertisedHost' | 'advertisedPort'>) {
    const nodes: NodeAddress[] = []
    for (const broker of this.image.cluster.brokers.values()) {
      const own = broker.id === this.nodeId
      const endpoint = broker.endpoints.find(({ name }) => name === context.listener.name)
      if (endpoint === undefined && !own) continue
      nodes.push({
        nodeId: broker.id,
        host: own ? context.advertisedHost : (endpoint?.host ?? ''),
        port: own ? context.advertisedPort : (endpoint?.port ?? -1),
        rack: broker.rack,
        isFenced: broker.fenced,
      })
    }
    return nodes.sort((a, b) => a.nodeId - b.nodeId)
  }

  /** Controllers of the cluster, for clients of the controller listener (KIP-919). */
  controllersFor(context: Pick<RequestContext, 'listener' | 'advertisedHost' | 'advertisedPort'>) {
    const nodes: NodeAddress[] = []
    for (const controller of this.image.cluster.controllers.values()) {
      const own = controller.id === this.nodeId
      const endpoint = controller.endpoints.find(({ name }) => name === context.listener.name)
      if (endpoint === undefined && !own) continue
      nodes.push({
        nodeId: controller.id,
        host: own ? context.advertisedHost : (endpoint?.host ?? ''),
        port: own ? context.advertisedPort : (endpoint?.port ?? -1),
        rack: null,
        isFenced: false,
      })
    }
    return nodes.sort((a, b) => a.nodeId - b.nodeId)
  }

  /** Replicas of a partition that are on no live broker. */
  offlineReplicas(partition: PartitionImage): number[] {
    return partition.replicas.filter((replica) => !this.image.cluster.isActive(replica))
  }
}
