/** Reads what the service needs from a message: nonces, the kind of report, and the path that the message took. */
import { printable } from '../smtp/printable.ts'
import { NONCE } from './nonce.ts'

/** The parts of a message that we keep. */
export interface MessageFacts {
  /** Every text that has the form of a nonce, each once. */
  readonly nonces: readonly string[]
  /** True, unless the message is a report of only delays or successes. */
  readonly failed: boolean
  /** The values of the Received fields, top first: unfolded, printable, at most 20 with 1 KiB each. */
  readonly received: readonly string[]
}

/** RFC 2045 section 6.7, rule 5: a relay can break lines like this, even inside a nonce. */
const SOFT_BREAK = /=\r?\n/g
/** RFC 3464 section 2.3.3: the result for one recipient. */
const ACTION = /^action:[ \t]*(failed|delayed|delivered|relayed|expanded)\b/gim
const MAX_RECEIVED = 20
const MAX_FIELD = 1024

/** Reads a message, headers and body. */
export function readMessage(message: Buffer): MessageFacts {
  const text = message.toString('latin1')
  // We also search the text as it came, because a line that is not quoted-printable can end with "=".
  const candidates = [text, text.replace(SOFT_BREAK, '')].flatMap((reading) => reading.match(NONCE) ?? [])
  const actions = [...text.matchAll(ACTION)].map(([, action]) => action?.toLowerCase())
  const failed = actions.length === 0 || actions.includes('failed')
  return { nonces: [...new Set(candidates)], failed, received: receivedFields(text) }
}

function receivedFields(text: string): string[] {
  const [header = ''] = text.split(/(?:^|\r?\n)\r?\n/, 1)
  return header
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .filter((field) => /^received:/i.test(field))
    .slice(0, MAX_RECEIVED)
    .map((field) => printable(field.slice('received:'.length).trim()).slice(0, MAX_FIELD))
}
