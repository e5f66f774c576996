/** What a person did wrong, or what stands in the way: printed as it is, and the exit code is 1. */
export class CliError extends Error {
  override readonly name = 'CliError'
}

/** A property of a client that can't be as it is; the message begins with its name. */
export class PropertyError extends CliError {
  readonly property: string

  constructor(property: string, message: string) {
    super(message)
    this.property = property
  }
}
