/**
 * Parses large files in another process, so that this one keeps serving. The other process gets the bytes that were
 * read here, and prints its rows as JSON, several hundred rows in a line. The pipe makes it wait while this process
 * is busy.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FileFaults } from './faults.ts'
import type { FileContent } from './on-disk.ts'

/** Smaller files are parsed in about ten milliseconds. Starting a process takes longer. */
const LARGE_BYTES = 8_192

/** Few enough that adding them to a table takes a few milliseconds. */
const ROWS_A_LINE = 500

type PrintedLine<Row> = { readonly rows: readonly Row[] } | { readonly faults: readonly string[] }

/** The first line that the other process gets. The bytes of the files follow, in this order. */
interface ReadOrder<Options> {
  readonly files: readonly { readonly path: string; readonly length: number }[]
  readonly options: Options
}

/** How to read one kind of files: here, or with a program that calls `printRows`. */
export interface RowReader<Row, Options> {
  read(files: readonly FileContent[], options: Options): Iterable<Row>
  readonly program: URL
}

/** Returns where a program is, beside the module that asks: TypeScript in development, JavaScript in the build. */
export const programBeside = (moduleUrl: string, name: string): URL =>
  new URL(`./${name}${extname(moduleUrl)}`, moduleUrl)

/**
 * Yields the rows of files in batches. Large files are parsed in another process, if one can be started. The iteration
 * throws FileFaults if there are mistakes in the files, or if the other process ends too early.
 *
 * @param options passed to the reader; plain data
 */
export async function* rowsOf<Row, Options>(
  reader: RowReader<Row, Options>,
  files: readonly FileContent[],
  options: Options,
): AsyncGenerator<readonly Row[]> {
  const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const batches = size > LARGE_BYTES ? readElsewhere<Row, Options>(reader.program, files, options) : null
  if (batches) yield* batches
  else yield [...reader.read(files, options)]
}

/** Starts a program, and returns its rows in batches, or null if no process can be started. */
function readElsewhere<Row, Options>(
  program: URL,
  files: readonly FileContent[],
  options: Options,
): AsyncGenerator<readonly Row[]> | null {
  const args = [...process.execArgv, fileURLToPath(program)]
  // The fault says why the program ended early. Its own output to stderr would not help an operator.
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  const succeeded = once(child, 'close').then(
    ([code]) => code === 0,
    () => false,
  )
  if (child.pid === undefined) return null
  const { stdin, stdout } = child
  // A program that fails at once does not read its input. Its exit code tells.
  stdin.on('error', () => {})
  const order: ReadOrder<Options> = { files: files.map(({ path, bytes }) => ({ path, length: bytes.length })), options }
  stdin.write(`${JSON.stringify(order)}\n`)
  for (const { bytes } of files) stdin.write(bytes)
  stdin.end()
  return (async function* batches() {
    try {
      for await (const text of createInterface({ input: stdout })) {
        const line: PrintedLine<Row> = JSON.parse(text)
        if ('faults' in line) throw new FileFaults(line.faults)
        yield line.rows
        // Lines that have arrived already would follow at once. Other work gets its turn first.
        await nextTurn()
      }
      if (await succeeded) return
      const paths = files.map(({ path }) => path).join(', ')
      throw new FileFaults([`${paths}: cannot be read: the process that parses it ended early, perhaps out of memory`])
    } finally {
      child.kill()
    }
  })()
}

/** Makes this process the other end of `rowsOf`: prints the rows that `read` finds. */
export function printRows<Options>(read: (files: readonly FileContent[], options: Options) => Iterable<unknown>): void {
  const print = (line: PrintedLine<unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`)
  const input = readFileSync(0)
  let at = input.indexOf('\n') + 1
  const { files, options }: ReadOrder<Options> = JSON.parse(input.toString('utf8', 0, at))
  const contents = files.map(({ path, length }) => {
    at += length
    return { path, bytes: input.subarray(at - length, at) }
  })
  try {
    let rows: unknown[] = []
    for (const row of read(contents, options)) {
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
