/**
 * How much a server is asked, how fast and for how long. Every figure of docs/pacing.md that is about asking stands
 * here; what one reply may be long is a matter of the parser (smtp/reply.ts).
 */
import type { Assessed } from '../relay/assess.ts'

/** Figures that hold for every server. Times in milliseconds. */
export const FIGURES = {
  /**
   * Connections of one test. Debian's Sendmail refuses the eleventh in a minute, and a test may last less (measured).
   */
  connections: 8,
  /** Of these, how many only a message may use until there is none to send. */
  keptForMessage: 1,
  /** Messages of one test that a server may accept. */
  messages: 3,
  /** How often an envelope is asked again because its answer was missing or put off. */
  retries: 2,
  /** Forms of the full suite that may be left out for a server with narrow limits: a third. */
  spared: 11,
  connectMs: 10_000,
  greetingMs: 30_000,
  /** Between two connections to a server that accepts one at a time: it may count the last one for a moment longer. */
  pauseMs: 200,
  /** What must be left of the time for a visit after greylisting. */
  visitMs: 5_000,
  /** What must be left of the time for a control after waiting for ambiguous messages. */
  controlMs: 3_000,
  /** What must be left of the time for QUIT and for the answer to our caller. */
  farewellMs: 2_000,
  /** A refusal that takes this long, and that many times as long as the one before, is a tarpit that grows. */
  slowMs: 4_000,
  slowGrowth: 1.5,
} as const

/**
 * How much one server is asked at once. Postfix delays every reply by a second from the 10th refusal of a connection
 * on, Exim drops a connection at the 4th syntax error and closes it after 10 RSETs (measured).
 */
export interface Pace {
  /** Refusals a connection, if everything is refused. */
  readonly refusals: number
  /** Syntax errors a connection. */
  readonly syntaxErrors: number
  /** Recipients a transaction. */
  readonly recipients: number
  /** Transactions a connection, and with them RSETs. */
  readonly transactions: number
  /** Connections at once. */
  readonly atOnce: number
}

/** What mail servers accept, unless we know or see otherwise. */
export const USUAL: Pace = { refusals: 9, syntaxErrors: 3, recipients: 10, transactions: 10, atOnce: 3 }

/** Software with other limits than the usual ones, by the names that `recognise` gives. */
const KNOWN: Readonly<Record<string, Partial<Pace>>> = {
  // TARPIT=1: a refusal takes 8 s, the next one of the connection 16 s, then 32 s (measured).
  Courier: { refusals: 1, recipients: 1, transactions: 1 },
  // MaxProtocolErrors 5.
  Exchange: { refusals: 4 },
  // No limit to errors; 100 mails and 1000 recipients a session (150 refusals, 60 of syntax, measured).
  OpenSMTPD: { refusals: 20, syntaxErrors: 6, recipients: 20 },
  // Debian's BadRcptThrottle: a second for each refused recipient of a transaction after the third. MAXBADCOMMANDS 25
  // counts unknown commands and not refusals (120 of them, 60 of syntax, and 80 transactions, measured).
  Sendmail: { refusals: 20, syntaxErrors: 6, recipients: 3, transactions: 20 },
}

/**
 * Returns the pace for a server of that software. What the server has shown overrules what is known of the software.
 */
export function paceFor(software: { readonly name: string } | null, shown: Partial<Pace> = {}): Pace {
  const known = Object.entries(KNOWN).find(([name]) => software?.name.includes(name))
  return { ...USUAL, ...known?.[1], ...shown }
}

/**
 * Learns a pace from attempts that failed and are asked again (docs/pacing.md, rule 3).
 *
 * @param rows all answers so far
 * @param before what was learnt earlier
 */
export function learn(failed: readonly Assessed[], rows: readonly Assessed[], before: Partial<Pace>): Partial<Pace> {
  return Object.assign({}, before, ...failed.map((row) => lessonOf(row, rows, before)))
}

function lessonOf(row: Assessed, rows: readonly Assessed[], before: Partial<Pace>): Partial<Pace> {
  const { attempt, refusal, decisive } = row
  if (attempt.why === 'dropped' || decisive?.reply.code === 421) return answeredBeforeTheEnd(rows, attempt.connection)
  // One refusal a connection, for servers that answer each one later than the one before.
  if (attempt.why === 'slowing') return { refusals: 1, recipients: 1, transactions: 1 }
  if (attempt.why === 'connection-limit') return { atOnce: 1 }
  const isTooMany = refusal === 'throttled' && decisive?.phase === 'rcpt'
  if (isTooMany || attempt.why === 'transaction-ended') {
    return before.recipients === 1 ? { transactions: 1 } : { recipients: 1 }
  }
  return {}
}

/** Counts what a connection answered before the server ended it: that much it accepts. */
function answeredBeforeTheEnd(rows: readonly Assessed[], connection: number | null): Partial<Pace> {
  const answered = rows.filter(
    ({ attempt, decisive }) => attempt.connection === connection && decisive !== null && decisive.reply.code !== 421,
  )
  if (answered.length === 0) return {}
  const refusals = answered.filter(({ outcome }) => outcome !== 'accepted').length
  return {
    refusals: Math.max(1, refusals),
    transactions: new Set(answered.map(({ attempt }) => attempt.mailFrom)).size,
  }
}
