/**
 * The first voters of a dynamic quorum (KIP-853), as `id@host:port:directory` on the command line.
 */
import { isValidUuid } from '../../base/uuid.ts'
import type { Voter } from '../../raft/quorum.ts'
import { CliError } from '../cli-error.ts'

const VOTER = /^(\d+)@(?:\[([^\]]*)\]|([^:[]*)):(\d{1,5}):(.*)$/
const PORT_MAX = 65535

export function parseInitialControllers(text: string, listenerName: string): Voter[] {
  const voters = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => parseVoter(entry, listenerName))
  const ids = new Set(voters.map(({ id }) => id))
  if (voters.length > 0 && ids.size === voters.length) return voters
  throw new CliError(`--initial-controllers ${text}: name each controller once, and at least one`)
}

function parseVoter(entry: string, listenerName: string): Voter {
  const match = VOTER.exec(entry)
  const wrong = (reason: string) => new CliError(`--initial-controllers ${entry}: ${reason}`)
  if (match === null) throw wrong('give each as id@host:port:directory')
  const [, id, bracketed, plain, port, directory] = match as unknown as string[]
  if (Number(port) > PORT_MAX) throw wrong(`the port is not within 0 to ${PORT_MAX}`)
  if (!isValidUuid(directory as string)) {
    throw wrong(
      'the directory is no uuid of 22 characters, as `millrace storage random-uuid` prints',
    )
  }
  const host = (bracketed ?? plain) as string
  return voter(Number(id), host, Number(port), directory as string, listenerName)
}

/** A voter that listens at one address. */
export function voter(
  id: number,
  host: string,
  port: number,
  directoryId: string,
  listenerName: string,
): Voter {
  return {
    id,
    directoryId,
    endpoints: [{ name: listenerName, host, port }],
    kraftVersions: { min: 0, max: 1 },
  }
}
