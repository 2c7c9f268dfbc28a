/** Defines a row of the tables of texts, and the stages of a session. Each table stands in a file of its own. */
import type { Refusal } from '../contract/words.ts'
import type { Stage } from './attempt.ts'
import type { Form } from './forms.ts'

/** The stage of a session: our connection, our name, or a stage of a transaction. */
export type SessionStage = Stage | 'greeting' | 'hello'

/** The stages at which the server knows the recipient. Before them, it can only speak of our sender. */
export const AFTER_MAIL: readonly SessionStage[] = ['rcpt', 'data', 'dot']

/** A family of texts that refusals contain, and what it means. */
export interface TextRow {
  readonly refusal: Refusal
  /** Matched against `plainText` of the reply. Every quantifier inside a quantifier has a bound. */
  readonly text: RegExp
  /** The server or document that has the text; "measured" means that we saw it ourselves. */
  readonly source: string
  /** Other texts of the same kind that the row reads in the same way. */
  readonly covers: string
  /** The row counts only if all of these conditions hold: a 4xx reply, that sender, that recipient, these stages. */
  readonly only?: {
    readonly temporary?: true
    readonly sender?: Form['sender']['as']
    readonly recipient?: Form['recipient']['kind']
    readonly stages?: readonly SessionStage[]
    /** The row does not count for a 421, which is about the connection (RFC 5321 section 3.8). */
    readonly stays?: true
  }
}
