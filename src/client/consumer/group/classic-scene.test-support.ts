/**
 * One classic member and the coordinator that a test plays for it: it gives the member `assigned`
 * of the topic `a`, in one generation after the other, and refuses what it is told to refuse.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { joinGroupRequest } from '../../../protocol/messages/11-join-group.ts'
import { heartbeatRequest } from '../../../protocol/messages/12-heartbeat.ts'
import { leaveGroupRequest } from '../../../protocol/messages/13-leave-group.ts'
import { syncGroupRequest } from '../../../protocol/messages/14-sync-group.ts'
import { Deadline } from '../../call.ts'
import { FakeCluster } from '../../cluster/fake-cluster.test-support.ts'
import { ClassicMembership } from './classic-membership.ts'
import { encodeAssignment } from './consumer-protocol.ts'
import { groupOptions, RecordingListener } from './group.test-support.ts'
import type { GroupOptions } from './membership.ts'

export const ok = { throttleTimeMs: 0, errorCode: 0 }

/** One member and its coordinator, which gives it `assigned` of the topic `a`. */
export class Scene {
  readonly cluster = new FakeCluster()
  readonly listener = new RecordingListener()
  readonly member: ClassicMembership
  readonly options: GroupOptions
  generation = 0
  assigned = [0, 1]
  leader = 'other'
  /** Error codes of the next answers, by the name of the request. */
  readonly errors: Record<string, (number | Error)[]> = {}

  constructor(options: Partial<GroupOptions> = {}) {
    this.options = groupOptions(options)
    this.cluster.metadata.setTopic('a', 4)
    this.cluster.on(joinGroupRequest, (body) => this.#join(body))
    this.cluster.on(syncGroupRequest, () => ({
      ...ok,
      ...this.#refusal('sync'),
      protocolType: 'consumer',
      protocolName: this.options.assignors[0]!.name,
      assignment: this.assignment(),
    }))
    this.cluster.on(heartbeatRequest, () => ({ ...ok, ...this.#refusal('heartbeat') }))
    this.cluster.on(leaveGroupRequest, () => ({ ...ok, members: [] }))
    this.member = new ClassicMembership(this.cluster, this.options, this.listener)
    this.member.subscribe(['a'])
  }

  assignment = (): Uint8Array =>
    encodeAssignment(this.assigned.map((partition) => ({ topic: 'a', partition })))

  refuse(api: 'join' | 'sync' | 'heartbeat', ...errors: (number | Error)[]): void {
    this.errors[api] = errors
  }

  #refusal(api: string): { errorCode: number } {
    const error = this.errors[api]?.shift() ?? 0
    if (error instanceof Error) throw error
    return { errorCode: error }
  }

  #join({ memberId, protocols }: { memberId: string; protocols: { name: string }[] }) {
    const refusal = this.#refusal('join')
    const isNew = memberId === '' && refusal.errorCode === 0 && this.options.instanceId === null
    const id = memberId === '' ? `member-${this.cluster.requests.length}` : memberId
    if (isNew) refusal.errorCode = ErrorCode.MEMBER_ID_REQUIRED
    if (refusal.errorCode === 0) this.generation++
    const leader = this.leader === 'self' ? id : this.leader
    return {
      ...ok,
      ...refusal,
      generationId: refusal.errorCode === 0 ? this.generation : -1,
      protocolType: 'consumer',
      protocolName: protocols[0]!.name,
      leader,
      skipAssignment: false,
      memberId: refusal.errorCode === ErrorCode.UNKNOWN_MEMBER_ID ? '' : id,
      members:
        this.leader === 'self' ? [{ memberId: id, groupInstanceId: null, ...protocols[0] }] : [],
    }
  }

  async joined(): Promise<this> {
    this.member.start()
    await this.until(() => this.member.identity() !== null)
    this.listener.take()
    return this
  }

  until(condition: () => boolean): Promise<void> {
    return this.cluster.clock.until(condition)
  }

  /** Names of the requests since the last call. */
  sent(): string[] {
    return this.cluster.requests
      .splice(0)
      .map(({ name }) => name.replace(/(Group)?Request$/, '').toLowerCase())
  }

  deadline(timeoutMs = 10_000): Deadline {
    return new Deadline(this.cluster.clock, 'the test', timeoutMs)
  }

  async leave(): Promise<void> {
    let hasLeft = false
    void this.member.leave(this.deadline()).then(() => {
      hasLeft = true
    })
    await this.until(() => hasLeft)
  }
}
