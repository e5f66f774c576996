/** The checksums and hashes that other programs compute too, held against theirs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { crc32c, crc32cPortable, crc32cUpdate } from './crc32c.ts'
import { coordinatorPartition, javaHashMapOrder, javaStringHash } from './java-hash.ts'
import { murmur2, toPositive } from './murmur2.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Inputs of every length up to 300; Kafka 4.3 computed the sums that are expected below. */
function* series(): Generator<Uint8Array> {
  for (let length = 0; length <= 300; length++) {
    yield Uint8Array.from({ length }, (_, i) => i * 31 + length)
  }
}

describe('crc32c', () => {
  it('agrees with RFC 3720', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, i) => i)
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
    assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43)
    assert.equal(crc32c(ascending), 0x46dd794e)
    assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c)
    assert.equal(crc32c(ascii('123456789')), 0xe3069283)
    assert.equal(crc32c(new Uint8Array(0)), 0)
  })

  it('agrees with Kafka at all lengths, before and after the native module is loaded', () => {
    const sum = (): number => {
      let sum = 0
      for (const bytes of series()) sum += crc32c(bytes)
      return sum
    }
    assert.equal(sum(), 651328014456)
    const much = new Uint8Array(1024 * 1024).fill(1)
    assert.equal(crc32c(much), crc32cPortable(0, much, 0, much.length))
    assert.equal(sum(), 651328014456)
  })

  it('is the same natively and in JavaScript, in parts and as a whole', () => {
    const input = fc.uint8Array({ maxLength: 1000, size: 'max' })
    fc.assert(
      fc.property(input, fc.nat(), fc.nat(), (bytes, a, b) => {
        const start = a % (bytes.length + 1)
        const middle = start + (b % (bytes.length - start + 1))
        const whole = crc32c(bytes, start)
        assert.equal(whole, crc32cPortable(0, bytes, start, bytes.length))
        assert.equal(whole, crc32cUpdate(crc32c(bytes, start, middle), bytes, middle))
      }),
    )
  })
})

describe('murmur2', () => {
  it('agrees with the vectors in Kafka', () => {
    assert.equal(murmur2(ascii('21')), -973932308)
    assert.equal(murmur2(ascii('foobar')), -790332482)
    assert.equal(murmur2(ascii('a-little-bit-long-string')), -985981536)
    assert.equal(murmur2(ascii('a-little-bit-longer-string')), -1486304829)
    assert.equal(murmur2(ascii('lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8')), -58897971)
    assert.equal(murmur2(ascii('abc')), 479470107)
  })

  it('agrees with Kafka at all lengths, and within a larger array', () => {
    let sum = 0
    for (const bytes of series()) {
      const shifted = new Uint8Array(bytes.length + 9).fill(7)
      shifted.set(bytes, 5)
      assert.equal(murmur2(shifted, 5, 5 + bytes.length), murmur2(bytes))
      sum += murmur2(bytes) >>> 0
    }
    assert.equal(sum, 666838665931)
  })

  it('drops the sign bit', () => {
    assert.equal(toPositive(-1), 0x7fffffff)
    assert.equal(toPositive(-0x80000000), 0)
    assert.equal(toPositive(5), 5)
  })
})

describe('javaStringHash', () => {
  it('agrees with Java', () => {
    assert.equal(javaStringHash(''), 0)
    assert.equal(javaStringHash('hello'), 99162322)
    assert.equal(javaStringHash('my-group'), -1906497762)
    assert.equal(javaStringHash('polygenelubricants'), -2147483648)
    assert.equal(javaStringHash('gr\u00fcppe-\ud83d\ude00'), -1039948164)
  })

  it('places groups as Kafka does', () => {
    assert.equal(coordinatorPartition('my-group', 50), 12)
    assert.equal(coordinatorPartition('polygenelubricants', 50), 0)
  })
})

describe('the order of a java.util.HashMap', () => {
  // Both as Java 17 printed a keySet.
  it('is that of its buckets', () => {
    const keys = 'retention.ms,segment.ms,flush.messages,cleanup.policy,delete.retention.ms'
    const ordered = 'cleanup.policy,retention.ms,segment.ms,flush.messages,delete.retention.ms'
    assert.equal(javaHashMapOrder(keys.split(',')).join(), ordered)
  })

  it('follows the map as it grows', () => {
    const keys = Array.from({ length: 30 }, (_, at) => `key.${at + 1}`)
    const ordered =
      '17,16,19,18,13,12,15,14,30,11,10,28,27,29,24,23,26,25,2,20,1,22,21,6,5,4,3,9,8,7'
    assert.equal(javaHashMapOrder(keys).join().replaceAll('key.', ''), ordered)
  })
})
