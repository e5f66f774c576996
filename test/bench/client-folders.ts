/**
 * Where the packages of foreign clients are, by client. One that has to be built for this machine
 * and can not be is left out of the bench, which says so.
 */
import { join } from 'node:path'
import type { Toolbox } from '../conformance/toolbox.ts'

/** librdkafka behind a binding, which has no binary in the registry. */
const BUILT = 'rdkafka'

export interface ClientFolders {
  /** The clients that can be run. */
  readonly clients: readonly string[]
  folderOf(client: string): string
}

/** Brings the packages; tells `note` of a client that there is not. */
export async function clientFolders(
  toolbox: Toolbox,
  wanted: readonly string[],
  note: (text: string) => void,
): Promise<ClientFolders> {
  const shared = await toolbox.prepare('node')
  let built: string | null = null
  if (wanted.includes(BUILT)) {
    try {
      built = await toolbox.rdkafka(join(import.meta.dirname, 'rdkafka', 'package.json'))
    } catch (error) {
      const [why] = (error as Error).message.split('\n')
      note(`${BUILT} is not available: ${why}`)
    }
  }
  const clients = wanted.filter((client) => client !== BUILT || built !== null)
  return { clients, folderOf: (client) => (client === BUILT ? built! : shared) }
}
