/** Sensors tell rates, averages and extremes of the last minute, as those of Java's clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sensor } from './sensor.ts'

test('a sensor of which nothing is known tells of nothing', () => {
  const sensor = new Sensor()
  assert.equal(sensor.rate(5000), 0)
  assert.equal(sensor.frequency(5000), 0)
  assert.equal(sensor.average(5000), Number.NaN)
  assert.equal(sensor.max(5000), Number.NaN)
  assert.equal(sensor.min(5000), Number.NaN)
  assert.equal(sensor.total, 0)
})

test('rates are over half of the window at least, then over what there is of it', () => {
  const sensor = new Sensor()
  sensor.record(60, 1000)
  assert.equal(sensor.rate(1000), 2, '60 in 30 seconds')
  assert.equal(sensor.frequency(1000), 1 / 30)
  assert.equal(sensor.rate(16_000), 60 / 45, 'and the 15 seconds that have passed')
  sensor.record(30, 31_000)
  assert.equal(sensor.rate(31_000), 90 / 30)
  assert.equal(sensor.rate(46_000), 90 / 45)
})

test('what was recorded leaves with its sample, the total stays', () => {
  const sensor = new Sensor()
  sensor.record(100, 0)
  sensor.record(10, 30_000)
  sensor.record(20, 59_000)
  assert.deepEqual([sensor.max(59_999), sensor.min(59_999)], [100, 10])
  assert.equal(sensor.average(59_999), 130 / 3)
  assert.deepEqual([sensor.max(60_000), sensor.min(60_000)], [20, 10])
  assert.equal(sensor.average(60_000), 15)
  sensor.record(1, 70_000)
  assert.equal(sensor.rate(80_000), 31 / 50, 'a sample that reaches into the minute counts whole')
  assert.equal(sensor.max(119_000), 1)
  assert.equal(sensor.max(130_000), Number.NaN)
  assert.deepEqual([sensor.total, sensor.count], [131, 4])
})

test('a sensor goes round its samples for as long as it lives', () => {
  const sensor = new Sensor()
  for (let second = 0; second < 1000; second++) sensor.record(second, second * 1000)
  const nowMs = 999_000
  assert.equal(sensor.max(nowMs), 999)
  assert.equal(sensor.min(nowMs), 930, 'the sample that began 69 seconds ago is the oldest')
  assert.equal(sensor.frequency(nowMs), 70 / 69)
})
