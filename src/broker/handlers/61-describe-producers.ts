/** DescribeProducers (61), version 0: the active producers of partitions (KIP-664). */
import { topicNameError } from '../../metadata/topic-name.ts'
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../protocol/messages/61-describe-producers.ts'
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
            const unknown =
              topicNameError(name) === null
                ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                : ErrorCode.INVALID_TOPIC_EXCEPTION
            const error = partition === null ? unknown : partition.error
            return {
              partitionIndex,
              errorCode: error,
              errorMessage: errorMessage(error),
              activeProducers: [],
            }
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
