/**
 * The one way in which decompressing fails. It is a value, not an exception: damaged or hostile
 * input is expected, and what it means is up to the caller.
 */

/** Why nothing was decompressed. */
export class CompressionFailure {
  /**
   * `tooLarge`: the content would be over the limit. `corrupt`: it is not of this codec, or
   * damaged. `unavailable`: this installation has not the codec, which says nothing of the bytes.
   */
  readonly reason: 'corrupt' | 'tooLarge' | 'unavailable'
  readonly message: string

  constructor(reason: CompressionFailure['reason'], message: string) {
    this.reason = reason
    this.message = message
  }
}

/** Content that would be larger than `maxBytes`. */
export function tooLarge(maxBytes: number): CompressionFailure {
  return new CompressionFailure(
    'tooLarge',
    `decompressed size is over the limit of ${maxBytes} bytes`,
  )
}

/** Input that is no content of `codec`. */
export function corrupt(codec: string, detail: string): CompressionFailure {
  return new CompressionFailure('corrupt', `${codec}: ${detail}`)
}
