/** What a person did wrong, or what stands in the way: printed as it is, and the exit code is 1. */
export class CliError extends Error {
  override readonly name = 'CliError'
}
