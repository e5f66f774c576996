/** A membership whose rebalances a test makes, one by one. */
import type { Deadline } from '../call.ts'
import type { TopicPartition } from '../topic.ts'
import type { Membership, MembershipListener } from './group/membership.ts'
import { MembershipCounters } from './group/membership-counters.ts'

export class FakeMembership implements Membership {
  readonly listener: MembershipListener
  assignment: readonly TopicPartition[] = []
  readonly stats = new MembershipCounters()
  isStarted = false
  isLeft = false
  progresses = 0
  generation = 1
  isMember = true
  readonly offsetErrors: number[] = []

  constructor(listener: MembershipListener) {
    this.listener = listener
  }

  start(): void {
    this.isStarted = true
  }

  subscribe(): void {}

  progress(): void {
    this.progresses++
  }

  identity() {
    if (!this.isMember) return null
    const generationOrEpoch = this.generation
    return { groupId: 'g', memberId: 'm', generationOrEpoch, instanceId: null }
  }

  onOffsetError(errorCode: number): void {
    this.offsetErrors.push(errorCode)
  }

  rejoin(): void {}

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    this.assignment = [...this.assignment, ...partitions]
    await this.listener.onAssigned(partitions)
  }

  async revoke(partitions: readonly TopicPartition[], signal = new AbortController().signal) {
    await this.listener.onRevoked(partitions, signal)
    this.#drop(partitions)
  }

  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    this.#drop(partitions)
    await this.listener.onLost(partitions)
  }

  #drop(partitions: readonly TopicPartition[]): void {
    const isGone = (one: TopicPartition) =>
      partitions.some(({ topic, partition }) => topic === one.topic && partition === one.partition)
    this.assignment = this.assignment.filter((one) => !isGone(one))
  }

  async leave(deadline: Deadline): Promise<void> {
    const signal = deadline.signal ?? new AbortController().signal
    if (this.assignment.length > 0) await this.revoke(this.assignment, signal)
    this.isLeft = true
  }
}
