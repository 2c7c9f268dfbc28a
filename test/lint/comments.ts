/** Finds comments that are too long for a line: the formatter breaks long code, and leaves comments alone. */

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
