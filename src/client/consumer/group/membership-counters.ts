/** What a membership counts for the metrics. Invariant: totals only grow. */
import { messageOf } from '../../../base/thrown.ts'
import { GroupSensors } from '../../metrics/group-sensors.ts'
import type { MembershipStats } from './membership.ts'

export class MembershipCounters implements MembershipStats {
  heartbeatTotal = 0
  lastHeartbeatMs = -1
  heartbeatResponseTotal = 0
  heartbeatResponseTimeTotalMs = 0
  heartbeatResponseTimeMaxMs = 0
  joinTotal = 0
  joinTimeTotalMs = 0
  joinTimeMaxMs = 0
  syncTotal = 0
  syncTimeTotalMs = 0
  syncTimeMaxMs = 0
  rebalanceTotal = 0
  rebalanceLatencyTotalMs = 0
  rebalanceLatencyMaxMs = 0
  failedRebalanceTotal = 0
  lastRebalanceMs = -1
  assignedPartitions = 0
  lastProblem = ''
  readonly sensors = new GroupSensors()
  #rebalanceStartMs = -1

  heartbeatSent(nowMs: number): void {
    this.heartbeatTotal++
    this.sensors.heartbeats.record(1, nowMs)
    this.lastHeartbeatMs = nowMs
  }

  heartbeatAnswered(startMs: number, nowMs: number): void {
    const tookMs = nowMs - startMs
    this.sensors.heartbeatResponse.record(tookMs, nowMs)
    this.heartbeatResponseTotal++
    this.heartbeatResponseTimeTotalMs += tookMs
    this.heartbeatResponseTimeMaxMs = Math.max(this.heartbeatResponseTimeMaxMs, tookMs)
  }

  joined(startMs: number, nowMs: number): void {
    const tookMs = nowMs - startMs
    this.sensors.join.record(tookMs, nowMs)
    this.joinTotal++
    this.joinTimeTotalMs += tookMs
    this.joinTimeMaxMs = Math.max(this.joinTimeMaxMs, tookMs)
  }

  synced(startMs: number, nowMs: number): void {
    const tookMs = nowMs - startMs
    this.sensors.sync.record(tookMs, nowMs)
    this.syncTotal++
    this.syncTimeTotalMs += tookMs
    this.syncTimeMaxMs = Math.max(this.syncTimeMaxMs, tookMs)
  }

  /** A rebalance goes on from its first attempt until one ends well. */
  rebalanceStarted(nowMs: number): void {
    if (this.#rebalanceStartMs < 0) this.#rebalanceStartMs = nowMs
  }

  rebalanceEnded(nowMs: number): void {
    this.lastProblem = ''
    if (this.#rebalanceStartMs < 0) return
    const tookMs = nowMs - this.#rebalanceStartMs
    this.#rebalanceStartMs = -1
    this.rebalanceTotal++
    this.sensors.rebalance.record(tookMs, nowMs)
    this.rebalanceLatencyTotalMs += tookMs
    this.rebalanceLatencyMaxMs = Math.max(this.rebalanceLatencyMaxMs, tookMs)
    this.lastRebalanceMs = nowMs
  }

  /** Keeps what failed and why, and returns it as a text. */
  noteProblem(what: string, error: unknown): string {
    this.lastProblem = `${what}: ${messageOf(error)}`
    return this.lastProblem
  }

  rebalanceFailed(nowMs: number): void {
    this.sensors.failedRebalances.record(1, nowMs)
    this.failedRebalanceTotal++
  }
}
