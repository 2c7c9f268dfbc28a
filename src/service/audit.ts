import { accessSync, closeSync, constants, existsSync, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes one line of the audit log before it returns; throws where that fails. */
export type Audit = (entry: Readonly<Record<string, unknown>>) => void

const STANDARD_OUTPUT = 1

/**
 * Opens the audit log: a file, appended to, or standard output. Throws where the file cannot be opened. A file that was
 * moved away, as log rotation does, is made anew before the next line.
 */
export function openAudit(file: string | null): Audit {
  let fd = file === null ? STANDARD_OUTPUT : openSync(file, 'a', 0o600)
  let torn = false
  return (entry) => {
    if (file !== null && !isSameFile(fd, file)) {
      const fresh = openSync(file, 'a', 0o600)
      closeSync(fd)
      fd = fresh
    }
    const text = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`
    // What follows a torn line must not become a part of it.
    const line = Buffer.from(torn ? `\n${text}` : text)
    // A line is far shorter than PIPE_BUF, so that a pipe takes it whole or not at all.
    const written = write(fd, line)
    torn = written !== line.length
    if (torn) throw new Error('the audit log took only a part of a line')
  }
}

/** How long a pipe that is full may keep us, and how often it is tried, in milliseconds. */
const PATIENCE_MS = 250
const PAUSE_MS = 5

/** Writes at once; a pipe whose reader is behind for a moment, as when many tests begin together, is waited for. */
function write(fd: number, line: Buffer): number {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return writeSync(fd, line)
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
      if (!isFull || performance.now() >= until) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    }
  }
}

function isSameFile(fd: number, file: string): boolean {
  const [open, named] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })]
  return named !== undefined && named.ino === open.ino && named.dev === open.dev
}

/** Why a file cannot be an audit log, or null. Creates nothing. */
export function auditObjection(file: string): string | null {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) return 'is a folder'
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK)
    return null
  } catch (error) {
    return `cannot be written (${error instanceof Error && 'code' in error ? error.code : error})`
  }
}
