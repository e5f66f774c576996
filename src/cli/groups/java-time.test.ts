/** That times are read as Java reads them; the figures are what a JVM gave. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JavaFailure } from './java-failure.ts'
import { beforeMs, momentMs } from './java-time.ts'

const NOW_MS = 1_763_748_000_123

test('moments are of UTC unless they say otherwise', () => {
  const expected: Readonly<Record<string, number>> = {
    '2020-01-01T00:00:00.000': 1577836800000,
    '2020-01-01T00:00:00.000Z': 1577836800000,
    '2020-01-01T00:00:00.000+05:30': 1577817000000,
    '2020-01-01T00:00:00.000-08': 1577865600000,
    '2020-01-01T00:00:00.000+0530': 1577818800000, // Java takes the hours and passes over the rest
    '2020-1-1T1:2:3.4': 1577840523004,
    '2020- 01-01T 00:00:00.000': 1577836800000,
    '1969-12-31T23:59:59.999': -1,
  }
  for (const [text, ms] of Object.entries(expected)) assert.equal(momentMs(text), ms, text)
})

test('moments that are none are refused with the exception of Java', () => {
  const wrong = [
    '2020-01-01T00:00:00',
    '2021-02-29T00:00:00.000',
    '2020-01-01T24:00:00.000',
    '2020-01-01T00:00:00.1234',
    '2020-01-01T00:00:00.000+5',
    '0-01-01T00:00:00.000',
  ]
  for (const text of wrong) {
    assert.throws(() => momentMs(text), {
      javaMessage: `java.text.ParseException: Unparseable date: "${text}${/[+]/.test(text) ? '' : 'Z'}"`,
    })
  }
  assert.throws(() => momentMs('2020-01-01T'), /It does not contain a 'T'/)
})

test('durations are taken from now', () => {
  const expected: Readonly<Record<string, number>> = {
    P1D: 1763661600123,
    'p1dt1h1m1.5s': 1763657938623,
    '-P1D': 1763834400123,
    'PT-0.5S': 1763748000623,
    'PT1,5S': 1763747998623,
    'PT0.000001S': 1763748000122, // Java rounds down
    P1Dt: 1763661600123,
    P99999D: -6876165599877,
  }
  for (const [text, ms] of Object.entries(expected)) assert.equal(beforeMs(text, NOW_MS), ms, text)
})

test('durations that are none are refused in the words of Java', () => {
  const wrong: Readonly<Record<string, string>> = {
    P: 'Text cannot be parsed to a Duration',
    PT: 'Text cannot be parsed to a Duration',
    P1DT: 'Text cannot be parsed to a Duration',
    P1W: 'Text cannot be parsed to a Duration',
    'PT1.1234567891S': 'Text cannot be parsed to a Duration',
    P99999999999999999999D: 'Text cannot be parsed to a Duration: days',
    PT9223372036854775807M: 'Text cannot be parsed to a Duration: minutes',
    P1DT9223372036854775807S: 'Text cannot be parsed to a Duration: overflow',
    PT9223372036854775807S: 'Instant exceeds minimum or maximum instant',
    P365000000000D: 'long overflow',
  }
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(() => beforeMs(text, NOW_MS), new JavaFailure(message))
  }
})
