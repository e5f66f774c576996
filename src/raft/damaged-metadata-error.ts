/**
 * A file of the metadata quorum that says what can't be: the node must not start on it, since
 * topics and everything in them hang on it. The message names the file and what is wrong with it.
 */
import { messageOf } from '../base/thrown.ts'

export class DamagedMetadataError extends Error {
  override readonly name = 'DamagedMetadataError'

  constructor(path: string, cause: unknown) {
    super(
      `${path} is damaged: ${messageOf(cause)}. Restore the file from a copy; without it the topics can't be ` +
        'told',
      { cause },
    )
  }
}
