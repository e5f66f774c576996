/** DescribeProducers (61), version 0: the active producers of partitions (KIP-664). */
import { topicNameError } from '../../metadata/topic-name.ts'
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../protocol/messages/61-describe-producers.ts'
import type { Broker } from '../broker.ts'
import { serve } from '../served-api.ts'

export const describeProducers = serve(
  describeProducersRequest,
  describeProducersResponse,
  (broker, request, context) => {
    context.reply({
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => {
          const partition = broker.partitions.find(name, partitionIndex)
          if (partition === null || partition.error !== ErrorCode.NONE) {
            const failure = partition === null ? missing(broker, name) : known(partition.error)
            return { partitionIndex, ...failure, activeProducers: [] }
          }
          return {
            partitionIndex,
            errorCode: ErrorCode.NONE,
            activeProducers: partition.log.producerStates(),
          }
        }),
      })),
    })
  },
)

function known(error: ErrorCode): { errorCode: ErrorCode; errorMessage: string | null } {
  return { errorCode: error, errorMessage: errorMessage(error) }
}

/** Of a topic that there is, Kafka says no more than the code. */
function missing(broker: Broker, topic: string): ReturnType<typeof known> {
  const problem = topicNameError(topic)
  if (problem !== null) {
    return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: problem }
  }
  const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return broker.cluster.topic(topic) === null ? known(errorCode) : { errorCode, errorMessage: null }
}
