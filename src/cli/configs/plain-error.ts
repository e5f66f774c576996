/** What kafka-configs says as it is, without calling the command failed. */
import { CliError } from '../cli-error.ts'

export class PlainError extends CliError {}
