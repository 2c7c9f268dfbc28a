import { printable } from '../smtp/printable.ts'

/** What is kept of a message. */
export interface Scan {
  /** Everything that could be a nonce, each once. */
  readonly nonces: readonly string[]
  /** Whether it reports that a message was not delivered, if it is a report at all: a delay is no failure. */
  readonly failed: boolean
  /** The bodies of the Received fields in order of appearance: unfolded, printable, the first 20, 1 KiB of each. */
  readonly received: readonly string[]
}

const NONCE = /\b[a-z2-7]{26}\b/g
/** RFC 2045 section 6.7, rule 5: a relay may wrap lines so, also in the middle of a nonce. */
const SOFT_BREAK = /=\r?\n/g
/** RFC 3464 section 2.3.3: what became of a recipient's message. */
const ACTION = /^action:[ \t]*(failed|delayed|delivered|relayed|expanded)\b/gim
const MAX_RECEIVED = 20
const MAX_FIELD = 1024

/** Reads out of a message, headers and body, what a relay test needs to know of it. */
export function scan(message: Buffer): Scan {
  const text = message.toString('latin1')
  // As it came too: in text that is not quoted-printable, a line may well end with an equals sign.
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
