/** Finds the name that a mistyped word may stand for. */

/** The most letters that may be wrong, missing or too many. */
const MOST_EDITS = 2

/** A shorter word is the beginning of too many names. */
const SHORTEST = 3

/** Returns the known name that is most like a word, or null. One begins with the other, or at most 2 letters differ. */
export function nearest(word: string, names: readonly string[]): string | null {
  if (word.length < SHORTEST) return null
  const rated = names.map((name) => ({ name, edits: isBeginning(word, name) ? 1 : editsBetween(word, name) }))
  const [best] = rated.filter(({ edits }) => edits <= MOST_EDITS).sort((one, other) => one.edits - other.edits)
  return best?.name ?? null
}

/** Whether one of the two is the beginning of the other. */
const isBeginning = (word: string, name: string): boolean =>
  name.startsWith(word) || (name.length >= SHORTEST && word.startsWith(name))

/** Returns how many letters differ (Levenshtein), in any case. Counts only words of nearly the same length. */
function editsBetween(word: string, name: string): number {
  const [one, other] = [word.toLowerCase(), name.toLowerCase()]
  if (Math.abs(one.length - other.length) > MOST_EDITS) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (let column = 0; column < other.length; column += 1) {
      const [left = 0, above = 0, diagonal = 0] = [next[column], row[column + 1], row[column]]
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === other[column] ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
