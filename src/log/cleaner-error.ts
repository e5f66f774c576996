/** What makes a partition uncleanable: its files are not what they should be. */

/** A log that can't be compacted without losing something; it is left alone and reported. */
export class CleaningError extends Error {
  override readonly name = 'CleaningError'
}
