/** The error that names every mistake in configuration files. */

/** Everything that is wrong with configuration files: file, line and reason each. Each fault is one short line. */
export class FileFaults extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    const lines = faults.map(oneLine)
    super(lines.join('\n'))
    this.faults = lines
  }
}

const LONGEST = 500

/** Returns a text as one line of a fair length: a file may hold a value of any length and with any character. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}
