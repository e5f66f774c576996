/** What someone meant who typed a name that is not there. */
import { editDistance } from '../base/nearest-name.ts'

/** How many letters may be wrong: one in a short name, a third of a long one. */
const allowed = (length: number): number => Math.max(1, Math.floor(length / 3))

/** The name that is nearest, by letters left out, added, changed and swapped; null if none is. */
export function nearest(typed: string, names: readonly string[]): string | null {
  const near = names
    .map((name) => ({ name, distance: name.startsWith(typed) ? 0 : editDistance(typed, name) }))
    .filter(({ name, distance: far }) => far <= allowed(Math.max(name.length, typed.length)))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.name ?? null
}
