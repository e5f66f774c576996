/**
 * The comments at the heads of the handlers, which say what an API does here and what it does not.
 * Invariant: each served API has a head that names it, its key and its versions (the test checks).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join('src', 'broker', 'handlers')
const HANDLER = /^(\d\d)-[\w-]+(?<!\.test)\.ts$/

/** The heads by API key, each as one line of text to a paragraph. */
export function handlerHeads(root: string): Map<number, string> {
  const heads = new Map<number, string>()
  for (const name of readdirSync(join(root, FOLDER)).sort()) {
    const key = HANDLER.exec(name)?.[1]
    if (key === undefined) continue
    const text = readFileSync(join(root, FOLDER, name), 'utf8')
    heads.set(Number(key), headOf(text))
  }
  return heads
}

function headOf(text: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trim())
  const paragraphs = lines.join('\n').trim().split(/\n\n+/)
  return paragraphs.map((paragraph) => paragraph.replaceAll('\n', ' ')).join('\n')
}

/** What a head says is not done: the rest of the paragraph behind `Not done here:`. */
export function notDoneIn(head: string): string {
  return /Not done here: (.*)/.exec(head)?.[1]?.replace(/\.$/, '') ?? ''
}
