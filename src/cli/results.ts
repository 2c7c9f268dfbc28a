/** Reads results from files of NDJSON, and keeps new ones there, so that a batch can be continued. */
import { appendFileSync, existsSync, truncateSync } from 'node:fs'
import { rowOfLine } from '../render/row.ts'
import { keyOf } from './changes.ts'
import { Mistake } from './mistake.ts'
import { fileFault, readText } from './reading.ts'

/** Reads the lines of a file of NDJSON. Throws Mistake if it cannot be read, or a line is no JSON object. */
export function readResults(path: string): object[] {
  const text = readText(path)
  return text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [objectIn(line, `${path}:${index + 1}`)]))
}

function objectIn(line: string, where: string): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Says below what was expected.
  }
  throw new Mistake(`${where}: this is no line of JSON, as relay-test --format ndjson prints it`)
}

/** The results of a batch that may have been interrupted. */
export class KeptResults {
  readonly #path: string
  /** The results that are there, by server. A server can be among the targets more than once. */
  readonly #left = new Map<string, object[]>()

  /**
   * Reads the file, if it exists. Removes a last line that was not written to its end. Throws Mistake if the file
   * cannot be read or written, or is of another kind.
   */
  constructor(path: string) {
    this.#path = path
    if (existsSync(path)) {
      const text = readText(path)
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      if (whole !== text && whole !== '') truncateSync(path, Buffer.byteLength(whole))
      else if (whole !== text) objectIn(text, `${path}:1`)
      for (const line of readResults(path)) {
        if (rowOfLine(line).verdict === 'error') continue
        const key = keyOf(line)
        this.#left.set(key, [...(this.#left.get(key) ?? []), line])
      }
    }
    try {
      appendFileSync(path, '')
    } catch (error) {
      throw new Mistake(`${path} cannot be written: ${fileFault(error)}`)
    }
  }

  /** Returns the result of a target, or null if there is none. Each result is returned once. */
  take(target: object): object | null {
    return this.#left.get(keyOf(target))?.shift() ?? null
  }

  /** Adds a result to the file. */
  keep(line: object): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`)
  }
}
