/** The result of one test: the reporter writes these, and the runner reads and prints them. */
export type Result =
  | (Told & { readonly kind: 'passed'; readonly name: string; readonly ms: number })
  /** `why` is empty if only inner tests failed. */
  | (Told & { readonly kind: 'failed'; readonly name: string; readonly ms: number; readonly why: string })
  | (Told & { readonly kind: 'skipped'; readonly name: string; readonly why: string })
  | (Told & { readonly kind: 'note'; readonly text: string })

/** The origin of a result. */
interface Told {
  /** The absolute path of the test's file, or null for a fault outside of the tests. */
  readonly file: string | null
  /** In how many tests the test is nested. */
  readonly nesting: number
}

/** Begins each line with a result. Lines without it were printed by a test. */
export const MARK = '\u001e'

/** Reads a line of standard output: a result, or null for a line that a test printed. */
export const resultIn = (line: string): Result | null => (line.startsWith(MARK) ? JSON.parse(line.slice(1)) : null)
