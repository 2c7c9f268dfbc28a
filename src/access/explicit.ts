/** Requires `testing` and `neverTest` in the customers files. A file that lost such a line would allow more tests. */
import { dirname } from 'node:path'
import type { FileContent } from '../files/on-disk.ts'

/** The members that at least one file must have, with the advice for a file that lost one. */
const EXPLICIT = [
  ['testing', 'write testing: true, or testing: false to stop all tests'],
  ['neverTest', 'write neverTest: [], or the addresses that are never tested'],
] as const

type Explicit = (typeof EXPLICIT)[number][0]

/** Returns a fault for each member that none of the files has. `values` are the values of the files. */
export function missingIn(
  files: readonly FileContent[],
  values: readonly { readonly [member in Explicit]?: unknown }[],
): string[] {
  const [first, ...others] = files.map(({ path }) => path)
  if (first === undefined) return []
  const where = others.length > 0 ? `${dirname(first)}: no file has` : `${first}:1: the file has no`
  return EXPLICIT.filter(([member]) => values.every((value) => value[member] === undefined)).map(
    ([member, advice]) => `${where} ${member}, so it may have been lost: ${advice}`,
  )
}
