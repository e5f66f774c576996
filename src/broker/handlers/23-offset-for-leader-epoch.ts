/**
 * OffsetForLeaderEpoch (23), versions 2-4: where an epoch ends, for truncation checks (KIP-320).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../protocol/messages/23-offset-for-leader-epoch.ts'
import { serve } from '../served-api.ts'

export const offsetForLeaderEpoch = serve(
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
  (broker, request, context) => {
    context.reply({
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => {
          const partition = broker.partitions.find(topic, asked.partition)
          const error =
            partition === null
              ? broker.partitions.missingError(topic, asked.partition)
              : partition.checkLeaderEpoch(asked.currentLeaderEpoch)
          if (partition === null || error !== ErrorCode.NONE) {
            return { errorCode: error, partition: asked.partition }
          }
          const end = partition.log.endOffsetForEpoch(asked.leaderEpoch)
          return {
            errorCode: ErrorCode.NONE,
            partition: asked.partition,
            leaderEpoch: end?.epoch ?? -1,
            endOffset: end?.endOffset ?? -1,
          }
        }),
      })),
    })
  },
)
