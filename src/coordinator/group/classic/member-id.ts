/** Ids that the coordinator gives to members: a name that a person can place, and a random uuid. */
import type { Random } from '../../../io/io.ts'

/** `prefix-` and a version 4 uuid in hexadecimal groups, as Java prints it. */
export function newMemberId(random: Pick<Random, 'bytes'>, prefix: string): string {
  const bytes = random.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  const groups = [0, 8, 12, 16, 20].map((start, i) => hex.slice(start, [8, 12, 16, 20, 32][i]))
  return `${prefix}-${groups.join('-')}`
}
