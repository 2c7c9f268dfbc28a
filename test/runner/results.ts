/** What one test came to: the reporter writes these, and the runner reads and prints them. */
export type Result =
  | { readonly kind: 'passed'; readonly name: string; readonly nesting: number; readonly ms: number }
  /** `why` is empty where only tests inside it failed. */
  | {
      readonly kind: 'failed'
      readonly name: string
      readonly nesting: number
      readonly ms: number
      readonly why: string
    }
  | { readonly kind: 'skipped'; readonly name: string; readonly nesting: number; readonly why: string }
  | { readonly kind: 'note'; readonly nesting: number; readonly text: string }

/** Begins each line of results, so that a test may print what it likes beside them. */
export const MARK = '\u001e'

/** Reads a line of standard output: a result, or null for a line that a test printed. */
export const resultIn = (line: string): Result | null => (line.startsWith(MARK) ? JSON.parse(line.slice(1)) : null)
