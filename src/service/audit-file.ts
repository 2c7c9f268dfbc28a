/** Writes the audit log. A test dials only after its line is written. */
import { accessSync, closeSync, constants, existsSync, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StandardOutput } from './standard-output.ts'

/** The audit log. */
export interface AuditFile {
  /** Writes one line. Resolves when the operating system has the line, and rejects if that fails. */
  (entry: Readonly<Record<string, unknown>>): Promise<void>
  /** Whether its lines stand among those of the log, on the same output. */
  readonly inLog?: boolean
}

/** Does not wait for a reader if the file is a named pipe: a write to a full one fails. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

const openFile = (file: string): number => openSync(file, APPEND, 0o600)

/**
 * Opens the audit log: a file that is appended to, or standard output. Throws if the file cannot be opened. If log
 * rotation moves the file away, the next line opens a new one.
 *
 * A line is written synchronously, because no dial may come before it. That holds up the event loop for less than
 * 0.1 ms (measured). The line is not forced to the disk: it outlives the process, but a power cut may lose it.
 */
export function openAuditFile(place: string | StandardOutput): AuditFile {
  const append = typeof place === 'string' ? appenderTo(place) : (line: string) => place.append(line)
  const write = async (entry: Readonly<Record<string, unknown>>) => {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`
    await whilePipeIsFull(() => append(line))
  }
  return Object.assign(write, { inLog: typeof place !== 'string' })
}

/** Returns a function that appends a line to a file, or throws. */
function appenderTo(file: string): (line: string) => void {
  let fd = openFile(file)
  let torn = false
  return (text) => {
    if (!isSameFile(fd, file)) {
      const next = openFile(file)
      closeSync(fd)
      fd = next
    }
    // Starts a new line first, if only a part of the last one was written.
    const line = Buffer.from(torn ? `\n${text}` : text)
    torn = writeSync(fd, line) !== line.length
    if (torn) throw new Error('the audit log took only a part of a line')
  }
}

/** How long we try to write to a full pipe, and the pause between two tries, in milliseconds. */
const FULL_MS = 250
const PAUSE_MS = 5

/** Writes, and tries again while a pipe is full: its reader may be behind when many tests start at once. */
async function whilePipeIsFull(write: () => void): Promise<void> {
  const until = performance.now() + FULL_MS
  for (;;) {
    try {
      return write()
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
      if (!isFull || performance.now() >= until) throw error
      await sleep(PAUSE_MS)
    }
  }
}

function isSameFile(fd: number, file: string): boolean {
  const [open, named] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })]
  return named !== undefined && named.ino === open.ino && named.dev === open.dev
}

/** Returns why a file cannot be used as audit log, or null. Creates no file. */
export function auditObjection(file: string): string | null {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) return 'is a folder'
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK)
    return null
  } catch (error) {
    return `cannot be written (${error instanceof Error && 'code' in error ? error.code : error})`
  }
}
