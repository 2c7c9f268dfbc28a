/** Defines a row of the tables of texts, and the moments of a test, so that each table stands in a file of its own. */
import type { Refusal } from '../contract/words.ts'
import type { Phase } from './attempt.ts'
import type { Form } from './forms.ts'

/** The thing that a reply answered: a command of an envelope, or our connection, or our name. */
export type RepliedTo = Phase | 'greeting' | 'hello'

/** The moments when the server knows the recipient. Before them, it can only speak of our sender. */
export const AFTER_MAIL: readonly RepliedTo[] = ['rcpt', 'data', 'dot']

/** A family of texts that refusals contain, and what it means. */
export interface TextRow {
  readonly refusal: Refusal
  /** Matched against `plainText` of the reply. Every quantifier inside a quantifier has a bound. */
  readonly text: RegExp
  /** The server or document that has the text; "measured" means that we saw it ourselves. */
  readonly source: string
  /** Other texts of the same kind that the row reads in the same way. */
  readonly covers: string
  /** The row counts only if all of these conditions hold: a 4xx reply, that sender, that recipient, these moments. */
  readonly only?: {
    readonly temporary?: true
    readonly sender?: Form['sender']['as']
    readonly recipient?: Form['recipient']['kind']
    readonly moments?: readonly RepliedTo[]
    /** The row does not count for a 421, which is about the connection (RFC 5321 section 3.8). */
    readonly stays?: true
  }
}
