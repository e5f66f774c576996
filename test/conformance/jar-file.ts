/**
 * Reads entries of a jar, which is a zip file: enough of the format for the published Kafka jars
 * (no zip64, no encryption; entries stored or deflated).
 */
import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

const END_SIGNATURE = 0x06054b50
const END_BYTES = 22
const CENTRAL_SIGNATURE = 0x02014b50
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const STORED = 0
const DEFLATED = 8

/** The text of every entry whose name passes, by name. */
export function readJarTexts(path: string, wanted: (name: string) => boolean): Map<string, string> {
  const file = readFileSync(path)
  const end = file.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0 || end + END_BYTES > file.length || file.readUInt32LE(end) !== END_SIGNATURE) {
    throw new Error(`${path} is not a zip file`)
  }
  const texts = new Map<string, string>()
  let at = file.readUInt32LE(end + 16)
  for (let left = file.readUInt16LE(end + 10); left > 0; left--) {
    if (file.readUInt32LE(at) !== CENTRAL_SIGNATURE) throw new Error(`${path}: bad directory`)
    const nameBytes = file.readUInt16LE(at + 28)
    const name = file.toString('utf8', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes)
    if (wanted(name)) texts.set(name, entryText(file, at))
    at += CENTRAL_BYTES + nameBytes + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32)
  }
  return texts
}

/** The content of the entry whose record in the central directory is at `at`. */
function entryText(file: Buffer, at: number): string {
  const method = file.readUInt16LE(at + 10)
  const size = file.readUInt32LE(at + 20)
  const local = file.readUInt32LE(at + 42)
  const start = local + LOCAL_BYTES + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
  const content = file.subarray(start, start + size)
  if (method === STORED) return content.toString()
  if (method === DEFLATED) return inflateRawSync(content).toString()
  throw new Error(`compression method ${method} is not known`)
}
