/**
 * What consumers of a classic group tell each other through the coordinator, which does not look
 * into it: subscriptions and assignments, each after an int16 with its version.
 *
 * 1: the partitions that a member owns (KIP-429). 2: the generation in which it got them
 * (KIP-792). 3: its rack (KIP-881).
 */
import { array, bytes, type Infer, int32, message, string } from '../schema.ts'

export const consumerProtocolSubscription = message(
  'ConsumerProtocolSubscription',
  { versions: '0-3', flexible: 'none' },
  {
    topics: array(string()),
    userData: bytes({ nullable: '0+', default: null }),
    ownedPartitions: array(
      {
        topic: string({ versions: '1+' }),
        partitions: array(int32(), { versions: '1+' }),
      },
      { versions: '1+', ignorable: true },
    ),
    generationId: int32({ versions: '2+', default: -1, ignorable: true }),
    rackId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  },
)
export type ConsumerProtocolSubscription = Infer<typeof consumerProtocolSubscription>

export const consumerProtocolAssignment = message(
  'ConsumerProtocolAssignment',
  { versions: '0-3', flexible: 'none' },
  {
    assignedPartitions: array({
      topic: string(),
      partitions: array(int32()),
    }),
    userData: bytes({ nullable: '0+', default: null }),
  },
)
export type ConsumerProtocolAssignment = Infer<typeof consumerProtocolAssignment>
