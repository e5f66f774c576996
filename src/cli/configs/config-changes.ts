/**
 * What --add-config, --add-config-file and --delete-config ask for, read as kafka-configs does:
 * commas within square brackets belong to the value, and the brackets go.
 */
import { readProperties } from '../connection-settings.ts'
import type { Flags } from '../flags.ts'
import { hashMapOrder, scalaSetOrder } from '../java-order.ts'
import { PlainError } from './plain-error.ts'

/** What is to be set and what is to go. */
export interface ConfigChanges {
  /** In the order in which Kafka's tool names them. */
  readonly added: ReadonlyMap<string, string>
  readonly deleted: readonly string[]
}

/** The configs that a command line changes. */
export function configChanges(flags: Flags): ConfigChanges {
  const file = flags.text('add-config-file')
  const added = file === null ? new Map<string, string>() : readProperties(file)
  const text = flags.text('add-config')
  for (const [name, value] of text === null ? [] : pairsOf(text)) added.set(name, value)
  const names = hashMapOrder([...added.keys()], null)
  const wrong = names.find((name) => !/^[$\w.-]*$/.test(name))
  if (wrong !== undefined) throw new PlainError(`Invalid character found for config key: ${wrong}`)
  return {
    added: new Map(scalaSetOrder(names).map((name) => [name, added.get(name)!])),
    deleted: flags.all('delete-config').flatMap(separated),
  }
}

/** Of each list what stands between commas; a list of commas is itself. */
function separated(list: string): string[] {
  const parts = list.split(',').filter((part) => part !== '')
  return (parts.length > 0 ? parts : [list]).map((part) => part.trim())
}

/** Not within brackets: the next bracket behind it, if any, opens. */
const OUTSIDE = '(?=[^\\]]*(?:\\[|$))'

function pairsOf(text: string): [name: string, value: string][] {
  const parts = text.split(new RegExp(`,${OUTSIDE}`))
  while (parts.length > 0 && parts.at(-1) === '' && text !== '') parts.pop()
  return parts.map((part) => {
    const pair = part.split(new RegExp(`\\s*=\\s*${OUTSIDE}`))
    if (pair.length !== 2) {
      throw new PlainError(
        'requirement failed: Invalid entity config: all configs to be added must be in the ' +
          'format "key=val" or  "key=[val1,val2]" to group values which contain commas.',
      )
    }
    return [pair[0]!.trim(), pair[1]!.replaceAll(/[[\]]/g, '').trim()]
  })
}
