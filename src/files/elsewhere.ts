/**
 * Reads large files in another process, so that this one keeps serving. The other process prints its rows as lines of
 * JSON, some hundred rows a line; the pipe makes it wait while this process is busy.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FileFaults } from './yaml-file.ts'

/** Smaller files are read in a few milliseconds, which is less than a process takes to start. */
const LARGE_BYTES = 65_536

/** Few enough that adding them to a table takes a few milliseconds. */
const ROWS_A_LINE = 500

type Line<Row> = { readonly rows: readonly Row[] } | { readonly faults: readonly string[] }

/** Tells whether the files together take long to read. Missing files count as empty. */
export const isLarge = (files: readonly string[]): boolean =>
  files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0) > LARGE_BYTES

/**
 * Starts a program that calls `printRows`, and returns its rows in batches, or null if no process can be started. The
 * iteration throws FileFaults if the program reports mistakes in the files, or ends too early.
 *
 * @param options passed to the program; plain data
 */
export function readElsewhere<Row>(
  program: URL,
  files: readonly string[],
  options: object,
): AsyncIterable<readonly Row[]> | null {
  const args = [...process.execArgv, fileURLToPath(program)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const succeeded = once(child, 'close').then(
    ([code]) => code === 0,
    () => false,
  )
  if (child.pid === undefined) return null
  const { stdin, stdout } = child
  // A program that fails at once does not read its input. Its exit code tells.
  stdin.on('error', () => {}).end(JSON.stringify({ files, options }))
  return (async function* batches() {
    try {
      for await (const text of createInterface({ input: stdout })) {
        const line: Line<Row> = JSON.parse(text)
        if ('faults' in line) throw new FileFaults(line.faults)
        yield line.rows
        // Lines that have arrived already would follow at once. Other work gets its turn first.
        await nextTurn()
      }
      if (!(await succeeded)) throw new FileFaults([`${files.join(', ')}: cannot be read (the reading process ended)`])
    } finally {
      child.kill()
    }
  })()
}

/** Makes this process the other end of `readElsewhere`: prints the rows that `read` finds. */
export function printRows<Options>(read: (files: readonly string[], options: Options) => Iterable<unknown>): void {
  const print = (line: Line<unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`)
  const { files, options }: { files: readonly string[]; options: Options } = JSON.parse(readFileSync(0, 'utf8'))
  try {
    let rows: unknown[] = []
    for (const row of read(files, options)) {
      if (rows.push(row) < ROWS_A_LINE) continue
      print({ rows })
      rows = []
    }
    print({ rows })
  } catch (error) {
    if (!(error instanceof FileFaults)) throw error
    print({ faults: error.faults })
  }
}
