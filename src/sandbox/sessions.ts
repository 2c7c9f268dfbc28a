/** The table of the sandbox: which session is behind which address. */
import type { SandboxAddress } from '../access/sandbox.ts'
import type { QuotaName } from '../contract/limits.ts'
import type { Recording } from './recording.ts'
import {
  AMBIGUOUS,
  CLOSED,
  DEAD,
  GREYLISTED,
  OPEN,
  RECORDED_MAILBOX,
  SLOW,
  UNKNOWN_WORDS,
  UNKNOWN_WORDS_KNOWN_MAILBOX,
} from './recordings.ts'

/** A session that depends on the known mailbox of the test. */
type ByMailbox = (knownMailbox: string | null) => Recording

/** The content behind each address of the sandbox: a session, or a quota that is always used up. */
const BEHIND: Readonly<Record<SandboxAddress, Recording | ByMailbox | QuotaName>> = {
  '192.0.2.1': CLOSED,
  '192.0.2.2': OPEN,
  '192.0.2.3': GREYLISTED,
  '192.0.2.4': DEAD,
  '192.0.2.5': SLOW,
  '192.0.2.6': 'tests-target',
  '192.0.2.7': AMBIGUOUS,
  '192.0.2.8': (knownMailbox) =>
    knownMailbox === null ? UNKNOWN_WORDS : withMailbox(UNKNOWN_WORDS_KNOWN_MAILBOX, knownMailbox),
}

/** Returns a session as if it had been recorded with another known mailbox. */
function withMailbox({ attempts, transcript }: Recording, knownMailbox: string): Recording {
  const named = (text: string | null) => text?.replace(RECORDED_MAILBOX, knownMailbox) ?? null
  return {
    attempts: attempts.map((attempt) => ({
      ...attempt,
      mailFrom: named(attempt.mailFrom),
      rcptTo: named(attempt.rcptTo),
    })),
    transcript: transcript.map((entry) => ({ ...entry, line: entry.line.replace(RECORDED_MAILBOX, knownMailbox) })),
  }
}

const behind = (ip: string): Recording | ByMailbox | QuotaName | null =>
  Object.entries(BEHIND).find(([address]) => address === ip)?.[1] ?? null

/** Returns the recorded session behind an address. Throws if there is none: such a test is never admitted. */
export function sessionAt(ip: string, knownMailbox: string | null): Recording {
  const found = behind(ip)
  if (found === null || typeof found === 'string') throw new Error(`no session for ${ip}`)
  return typeof found === 'function' ? found(knownMailbox) : found
}

/** Returns the quota that is always used up for an address, or null. */
export function usedUpAt(ip: string): QuotaName | null {
  const found = behind(ip)
  return typeof found === 'string' ? found : null
}
