/** What a membership measures, once for each request and rebalance. Times are of wall clocks. */
import { Sensor } from './sensor.ts'

export class GroupSensors {
  readonly heartbeats = new Sensor()
  readonly heartbeatResponse = new Sensor()
  readonly join = new Sensor()
  readonly sync = new Sensor()
  readonly rebalance = new Sensor()
  readonly failedRebalances = new Sensor()
}
