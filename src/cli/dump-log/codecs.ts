/** Names of codecs in the headers of batches. Invariant: an unknown number is an error. */
import { type CompressionType, compressionTypeOf } from '../../records/compression/compression.ts'
import { CliError } from '../cli-error.ts'

/** The codec with this number. */
export function codecOf(id: number): CompressionType {
  const codec = compressionTypeOf(id)
  if (codec !== null) return codec
  throw new CliError(`Unknown compression type id: ${id}`)
}
