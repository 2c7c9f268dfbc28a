import type { Form, Names, Need } from './forms.ts'
import { type Pace, SPARED, USUAL } from './pace.ts'

/** One recipient to ask for, for one form. */
export interface PlannedAttempt {
  readonly form: Form
  readonly mailFrom: string
  readonly rcptTo: string
}

/** MAIL, one or more RCPT, RSET. All attempts have the same sender. */
export type Transaction = readonly PlannedAttempt[]

/** What one connection is asked. */
export type ConnectionPlan = readonly Transaction[]

/** What is known of the target's names; a form that needs one that is missing cannot be spelled. */
export type KnownNames = Omit<Names, Need> & Readonly<Record<Need, string | null>>

/** RFC 5321 section 4.5.3.1.1. */
const LOCAL_PART = 64

/** Spells a form out, or says what stands in the way. */
export function spell(
  form: Form,
  names: KnownNames,
): PlannedAttempt | { readonly form: Form; readonly why: 'domain-unknown' | 'host-unknown' | 'local-part-too-long' } {
  const { domain, host } = names
  const needs = [form.sender.needs, form.recipient.needs]
  if (domain === null && needs.includes('domain')) return { form, why: 'domain-unknown' }
  if (host === null && needs.includes('host')) return { form, why: 'host-unknown' }
  const whole = { ...names, domain: domain ?? '', host: host ?? '' }
  const rcptTo = form.recipient.spell(whole)
  const at = rcptTo.lastIndexOf('@')
  // A source route is no part of the local part.
  const local = at === -1 ? rcptTo : rcptTo.slice(rcptTo.startsWith('@') ? rcptTo.indexOf(':') + 1 : 0, at)
  if (local.length > LOCAL_PART) return { form, why: 'local-part-too-long' }
  return { form, mailFrom: form.sender.spell(whole), rcptTo }
}

/** How a server is asked. */
export interface Manner {
  readonly pace: Pace
  /** Senders that it is known to take at MAIL. */
  readonly taken: ReadonlySet<string>
  /** What every connection ends in, where the server bears what is usual. */
  readonly sentinel: PlannedAttempt | null
}

interface Connection {
  readonly transactions: PlannedAttempt[][]
  refusals: number
  syntaxErrors: number
}

/**
 * Turns attempts into transactions, grouped by sender, and transactions into connections, so that each stays within the
 * pace if every command is refused: a RCPT that is pipelined after a refused MAIL is refused as well. Attempts that may
 * be taken for syntax errors are spread, and come last on their connections. The null sender takes one recipient a
 * transaction, as bounces do.
 *
 * @param taken senders that the server is known to take at MAIL
 */
export function plan(
  attempts: readonly PlannedAttempt[],
  pace: Pace,
  taken: ReadonlySet<string> = new Set(),
): ConnectionPlan[] {
  const connections: Connection[] = []
  // The rarer room is given away first.
  for (const attempt of [...attempts.filter(isRisky), ...attempts.filter((candidate) => !isRisky(candidate))]) {
    if (connections.some((connection) => add(connection, attempt, pace, taken))) continue
    const refusals = taken.has(attempt.mailFrom) ? 1 : 2
    connections.push({ transactions: [[attempt]], refusals, syntaxErrors: isRisky(attempt) ? 1 : 0 })
  }
  return connections.map(({ transactions }) =>
    transactions.toSorted((a, b) => Number(endsBadly(a)) - Number(endsBadly(b))),
  )
}

/**
 * The same for a server that bears less than is usual, in so many connections: the forms of the suite that come last are
 * spared, but for the standard ones, and no more than a few. Beyond that nothing is: what does not fit then says so.
 *
 * @param isSparable whether nothing was learnt of a form yet that would be lost
 */
export function planWithin(
  attempts: readonly PlannedAttempt[],
  manner: Manner,
  connections: number,
  isSparable: (form: Form) => boolean,
): { readonly plans: ConnectionPlan[]; readonly spared: readonly PlannedAttempt[] } {
  const planned = (some: readonly PlannedAttempt[]) =>
    plan(some, roomIn(manner), manner.taken).map((connection) => guarded(connection, manner))
  const whole = planned(attempts)
  const sparable = attempts.filter((attempt) => !isStandard(attempt) && isSparable(attempt.form))
  for (let count = 1; count <= SPARED && count <= sparable.length; count += 1) {
    if (whole.length <= connections) break
    const spared = sparable.slice(-count)
    const plans = planned(attempts.filter((attempt) => !spared.includes(attempt)))
    if (plans.length <= connections) return { plans, spared }
  }
  return { plans: whole, spared: [] }
}

/**
 * What to ask on the very first connection: attempts that are no risk, in their order, and one that is, if there are any and
 * the standard forms leave room for it: risks are what makes more connections necessary.
 */
export function planFirst(attempts: readonly PlannedAttempt[], manner: Manner): ConnectionPlan {
  const [risk] = attempts.filter(isRisky)
  const safe = attempts.filter((attempt) => !isRisky(attempt))
  const room = roomIn(manner)
  const [whole = []] = plan(safe, room)
  const [less = []] = plan(safe, { ...room, refusals: room.refusals - RISK })
  const isCrowded = whole.flat().some((attempt) => isStandard(attempt) && !less.flat().includes(attempt))
  const [first = []] = risk && !isCrowded ? plan([...less.flat(), risk], room) : [whole]
  return guarded(first, manner)
}

/** What is left of the pace beside a sentinel. */
function roomIn(manner: Manner): Pace {
  const { pace, taken, sentinel } = manner
  if (!sentinel || !isGuarded(manner)) return pace
  const refusals = pace.refusals - (taken.has(sentinel.mailFrom) ? 1 : 2)
  return { ...pace, refusals, transactions: pace.transactions - 1 }
}

const guarded = (connection: ConnectionPlan, manner: Manner): ConnectionPlan =>
  manner.sentinel && isGuarded(manner) && connection.length > 0 ? [...connection, [manner.sentinel]] : connection

const isGuarded = ({ pace }: Manner): boolean =>
  pace.refusals >= USUAL.refusals && pace.transactions >= USUAL.transactions

/** What a risk costs at worst: its MAIL, and its RCPT. */
const RISK = 2

const endsBadly = (transaction: Transaction): boolean => transaction.some(isRisky)

/** Adds an attempt to a connection that can bear it; returns whether it could. */
function add(connection: Connection, attempt: PlannedAttempt, pace: Pace, taken: ReadonlySet<string>): boolean {
  const risky = isRisky(attempt)
  if (risky && connection.syntaxErrors >= pace.syntaxErrors) return false
  const open = connection.transactions.find((transaction) => {
    const [first] = transaction
    // What may end a connection stands behind all that must not be lost with it.
    const alike = first !== undefined && first.mailFrom === attempt.mailFrom && isRisky(first) === risky
    return alike && attempt.mailFrom !== '' && transaction.length < pace.recipients
  })
  const cost = open || taken.has(attempt.mailFrom) ? 1 : 2
  if (connection.refusals + cost > pace.refusals) return false
  if (!open && connection.transactions.length >= pace.transactions) return false
  if (open) open.push(attempt)
  else connection.transactions.push([attempt])
  connection.refusals += cost
  if (risky) connection.syntaxErrors += 1
  return true
}

const isStandard = ({ form }: PlannedAttempt): boolean => form.suites.includes('standard')

const isRisky = ({ form }: PlannedAttempt): boolean => form.sender.risky === true || form.recipient.risky === true
