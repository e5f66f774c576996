/**
 * Ways in which files are damaged: bits that flip, ends that are cut off or grown, sectors of
 * zeros, files that are gone, hold another's content, or changed places, and what every rename and
 * every atomic write leaves when it is interrupted. From a seed, one damage a case.
 *
 * Not here: a segment's `.log` that is removed or replaced as a whole. What was in it can't be
 * known without it, and Kafka's format has nothing that would tell. Nor a whole snapshot in the
 * place of another, for the same reason.
 */
import type { Prng } from '../../base/prng.ts'
import { DATA, type Files } from './specimen.test-support.ts'

const SECTOR_BYTES = 512
const LOG = /\/(\d{20})\.log$/
const SEGMENT_FILE = /\/\d{20}\.(log|index|timeindex)$/
/** Files that can be absent: what they say is in others, or needed only sometimes. */
const MAY_GO =
  /\.(index|timeindex|snapshot|checkpoint)$|-checkpoint$|partition\.metadata$|quorum-state$|\.kafka_clean|\.lock$/
/** Made together, so that one could be in the place of another. */
const MAY_SWAP = /\.(index|timeindex)$|-checkpoint$|partition\.metadata$/
/** Snapshots of metadata and producers: a whole one does not say whose it is. */
const NAMELESS = /\d\.(checkpoint|snapshot)$/
const ATOMIC = /-checkpoint$|meta\.properties$|quorum-state$|\.kafka_cleanshutdown$/
const ID = '0123456789abcdef0123456789abcdef'

export interface Damage {
  readonly files: Files
  /** In words, for a failure's message. */
  readonly what: string
  /** The files that are not as they were; a report names one of them, or its directory. */
  readonly paths: readonly string[]
  /** The first byte that is not as it was, in the first of `paths`. */
  readonly firstByte: number
}

type Make = (files: Files, random: Prng) => Damage | null

/** Damages a copy of the files. */
export function damage(original: Files, random: Prng): Damage {
  for (;;) {
    const make = MAKERS[random.int(MAKERS.length)]!
    const damaged = make(new Map(original), random)
    if (damaged !== null) return damaged
  }
}

const flipBits: Make = (files, random) => {
  const path = anyPath(files, random)
  const bytes = files.get(path)!.slice()
  if (bytes.length === 0) return null
  let firstByte = Infinity
  const count = 1 + random.int(8)
  for (let i = 0; i < count; i++) {
    const at = random.int(bytes.length)
    bytes[at] = bytes[at]! ^ (1 << random.int(8))
    firstByte = Math.min(firstByte, at)
  }
  files.set(path, bytes)
  return {
    files,
    what: `${count} bits of ${path} from byte ${firstByte}`,
    paths: [path],
    firstByte,
  }
}

const cutOff: Make = (files, random) => {
  const path = anyPath(files, random)
  const bytes = files.get(path)!
  if (bytes.length === 0) return null
  const firstByte = random.chance(0.2) ? 0 : random.int(bytes.length)
  files.set(path, bytes.slice(0, firstByte))
  return { files, what: `${path} cut at byte ${firstByte}`, paths: [path], firstByte }
}

const grow: Make = (files, random) => {
  const path = anyPath(files, random)
  const bytes = files.get(path)!
  const more = random.bytes(1 + random.int(1000))
  if (random.chance(0.5)) more.fill(0)
  files.set(path, joined(bytes, more))
  const what = `${more.length} bytes behind ${path}`
  return { files, what, paths: [path], firstByte: bytes.length }
}

const zeroSectors: Make = (files, random) => {
  const path = anyPath(files, random)
  const bytes = files.get(path)!.slice()
  const sectors = Math.ceil(bytes.length / SECTOR_BYTES)
  if (sectors === 0) return null
  const firstByte = random.int(sectors) * SECTOR_BYTES
  bytes.fill(0, firstByte, firstByte + SECTOR_BYTES * (1 + random.int(3)))
  files.set(path, bytes)
  return { files, what: `sectors of ${path} at byte ${firstByte}`, paths: [path], firstByte }
}

const remove: Make = (files, random) => {
  const path = anyPath(files, random, MAY_GO)
  files.delete(path)
  return { files, what: `${path} is gone`, paths: [path], firstByte: 0 }
}

const swap: Make = (files, random) => {
  const one = anyPath(files, random, MAY_SWAP)
  const kind = one.slice(Math.max(one.lastIndexOf('.'), one.lastIndexOf('/')))
  const other = anyPath(files, random, MAY_SWAP)
  if (other === one || !other.endsWith(kind)) return null
  const content = files.get(one)!
  files.set(one, files.get(other)!)
  files.set(other, content)
  return { files, what: `${one} and ${other} swapped`, paths: [one, other], firstByte: 0 }
}

