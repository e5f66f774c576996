/**
 * The error of everything in protocol/: bytes or values that do not have the form of their message.
 */

/** Malformed bytes, a version that does not exist, or a value that its version can't carry. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}
