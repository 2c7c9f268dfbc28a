/** Checks comments: each file opens with one, and none is too long for a line, which the formatter does not mend. */

/** As `lineWidth` in biome.json. */
const COLUMNS = 120

const COMMENT = /^\s*(?:\/\/|\/?\*)/

/** The comment lines that are too long, as `LINE: how long`. */
export function longCommentsIn(source: string): string[] {
  return source
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.length > COLUMNS && COMMENT.test(line))
    .map(({ line, number }) => `${number}: a comment of ${line.length} columns, ${COLUMNS} at most`)
}

/** Whether a file opens with a comment that says what it is for. */
export const opensWithComment = (source: string): boolean => /^(\/\*\*|\/\/|#!)/.test(source)
