/** A named pipe whose reader can stall: a real pipe between a program under test and the test. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { folderOf } from './files.ts'

export interface Fifo {
  /** For the program under test: writing waits if the pipe is full, until the program changes that. */
  readonly writer: number
  /** Fills the pipe with lines of `x`, so that not one more byte fits. */
  fill(): void
  /** Returns what is in the pipe now. */
  read(): string
}

/** Makes a named pipe. It is closed after the test. */
export function fifoOf(t: TestContext): Fifo {
  const path = join(folderOf(t), 'fifo')
  execFileSync('mkfifo', [path])
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const writer = openSync(path, 'w')
  t.after(() => {
    closeSync(both)
    closeSync(writer)
  })
  return {
    writer,
    fill() {
      for (const size of [1024, 1]) {
        const line = Buffer.from(`${'x'.repeat(size - 1)}\n`)
        while (attempt(() => writeSync(both, line)) !== null);
      }
    },
    read() {
      const chunk = Buffer.alloc(65_536)
      let text = ''
      for (let got = attempt(() => readSync(both, chunk)); got; got = attempt(() => readSync(both, chunk))) {
        text += chunk.toString('utf8', 0, got)
      }
      return text
    },
  }
}

/** Returns the result of a call, or null if it would have to wait. */
function attempt(call: () => number): number | null {
  try {
    return call()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null
    throw error
  }
}
