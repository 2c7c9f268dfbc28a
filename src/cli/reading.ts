/** Says in words why a file of the command line cannot be read or written. */
import { readFileSync } from 'node:fs'
import { Mistake } from './mistake.ts'

const STANDARD_INPUT = 0

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'no permission',
}

/** Reads a file, or standard input for `-`. Throws Mistake if it cannot be read. `name` is how messages name it. */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path === '-' ? STANDARD_INPUT : path, 'utf8')
  } catch (error) {
    throw new Mistake(`${name} cannot be read: ${fileFault(error)}`)
  }
}

/** Returns why a file cannot be used. Rare reasons are in the words of the system. */
export function fileFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return ('code' in error && REASONS[String(error.code)]) || error.message
}