/** A file has the content of any other. */
const overwrite: Make = (files, random) => {
  const path = anyPath(files, random)
  const from = anyPath(files, random)
  const isAlike = NAMELESS.test(path) && NAMELESS.test(from)
  if (LOG.test(path) || from === path || isAlike) return null
  files.set(path, files.get(from)!)
  return { files, what: `${path} overwritten by ${from}`, paths: [path], firstByte: 0 }
}

/** An atomic write that did not get to its rename. */
const temporary: Make = (files, random) => {
  const path = anyPath(files, random, ATOMIC)
  const content = random.chance(0.5) ? random.bytes(random.int(100)) : files.get(path)!
  files.set(`${path}.tmp`, content)
  return { files, what: `${path}.tmp`, paths: [`${path}.tmp`], firstByte: 0 }
}

/** A compaction, or a deletion, that did not get to its end: copies under the other names. */
const segmentLeftover: Make = (files, random) => {
  const log = anyPath(files, random, LOG)
  const suffix = ['.cleaned', '.swap', '.deleted'][random.int(3)]!
  const siblings = [...files.keys()].filter((path) => path.startsWith(log.slice(0, -3)))
  const paths: string[] = []
  for (const path of siblings.filter((each) => SEGMENT_FILE.test(each))) {
    // The indexes may have been renamed or not; a `.swap` log is whole.
    if (path !== log && random.chance(0.3)) continue
    const bytes = files.get(path)!
    const isWhole = suffix === '.swap' || random.chance(0.5)
    files.set(path + suffix, isWhole ? bytes : bytes.slice(0, random.int(bytes.length + 1)))
    paths.push(path + suffix)
    // Between two renames the plain name is gone.
    if (suffix === '.swap' && random.chance(0.5)) files.delete(path)
  }
  return { files, what: `${log}${suffix}`, paths, firstByte: 0 }
}

/** A directory that is being deleted, was set aside, or copied between disks. */
const directoryLeftover: Make = (files, random) => {
  const log = anyPath(files, random, LOG)
  const directory = log.slice(0, log.lastIndexOf('/'))
  if (directory.includes('__cluster_metadata')) return null
  const state = ['delete', 'stray', 'future'][random.int(3)]!
  const to = `${directory}.${ID}-${state}`
  for (const [path, content] of [...files]) {
    if (path.startsWith(`${directory}/`)) files.set(to + path.slice(directory.length), content)
  }
  return { files, what: to, paths: [to], firstByte: 0 }
}

/** What a snapshot of the metadata leaves, and files of nobody. */
const strangers: Make = (files, random) => {
  const metadata = `${DATA}/__cluster_metadata-0`
  const names = [
    `${metadata}/00000000000000000099-0000000001.checkpoint.part`,
    `${metadata}/00000000000000000001-0000000001.checkpoint.deleted`,
    `${DATA}/plain-0/00000000000000000003.snapshot.deleted`,
    `${DATA}/plain-0/00000000000000009999.index`,
    `${DATA}/plain-0/00000000000000009999.txnindex`,
    `${DATA}/plain-0/00000000000000000000.txnindex`,
    `${DATA}/plain-0/notes.txt`,
    `${DATA}/lost+found/1`,
    `${DATA}/not-a-partition/file`,
    `${DATA}/-0/00000000000000000000.log`,
  ]
  const path = names[random.int(names.length)]!
  files.set(path, random.bytes(random.int(300)))
  return { files, what: `a stranger, ${path}`, paths: [path], firstByte: 0 }
}

/** How often each is drawn: most for the ways in which disks and crashes do it. */
const MAKERS: readonly Make[] = [
  ...[
    flipBits,
    flipBits,
    flipBits,
    flipBits,
    cutOff,
    cutOff,
    cutOff,
    grow,
    zeroSectors,
    zeroSectors,
  ],
  ...[remove, remove, swap, swap, swap, overwrite, temporary, segmentLeftover, segmentLeftover],
  ...[directoryLeftover, strangers],
]

/** Of every directory about as often, however many files it has. */
function anyPath(files: Files, random: Prng, pattern = /./): string {
  const paths = [...files.keys()].filter((path) => pattern.test(path))
  const interesting = paths.filter((path) => !path.includes('/other-'))
  return interesting[random.int(interesting.length)]!
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length)
  bytes.set(one)
  bytes.set(other, one.length)
  return bytes
}
