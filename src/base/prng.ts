/**
 * Seeded pseudo-random numbers (xoshiro128**): the same seed gives the same sequence on every
 * machine, which is what makes a simulated run repeatable. Not for secrets.
 */
import { assert } from './assert.ts'
import { uuidFromRandomBytes } from './uuid.ts'

const TWO_32 = 2 ** 32

/** A generator of its own; satisfies `Random` of io. */
export class Prng {
  readonly #state: Uint32Array

  constructor(seed: number) {
    assert(Number.isSafeInteger(seed), 'a seed is an integer')
    this.#state = new Uint32Array(4)
    // splitmix32 spreads the seed's bits: similar seeds must not give similar sequences.
    let mix = (seed | 0) ^ Math.imul(Math.floor(seed / TWO_32) | 0, 0x9e3779b1)
    for (let i = 0; i < 4; i++) {
      mix = (mix + 0x9e3779b9) | 0
      let word = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      this.#state[i] = word ^ (word >>> 15)
    }
  }

  /** 32 random bits, unsigned. */
  uint32(): number {
    const state = this.#state
    const a = state[0]!
    const b = state[1]!
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const c = state[2]! ^ a
    const d = state[3]! ^ b
    state[1] = b ^ c
    state[0] = a ^ d
    state[2] = c ^ (b << 9)
    state[3] = (d << 11) | (d >>> 21)
    return result
  }

  /** A number in [0, 1) with 53 random bits. */
  float(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53
  }

  /** An integer in [0, bound), all equally likely. */
  int(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound > 0, 'a bound is a positive integer')
    if (bound > TWO_32) return Math.floor(this.float() * bound)
    const limit = TWO_32 - (TWO_32 % bound) // draws from here on would favour small results
    for (;;) {
      const value = this.uint32()
      if (value < limit) return value % bound
    }
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.float() < probability
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 4) {
      let word = this.uint32()
      for (let i = at; i < at + 4 && i < length; i++) {
        bytes[i] = word
        word >>>= 8
      }
    }
    return bytes
  }

  /** A version 4 uuid in Kafka's text form. */
  uuid(): string {
    for (;;) {
      const uuid = uuidFromRandomBytes(this.bytes(16))
      if (uuid !== null) return uuid
    }
  }

  /** A generator whose draws don't disturb this one's: one for each part of a simulation. */
  fork(): Prng {
    return new Prng(this.uint32() * 2 ** 21 + (this.uint32() >>> 11))
  }
}
