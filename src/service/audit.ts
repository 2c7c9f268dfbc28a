import { openSync, writeSync } from 'node:fs'

/** Writes one line of the audit log before it returns; throws where that fails. */
export type Audit = (entry: Readonly<Record<string, unknown>>) => void

const STANDARD_OUTPUT = 1

/** Opens the audit log: a file, appended to, or standard output. Throws where the file cannot be opened. */
export function openAudit(file: string | null): Audit {
  const fd = file === null ? STANDARD_OUTPUT : openSync(file, 'a', 0o600)
  return (entry) => {
    const line = Buffer.from(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`)
    // A line is far shorter than PIPE_BUF, so that a pipe takes it whole or not at all.
    if (writeSync(fd, line) !== line.length) throw new Error('the audit log took only a part of a line')
  }
}
