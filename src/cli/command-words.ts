/** Which command the words of a command line mean. */
import { findTool, type ToolEntry } from './tools.ts'

/** A tool, the name by which it was called, and the words behind it. */
export interface MeantTool {
  readonly tool: ToolEntry
  readonly name: string
  readonly args: readonly string[]
}

/** `help X` is `X --help`. */
export function meantWords(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words
  return first === 'help' && rest.length > 0 ? [...rest, '--help'] : words
}

/** The tool that the first word names, or the first two (`perf produce`); null if none. */
export function toolOf([first = '', second, ...rest]: readonly string[]): MeantTool | null {
  const joined = second === undefined ? null : findTool(`${first}-${second}`)
  // Kafka's scripts have one name.
  if (joined !== null && joined.name === `${first}-${second}`) {
    return { tool: joined, name: joined.name, args: rest }
  }
  const tool = findTool(first)
  if (tool === null) return null
  const args = second === undefined ? [] : [second, ...rest]
  return { tool, name: first, args: first === tool.name ? withAction(tool, args) : args }
}

/** `topics list` is `topics --list`. */
function withAction({ actions = [] }: ToolEntry, args: readonly string[]): readonly string[] {
  const [word = '', ...rest] = args
  return actions.includes(word) ? [`--${word}`, ...rest] : args
}
