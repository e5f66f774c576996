/**
 * The codecs of record batches, by Kafka's numbers and names. Compressing and decompressing are
 * synchronous and whole: a batch is a few KiB, for which a hop to a thread costs more than the
 * work. Every decompression is bounded; input that is damaged or too large gives a
 * CompressionFailure.
 *
 * KIP-110 (zstd), KIP-390 (levels).
 */
import zlib from 'node:zlib'
import { packageProblem } from '../../base/native-package.ts'
import { CompressionFailure, corrupt, tooLarge } from './failure.ts'
import { LZ4_PACKAGE, lz4Compress, lz4Decompress } from './lz4.ts'
import { SNAPPY_PACKAGE, snappyCompress, snappyDecompress } from './snappy.ts'

export { CompressionFailure } from './failure.ts'

/** Names as in `compression.type`. */
export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** In the order of their numbers on the wire. */
export const COMPRESSION_TYPES: readonly CompressionType[] = [
  'none',
  'gzip',
  'snappy',
  'lz4',
  'zstd',
]

/** The type that attributes bits 0 to 2 name, or null where there is none. */
export function compressionTypeOf(id: number): CompressionType | null {
  return COMPRESSION_TYPES[id] ?? null
}

/** The number of a type on the wire. */
export function compressionId(type: CompressionType): number {
  return COMPRESSION_TYPES.indexOf(type)
}

/** Why this installation can neither compress nor decompress with a codec; null where it can. */
export function codecProblem(type: CompressionType): string | null {
  if (type === 'lz4') return packageProblem(LZ4_PACKAGE)
  return type === 'snappy' ? packageProblem(SNAPPY_PACKAGE) : null
}

/** Output is collected in chunks of this size at least; zlib's own default is its lower bound. */
const MIN_CHUNK_BYTES = 16_384
const MAX_CHUNK_BYTES = 1_048_576
/** A usual ratio of batches; only how many chunks there are depends on it. */
const EXPECTED_RATIO = 4
/** zstd frames in one batch; producers write one, and each costs a decoder. */
const MAX_FRAMES = 1024

/**
 * `bytes` compressed; `level` has the codec's own meaning (gzip, zstd), its default where left out.
 */
export function compress(type: CompressionType, bytes: Uint8Array, level?: number): Uint8Array {
  return plain(pack(type, bytes, level))
}

function pack(type: CompressionType, bytes: Uint8Array, level: number | undefined): Uint8Array {
  switch (type) {
    case 'none':
      return bytes
    case 'gzip':
      return zlib.gzipSync(bytes, level === undefined ? {} : { level })
    case 'snappy':
      return snappyCompress(bytes)
    case 'lz4':
      return lz4Compress(bytes)
    case 'zstd':
      return zlib.zstdCompressSync(
        bytes,
        level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } },
      )
  }
}

/** The content of `bytes`, of at most `maxBytes`. For 'none' that is `bytes` itself. */
export function decompress(
  type: CompressionType,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array | CompressionFailure {
  const problem = codecProblem(type)
  if (problem !== null) return new CompressionFailure('unavailable', `${type}: ${problem}`)
  const content = unpack(type, bytes, maxBytes)
  return content instanceof Uint8Array ? plain(content) : content
}

function unpack(
  type: CompressionType,
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array | CompressionFailure {
  switch (type) {
    case 'none':
      return bytes.length > maxBytes ? tooLarge(maxBytes) : bytes
    case 'gzip':
    case 'zstd':
      return inflate(type, bytes, maxBytes)
    case 'snappy':
      return snappyDecompress(bytes, maxBytes)
    case 'lz4':
      return lz4Decompress(bytes, maxBytes)
  }
}

/** The same memory as a Uint8Array, where a codec made a Buffer (whose `slice` does not copy). */
function plain(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : bytes
}

interface Inflated {
  readonly buffer: Buffer
  /** `bytesWritten` is how much of the input was taken. */
  readonly engine: { readonly bytesWritten: number }
}

function inflate(
  type: 'gzip' | 'zstd',
  bytes: Uint8Array,
  maxBytes: number,
): Uint8Array | CompressionFailure {
  const pieces: Uint8Array[] = []
  let total = 0
  let rest = bytes
  try {
    for (let frames = 0; frames < MAX_FRAMES; frames++) {
      const { buffer, engine } = inflateFrame(type, rest, maxBytes - total)
      total += buffer.length
      if (total > maxBytes) return tooLarge(maxBytes)
      pieces.push(buffer)
      // Node's gunzip goes on to the next member by itself, its zstd stops after a frame.
      if (type === 'gzip' || engine.bytesWritten === rest.length) {
        return pieces.length === 1 ? buffer : Buffer.concat(pieces, total)
      }
      rest = rest.subarray(engine.bytesWritten)
    }
    return corrupt(type, `more than ${MAX_FRAMES} frames`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxBytes)
    return corrupt(type, (error as Error).message)
  }
}

function inflateFrame(type: 'gzip' | 'zstd', bytes: Uint8Array, maxBytes: number): Inflated {
  const guess = Math.min(EXPECTED_RATIO * bytes.length, MAX_CHUNK_BYTES)
  const options = {
    maxOutputLength: Math.max(1, maxBytes),
    chunkSize: Math.max(MIN_CHUNK_BYTES, guess),
    info: true,
  }
  const run = type === 'gzip' ? zlib.gunzipSync : zlib.zstdDecompressSync
  return run(bytes, options) as unknown as Inflated
}
