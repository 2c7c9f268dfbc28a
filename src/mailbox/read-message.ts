/** Reads what the service needs from a message: the secrets in it, and the path that it took. */
import { printable } from '../smtp/printable.ts'
import { base64Blocks, fromQuotedPrintable, withoutSoftBreaks } from './encodings.ts'
import { SECRET } from './secret.ts'

/** The parts of a message that we keep. */
export interface MessageFacts {
  /** Texts that look like a secret, in lower case, each once; at most 32. */
  readonly secrets: readonly string[]
  /** The values of the Received fields, top first: unfolded, printable, at most 20 with 1 KiB each. */
  readonly received: readonly string[]
}

/** A test message has two secrets. More such texts are chance, or sent by somebody who wants to fill our memory. */
const MAX_SECRETS = 32
const MAX_RECEIVED = 20
const MAX_FIELD = 1024

/** Reads a message, headers and body. A server may have encoded it again, and broken its lines inside a secret. */
export function readMessage(message: Buffer): MessageFacts {
  const text = message.toString('latin1')
  // We also search the text as it came, because a line that is not quoted-printable can end with "=".
  const readings = [text, withoutSoftBreaks(text), fromQuotedPrintable(text), ...base64Blocks(text)]
  return { secrets: secretsIn(readings), received: receivedFields(text) }
}

/** Returns the first texts that look like a secret. Stops there, because the rest proves nothing. */
function secretsIn(readings: readonly string[]): string[] {
  const found = new Set<string>()
  for (const reading of readings) {
    for (const [secret] of reading.matchAll(SECRET)) {
      found.add(secret.toLowerCase())
      if (found.size === MAX_SECRETS) return [...found]
    }
  }
  return [...found]
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
