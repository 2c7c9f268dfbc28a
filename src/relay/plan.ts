import type { Form, Names, Need } from './forms.ts'
import { type Pace, SPARED, USUAL } from './pace.ts'

/** One recipient to ask for, for one form. */
export interface PlannedAttempt {
  readonly form: Form
  readonly mailFrom: string
  readonly rcptTo: string
}

/** MAIL and one or more RCPT. All attempts have the same sender. */
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

/** A connection that is being planned. */
interface Draft {
  /** What it was asked before. */
  readonly begun: ConnectionPlan
  readonly transactions: PlannedAttempt[][]
  refusals: number
  syntaxErrors: number
  /** How often it waits for an answer, if everything is asked in turn. */
  waits: number
}

/**
 * Turns attempts into transactions, grouped by sender, and transactions into connections, so that each stays within the
 * pace if every command is refused: a RCPT that is pipelined after a refused MAIL is refused as well. Attempts that may
 * be taken for syntax errors are spread, and come last on their connections, but for the sentinel and, where a server bears
 * much, for what shares its transaction. The null sender takes one recipient a transaction, as bounces do.
 *
 * @param standing what each connection that stands was asked before: the work is spread evenly over them, and more are
 * planned where they cannot bear it
 * @returns a plan for each that stands, empty where there is nothing to ask, and then those for the others
 */
export function plan(
  attempts: readonly PlannedAttempt[],
  manner: Manner,
  standing: readonly ConnectionPlan[] = [],
): ConnectionPlan[] {
  const drafts = standing.map((begun) => draftFrom(begun, manner))
  for (const attempt of attempts.toSorted((a, b) => rarity(b, manner) - rarity(a, manner))) {
    const able = drafts.filter((draft) => bears(draft, attempt, manner))
    const [least = draftFrom([], manner)] = able.toSorted((a, b) => a.waits - b.waits)
    add(least, attempt, manner)
    if (!drafts.includes(least)) drafts.push(least)
  }
  return drafts.map((draft) => finished(draft, manner))
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
  standing: readonly ConnectionPlan[] = [],
): { readonly plans: ConnectionPlan[]; readonly spared: readonly PlannedAttempt[] } {
  const planned = (some: readonly PlannedAttempt[]) =>
    plan(some, manner, standing).filter((connection) => connection.length > 0)
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
 * What is enough to ask of a server that is known to bear much before several connections ask the rest: the first attempt
 * that is no risk, alone. Of any other nothing is: how much it bears shows on a whole connection.
 */
export function planLook(attempts: readonly PlannedAttempt[], manner: Manner): ConnectionPlan {
  const look = attempts.find((attempt) => !isRisky(attempt))
  return look && sentinelIn(manner) && bearsMuch(manner) ? [[look]] : []
}

/**
 * What to ask on the very first connection: attempts that are no risk, in their order, and one that is, if there are any and
 * the standard forms leave room for it: risks are what makes more connections necessary.
 */
export function planFirst(attempts: readonly PlannedAttempt[], manner: Manner): ConnectionPlan {
  const look = planLook(attempts, manner)
  const [risk] = attempts.filter(isRisky)
  const safe = attempts.filter((attempt) => !isRisky(attempt) && !look.flat().includes(attempt))
  const others = safe.filter((attempt) => !isStandard(attempt))
  const draft = draftFrom(look, manner)
  for (const attempt of [...safe.filter(isStandard), ...(risk ? [risk] : []), ...others]) {
    const isFirst = look.length === 0 && draft.transactions.length === 0
    if (isFirst || bears(draft, attempt, manner)) add(draft, attempt, manner)
  }
  return [...look, ...finished(draft, manner)]
}

/** The sentinel, where the server bears what is usual, or more. */
function sentinelIn({ pace, sentinel }: Manner): PlannedAttempt | null {
  return pace.refusals >= USUAL.refusals && pace.transactions >= USUAL.transactions ? sentinel : null
}

/** Whether the server is known to bear more than is usual; what it shows may overrule that. */
const bearsMuch = ({ pace }: Manner): boolean => pace.refusals > USUAL.refusals

function draftFrom(begun: ConnectionPlan, manner: Manner): Draft {
  const draft: Draft = { begun, transactions: [], refusals: 0, syntaxErrors: 0, waits: 0 }
  for (const [first, ...others] of begun) {
    draft.refusals += (first && manner.taken.has(first.mailFrom) ? 1 : 2) + others.length
    draft.waits += 1
  }
  draft.syntaxErrors = begun.flat().filter(isRisky).length
  const sentinel = sentinelIn(manner)
  if (sentinel) add(draft, sentinel, manner)
  return draft
}

/** The transaction of a draft that an attempt can join. */
function openFor(draft: Draft, attempt: PlannedAttempt, manner: Manner): PlannedAttempt[] | undefined {
  if (attempt.mailFrom === '') return undefined
  return draft.transactions.find((transaction) => {
    const [first] = transaction
    if (first?.mailFrom !== attempt.mailFrom || transaction.length >= manner.pace.recipients) return false
    // What may end a transaction, or the connection, stands behind all that must not be lost with it.
    return first === manner.sentinel ? bearsMuch(manner) : isRisky(first) === isRisky(attempt)
  })
}

const refusalsOf = (draft: Draft, attempt: PlannedAttempt, manner: Manner): number =>
  openFor(draft, attempt, manner) || manner.taken.has(attempt.mailFrom) ? 1 : 2

function bears(draft: Draft, attempt: PlannedAttempt, manner: Manner): boolean {
  const { refusals, syntaxErrors, transactions } = manner.pace
  if (isRisky(attempt) && draft.syntaxErrors >= syntaxErrors) return false
  if (draft.refusals + refusalsOf(draft, attempt, manner) > refusals) return false
  return openFor(draft, attempt, manner) !== undefined || draft.begun.length + draft.transactions.length < transactions
}

function add(draft: Draft, attempt: PlannedAttempt, manner: Manner): void {
  draft.refusals += refusalsOf(draft, attempt, manner)
  draft.syntaxErrors += Number(isRisky(attempt))
  const open = openFor(draft, attempt, manner)
  // MAIL, RCPT, and RSET before the next one.
  draft.waits += open ? 1 : 3
  if (open) open.push(attempt)
  else draft.transactions.push([attempt])
}

/** Puts a draft in its order; where there is nothing but the sentinel, there is nothing to ask. */
function finished({ begun, transactions }: Draft, manner: Manner): ConnectionPlan {
  const sentinel = sentinelIn(manner)
  const place = (attempt: PlannedAttempt) => (attempt === sentinel ? 2 : Number(isRisky(attempt)))
  const ordered = transactions.map((transaction) => transaction.toSorted((a, b) => place(a) - place(b)))
  const last = (transaction: Transaction) => Math.max(...transaction.map(place))
  const isIdle = begun.length === 0 && transactions.flat().every((attempt) => attempt === sentinel)
  return isIdle ? [] : ordered.toSorted((a, b) => last(a) - last(b))
}

/** The rarer room is given away first: that for risks, then that for what needs a transaction of its own. */
function rarity(attempt: PlannedAttempt, manner: Manner): number {
  const sentinel = sentinelIn(manner)
  return 2 * Number(isRisky(attempt)) + Number(sentinel !== null && attempt.mailFrom !== sentinel.mailFrom)
}

const isStandard = ({ form }: PlannedAttempt): boolean => form.suites.includes('standard')

const isRisky = ({ form }: PlannedAttempt): boolean => form.sender.risky === true || form.recipient.risky === true
