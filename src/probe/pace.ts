/**
 * Says how much a server may be asked, how fast, and for how long. The figures of docs/pacing.md, rules 3 to 6, are
 * here, so that they can be changed in one place; smtp/reply.ts has the limits of what we read.
 */
import { type Assessed, isCutOff } from '../relay/assess.ts'

/** Figures that hold for every server. Times in milliseconds. */
export const FIGURES = {
  /** Connections of one test, often within a minute. Debian's Sendmail refuses the 11th in a minute (measured). */
  connections: 8,
  /** How many of these are kept for a message, until it is clear that there is none to send. */
  keptForMessage: 1,
  /** The most messages of one test that a server accepts, and the most final dots that we send it. */
  messages: 3,
  dots: 8,
  /** How often a form is asked again because its answer was missing or deferred. */
  retries: 2,
  connectMs: 10_000,
  greetingMs: 30_000,
  /** How long we wait for a first byte before we try TLS. It is longer than the pause of postscreen. */
  quietMs: 10_000,
  /** How long the handshake may take if TLS begins with the first byte. */
  tlsMs: 5_000,
  /**
   * How long the next answer to a group, or to RSET, may take. A server that needed long for an earlier answer gets
   * `silenceGrowth` times as long, because it may be a tarpit.
   */
  silenceMs: 10_000,
  silenceGrowth: 3,
  /**
   * The first and the second pause after a server says that we ask too much, if its reply names no time. There is no
   * third pause.
   */
  throttledMs: [5_000, 15_000],
  /** The pause if the server answered something else on that connection: then its limit is for each session. */
  sessionPauseMs: 1_000,
  /** The pause between connections to a server that accepts one at a time: it may still count the old one. */
  pauseMs: 200,
  /** The time that must be left after a long wait, so that another visit is possible. */
  visitMs: 5_000,
  /** The time that must be left to ask again from a second vantage. */
  secondVantageMs: 5_000,
  /** The time that is kept for a control after the wait for ambiguous messages. */
  controlMs: 3_000,
  /** The time that is kept for QUIT, and for the answer to our caller. */
  farewellMs: 2_000,
  /** A refusal that takes `slowMs`, and `slowGrowth` times as long as the one before, shows a tarpit that grows. */
  slowMs: 4_000,
  slowGrowth: 1.5,
} as const

/** Returns how long the next answer may take, in milliseconds. */
export const patience = (slowestMs: number): number => Math.max(FIGURES.silenceMs, FIGURES.silenceGrowth * slowestMs)

/**
 * How much one server may be asked at once. Postfix delays every reply by a second from the 10th refusal of a
 * connection on. Exim drops a connection at the 4th syntax error, or after 12 RSETs (all measured).
 */
export interface Pace {
  /** Refusals on one connection, if everything is refused. */
  readonly refusals: number
  /** Syntax errors on one connection. */
  readonly syntaxErrors: number
  /** Recipients in one transaction. */
  readonly recipients: number
  /** Transactions on one connection. Each ends with a RSET. */
  readonly transactions: number
  /** Connections that are open at the same time. */
  readonly atOnce: number
}

/** The pace that mail servers usually accept. */
export const USUAL: Pace = { refusals: 9, syntaxErrors: 3, recipients: 10, transactions: 10, atOnce: 3 }

/** Software with other limits than the usual ones, by the names that `recognise` gives. */
const KNOWN: Readonly<Record<string, Partial<Pace>>> = {
  // TARPIT=1: a refusal takes 8 s, the next one of the connection 16 s, then 32 s (measured).
  Courier: { refusals: 1, recipients: 1, transactions: 1 },
  // MaxProtocolErrors 5.
  Exchange: { refusals: 4 },
  // No limit of errors: 150 refusals and 60 syntax errors measured. A session may have 100 mails, 1000 recipients.
  OpenSMTPD: { refusals: 20, syntaxErrors: 6, recipients: 20 },
  // BadRcptThrottle of Debian: after three refused recipients of a transaction, each further one takes a second.
  // MAXBADCOMMANDS (25) counts unknown commands only: 120 refusals, 60 syntax errors and 80 transactions measured.
  Sendmail: { refusals: 20, syntaxErrors: 6, recipients: 3, transactions: 20 },
}

/** Returns the pace for a server with this software. Its behaviour in this test counts more than its software. */
export function paceFor(software: { readonly name: string } | null, shown: Partial<Pace> = {}): Pace {
  const known = Object.entries(KNOWN).find(([name]) => software?.name.includes(name))
  return { ...USUAL, ...known?.[1], ...shown }
}

/**
 * Returns what failed attempts show about the pace of a server (docs/pacing.md, rule 3, the table).
 *
 * @param rows all answers so far
 * @param before what was learnt earlier
 */
export function learn(failed: readonly Assessed[], rows: readonly Assessed[], before: Partial<Pace>): Partial<Pace> {
  return Object.assign({}, before, ...failed.map((row) => lessonOf(row, rows, before)))
}

function lessonOf(row: Assessed, rows: readonly Assessed[], before: Partial<Pace>): Partial<Pace> {
  const { attempt, decisive } = row
  if (isCutOff(attempt)) return { atOnce: 1 }
  if (attempt.why === 'dropped' || decisive?.reply.code === 421) return answeredBeforeTheEnd(rows, attempt.connection)
  // This server answers each refusal later than the one before: one refusal a connection.
  if (attempt.why === 'slowing') return { refusals: 1, recipients: 1, transactions: 1 }
  if (attempt.why === 'turned-away') return { atOnce: 1 }
  if (isTooManyRecipients(row) || attempt.why === 'transaction-ended') {
    return before.recipients === 1 ? { transactions: 1 } : { recipients: 1 }
  }
  return row.refusal === 'throttled' ? { atOnce: 1 } : {}
}

/** Whether a server refused a recipient because the transaction or session has enough of them (RFC 5321: 452). */
export function isTooManyRecipients({ refusal, decisive }: Assessed): boolean {
  if (refusal !== 'throttled' || decisive?.stage !== 'rcpt') return false
  const { code, enhanced, lines } = decisive.reply
  return code === 452 || enhanced?.endsWith('.5.3') === true || /recipient|\brcpt/i.test(lines.join(' '))
}

/** Returns the pace that a server accepts: what it answered on a connection before it ended that connection. */
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
