/** The colours of a terminal, so that a verdict has the same one everywhere. */

/** Returns a function that writes text with these attributes (ECMA-48 SGR), and then without them. */
export function ansi(code: string): (text: string) => string {
  return (text) => `\x1b[${code}m${text}\x1b[0m`
}

/** The colour of each verdict. */
export const COLOURS = { open: ansi('1;31'), closed: ansi('1;32'), inconclusive: ansi('1;33') } as const
