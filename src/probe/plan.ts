/**
 * Spreads envelopes over connections, so that no connection asks more than the pace allows, even if the server refuses
 * every command. Pure functions: `questions` plans, and `ask` carries the plan out.
 */
import type { Envelope } from '../relay/envelope.ts'
import { type Pace, USUAL } from './pace.ts'

/** One MAIL and one or more RCPT. All envelopes have the same sender. */
export type Transaction = readonly Envelope[]

/** The transactions of one connection, in order. */
export type ConnectionPlan = readonly Transaction[]

/** The limits of a plan. */
export interface PlanRules {
  readonly pace: Pace
  /** Senders that the server is known to accept at MAIL. */
  readonly taken: ReadonlySet<string>
  /** The first question, to be asked again last on every connection if the pace allows it; null for no repeat. */
  readonly repeat: Envelope | null
}

/** Envelopes spread over connections. */
export interface SpreadPlan {
  /** The plan of the connection that is open already; empty if nothing more is asked on it. */
  readonly onCurrent: ConnectionPlan
  /** The plans of other connections. */
  readonly plans: readonly ConnectionPlan[]
  /** The envelopes that are left out. */
  readonly spared: readonly Envelope[]
}

/** A connection that is being planned. */
interface Draft {
  /** The transactions that the connection had before. */
  readonly before: ConnectionPlan
  readonly transactions: Envelope[][]
  refusals: number
  syntaxErrors: number
  /** How many replies we wait for, if every command is sent alone. */
  waits: number
}

/**
 * Spreads envelopes over connections, grouped by sender. Risky envelopes, which may be syntax errors, come last on
 * their connection, before the repeat. A transaction of the null sender has one recipient, as bounces do.
 *
 * @param standing for each open connection, the transactions that it had before; new connections are planned only if
 *   the open ones have no room left
 * @returns a plan for each open connection, which can be empty, and then one for each new connection
 */
export function plan(
  envelopes: readonly Envelope[],
  rules: PlanRules,
  standing: readonly ConnectionPlan[] = [],
): ConnectionPlan[] {
  return place(envelopes, rules, standing).map((draft) => sorted(draft, rules))
}

/**
 * Spreads envelopes over at most `connections` connections. If they do not fit, leaves out the last forms of the full
 * suite. If that is not enough, leaves none out and returns more plans than `connections`, beginning with those that
 * the verdict needs.
 *
 * @param isSparable whether nothing is lost if a form is left out
 */
export function planWithin(
  envelopes: readonly Envelope[],
  rules: PlanRules,
  connections: number,
  isSparable: (envelope: Envelope) => boolean,
  standing: readonly ConnectionPlan[] = [],
): SpreadPlan {
  const busy = (some: readonly Envelope[]) => place(some, rules, standing).filter((draft) => !isIdle(draft, rules))
  const spreadOf = (drafts: readonly Draft[], spared: readonly Envelope[]): SpreadPlan => {
    const used = drafts.find(({ before }) => before.length > 0)
    const plans = drafts.filter((draft) => draft !== used).map((draft) => sorted(draft, rules))
    return { onCurrent: used ? sorted(used, rules) : [], plans, spared }
  }
  const sparable = envelopes.filter((envelope) => !isNeeded(envelope) && isSparable(envelope))
  for (let count = 0; count <= sparable.length; count += 1) {
    const spared = sparable.slice(sparable.length - count)
    const drafts = busy(envelopes.filter((envelope) => !spared.includes(envelope)))
    if (drafts.length <= connections) return spreadOf(drafts, spared)
  }
  const { onCurrent, plans } = spreadOf(busy(envelopes), [])
  return { onCurrent, plans: plans.toSorted((a, b) => needIn(b) - needIn(a)), spared: [] }
}

/** Places every envelope on the connection with room that has the fewest waits, or on a new one. */
function place(envelopes: readonly Envelope[], rules: PlanRules, standing: readonly ConnectionPlan[]): Draft[] {
  const drafts = standing.map((before) => draftFrom(before, rules))
  for (const envelope of envelopes.toSorted((a, b) => hardness(b, rules) - hardness(a, rules))) {
    let least: Draft | undefined
    for (const draft of drafts) {
      if (draft.waits < (least?.waits ?? Number.POSITIVE_INFINITY) && hasRoom(draft, envelope, rules)) least = draft
    }
    if (least === undefined) {
      least = draftFrom([], rules)
      drafts.push(least)
    }
    add(least, envelope, rules)
  }
  return drafts
}

/**
 * Plans the first connection: the standard forms, then one risky envelope if there is room, because risky ones need
 * many connections, then other safe ones.
 */
export function planFirst(envelopes: readonly Envelope[], rules: PlanRules): ConnectionPlan {
  const [risk] = envelopes.filter(isRisky)
  const safe = envelopes.filter((envelope) => !isRisky(envelope))
  const others = safe.filter((envelope) => !isStandard(envelope))
  const draft = draftFrom([], rules)
  for (const envelope of [...safe.filter(isStandard), ...(risk ? [risk] : []), ...others]) {
    if (draft.transactions.length === 0 || hasRoom(draft, envelope, rules)) add(draft, envelope, rules)
  }
  return sorted(draft, rules)
}

