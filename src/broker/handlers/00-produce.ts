/**
 * Produce (0), versions 3-13: acks 0, 1 and all; idempotent producers; topic ids (v13, KIP-516).
 *
 * An answer leaves once the bytes are written, in the same turn, so acks=1 and acks=all cost the
 * same on one replica. Not done here: transactional batches (refused), KIP-951 leader hints.
 */
import { produceRequest, produceResponse } from '../../protocol/messages/00-produce.ts'
import { ProduceOperation } from '../produce-operation.ts'
import { serve } from '../served-api.ts'

export const produce = serve(
  produceRequest,
  produceResponse,
  (broker, request, context) => new ProduceOperation(broker, request, context).start(),
  { releasesRequest: true }, // what was appended is copied into the log's hot tail
)
