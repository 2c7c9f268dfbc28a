/** The result of one test: the reporter writes these, and the runner reads and prints them. */
export type Result =
  | { readonly kind: 'passed'; readonly name: string; readonly nesting: number; readonly ms: number }
  /** `why` is empty if only inner tests failed. */
  | {
      readonly kind: 'failed'
      readonly name: string
      readonly nesting: number
      readonly ms: number
      readonly why: string
    }
  | { readonly kind: 'skipped'; readonly name: string; readonly nesting: number; readonly why: string }
  | { readonly kind: 'note'; readonly nesting: number; readonly text: string }

/** Begins each line with a result. Lines without it were printed by a test. */
export const MARK = '\u001e'

/** Reads a line of standard output: a result, or null for a line that a test printed. */
export const resultIn = (line: string): Result | null => (line.startsWith(MARK) ? JSON.parse(line.slice(1)) : null)
