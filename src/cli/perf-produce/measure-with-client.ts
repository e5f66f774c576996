/**
 * A client for the tools that measure and verify. Invariant: what a broker refuses ends the command
 * in the broker's words alone, as Kafka's tools do.
 */
import type { Kafka } from '../../client/kafka.ts'
import { CliError } from '../cli-error.ts'
import { errorText, isExpected, withClient } from '../connection.ts'
import type { ConnectionSettings } from '../connection-settings.ts'

/** Runs `work` with a client that has heard from a broker, and closes it. */
export async function measureWithClient<R>(
  settings: ConnectionSettings,
  work: (kafka: Kafka) => Promise<R>,
): Promise<R> {
  try {
    return await withClient(settings, work)
  } catch (error) {
    throw isExpected(error) ? new CliError(errorText(error), { cause: error }) : error
  }
}
