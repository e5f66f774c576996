/** The known name nearest to a mistyped one, by the number of letters to change. */

/** A name that differs in more than this share of its letters is not what was meant. */
const DIFFERENCE_MAX = 0.34

/** Null where no name is near. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  let best: string | null = null
  let bestDistance = Math.floor(name.length * DIFFERENCE_MAX) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > bestDistance) continue
    const distance = editDistance(name, candidate)
    if (distance > bestDistance) continue
    if (distance === bestDistance && !(best !== null && isBetter(name, candidate, best))) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** Of two that are as near, the one that was abbreviated: `hrs` is hours rather than ms. */
function isBetter(name: string, candidate: string, best: string): boolean {
  return candidate.length - name.length > best.length - name.length && isWithin(name, candidate)
}

/** Whether `long` becomes `short` where letters are left out. */
function isWithin(short: string, long: string): boolean {
  let matched = 0
  for (const letter of long) if (letter === short[matched]) matched++
  return matched === short.length
}

/** Letters to insert, delete, replace or swap with their neighbour to get from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let distance = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      )
      const swapped = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) distance = Math.min(distance, (beforeLast[column - 2] as number) + 1)
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return last[b.length] as number
}