/** Returns the repeat if the server allows the usual pace or more, or null. */
function repeatIn({ pace, repeat }: PlanRules): Envelope | null {
  return pace.refusals >= USUAL.refusals && pace.transactions >= USUAL.transactions ? repeat : null
}

/** Whether the software allows more than usual, and the server has not shown otherwise. */
const allowsMore = ({ pace }: PlanRules): boolean => pace.refusals > USUAL.refusals

function draftFrom(before: ConnectionPlan, rules: PlanRules): Draft {
  const draft: Draft = { before, transactions: [], refusals: 0, syntaxErrors: 0, waits: 0 }
  for (const [first, ...others] of before) {
    draft.refusals += (first && rules.taken.has(first.mailFrom) ? 1 : 2) + others.length
    draft.waits += 1
  }
  draft.syntaxErrors = before.flat().filter(isRisky).length
  const repeat = repeatIn(rules)
  if (repeat) add(draft, repeat, rules)
  return draft
}

/** Returns the transaction that an envelope can join, or undefined. */
function openFor(draft: Draft, envelope: Envelope, rules: PlanRules): Envelope[] | undefined {
  if (envelope.mailFrom === '') return undefined
  return draft.transactions.find((transaction) => {
    const [first] = transaction
    if (first?.mailFrom !== envelope.mailFrom || transaction.length >= rules.pace.recipients) return false
    // Nothing joins the repeat, unless the server allows more than usual. A risky envelope may end the transaction, so
    // it joins safe ones only if a connection may have just one transaction.
    if (first === rules.repeat) return allowsMore(rules)
    return isRisky(first) === isRisky(envelope) || rules.pace.transactions === 1
  })
}

/** Returns how many refusals an envelope adds in the worst case: after a refused MAIL, the RCPT is refused too. */
const refusalsOf = (draft: Draft, envelope: Envelope, rules: PlanRules): number =>
  openFor(draft, envelope, rules) || rules.taken.has(envelope.mailFrom) ? 1 : 2

function hasRoom(draft: Draft, envelope: Envelope, rules: PlanRules): boolean {
  const { refusals, syntaxErrors, transactions } = rules.pace
  if (isRisky(envelope) && draft.syntaxErrors >= syntaxErrors) return false
  if (draft.refusals + refusalsOf(draft, envelope, rules) > refusals) return false
  return openFor(draft, envelope, rules) !== undefined || draft.before.length + draft.transactions.length < transactions
}

function add(draft: Draft, envelope: Envelope, rules: PlanRules): void {
  draft.refusals += refusalsOf(draft, envelope, rules)
  draft.syntaxErrors += Number(isRisky(envelope))
  const open = openFor(draft, envelope, rules)
  // A new transaction has three replies: to MAIL, to RCPT, and to RSET.
  draft.waits += open ? 1 : 3
  if (open) open.push(envelope)
  else draft.transactions.push([envelope])
}

/** Returns the plan of a draft in order: safe envelopes, risky ones, the repeat. */
function sorted(draft: Draft, rules: PlanRules): ConnectionPlan {
  if (isIdle(draft, rules)) return []
  const repeat = repeatIn(rules)
  const rankOf = (envelope: Envelope) => (envelope === repeat ? 2 : Number(isRisky(envelope)))
  const ordered = draft.transactions.map((transaction) => transaction.toSorted((a, b) => rankOf(a) - rankOf(b)))
  const last = (transaction: Transaction) => Math.max(...transaction.map(rankOf))
  return ordered.toSorted((a, b) => last(a) - last(b))
}

/** Whether a connection would have nothing to ask but the repeat. */
function isIdle({ transactions }: Draft, rules: PlanRules): boolean {
  const repeat = repeatIn(rules)
  return transactions.every((transaction) => transaction.every((one) => one === repeat))
}

/** Ranks envelopes by how hard they are to place: risky ones most, then those with another sender than the repeat. */
function hardness(envelope: Envelope, rules: PlanRules): number {
  const repeat = repeatIn(rules)
  return 2 * Number(isRisky(envelope)) + Number(repeat !== null && envelope.mailFrom !== repeat.mailFrom)
}

const isStandard = ({ form }: Envelope): boolean => form.suites.includes('standard')

/** Whether the verdict needs an envelope. */
const isNeeded = (envelope: Envelope): boolean => isStandard(envelope) || envelope.form.control

/** Returns 1 if the verdict needs any envelope of a plan, or 0. */
const needIn = (plan: ConnectionPlan): number => Number(plan.flat().some(isNeeded))

/** Whether a server may answer an envelope with a syntax error. */
const isRisky = ({ form }: Envelope): boolean => form.sender.risky === true || form.recipient.risky === true
