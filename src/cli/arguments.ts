/** The options of the command line, and how Node reads them. */
import { parseArgs } from 'node:util'
import { Mistake } from './mistake.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const OPTIONS = {
  domain: text,
  'known-mailbox': text,
  suite: text,
  proof: text,
  vantage: text,
  reference: text,
  port: text,
  json: flag,
  file: text,
  'at-once': text,
  format: text,
  resume: text,
  diff: text,
  ip: text,
  customer: text,
  verdict: text,
  since: text,
  limit: text,
  customers: text,
  spread: text,
  change: text,
  state: text,
  wait: flag,
  help: { ...flag, short: 'h' },
  version: flag,
} as const
export type Option = keyof typeof OPTIONS
export type Values = ReturnType<typeof parseArguments>['values']

/** Reads options and words. Throws Mistake with the first fault. */
export function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new Mistake(faultIn(error))
  }
}

/** Returns the first sentence of an error of Node's parser. It names the fault; more sentences explain dashes. */
export function faultIn(error: unknown): string {
  const [first = ''] = String(error instanceof Error ? error.message : error).split(/\.(?:\s|$)|\n/)
  return first
}

/** Throws Mistake if there is an option that a command does not take. `name` is how messages name the command. */
export function checkOptions(values: Values, takes: readonly Option[], name: string): void {
  for (const option of Object.keys(values)) {
    if (!takes.some((one) => one === option)) throw new Mistake(`--${option} does not go with ${name}`)
  }
}
