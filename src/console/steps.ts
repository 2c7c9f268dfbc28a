/** Finds the command in a step, so that people can copy it. */

/** A step that ends with a command. */
export interface Step {
  readonly text: string
  /** The command or setting at its end; null if there is none. */
  readonly command: string | null
}

/** Words that stand in sentences, and in no command. */
const PROSE = / (and|that|with|entries)[ :]/

/** Splits a step. Steps that end with a command have no full stop: `Run: postfix reload`. */
export function readStep(step: string): Step {
  const colon = step.search(/[\w)]: /) + 1
  const command = step.slice(colon + 2)
  if (colon === 0 || step.endsWith('.') || PROSE.test(command)) return { text: step, command: null }
  return { text: step.slice(0, colon), command }
}
