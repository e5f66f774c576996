/** What someone meant who typed a name that is not there. */

/** How many letters may be wrong: one in a short name, a third of a long one. */
const allowed = (length: number): number => Math.max(1, Math.floor(length / 3))

/** The name that is nearest, by letters left out, added, changed and swapped; null if none is. */
export function nearest(typed: string, names: readonly string[]): string | null {
  const near = names
    .map((name) => ({ name, distance: name.startsWith(typed) ? 0 : distance(typed, name) }))
    .filter(({ name, distance: far }) => far <= allowed(Math.max(name.length, typed.length)))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.name ?? null
}

function distance(from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      let least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (isSame ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (isSwapped) least = Math.min(least, before[j - 2]! + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[to.length]!
}
