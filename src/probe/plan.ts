/**
 * Turns envelopes into what each connection is asked, so that no connection asks for more than the pace allows, even if
 * the server refuses every command. Pure: `questions` plans, `ask` asks.
 */
import type { Envelope } from '../relay/envelope.ts'
import { FIGURES, type Pace, USUAL } from './pace.ts'

/** MAIL and one or more RCPT. All envelopes have the same sender. */
export type Transaction = readonly Envelope[]

/** What one connection is asked. */
export type ConnectionPlan = readonly Transaction[]

/** What a plan must keep to. */
export interface PlanRules {
  readonly pace: Pace
  /** Senders that the server is known to accept at MAIL. */
  readonly taken: ReadonlySet<string>
  /** The first question once more. Every connection ends in it, where the server accepts the usual pace. */
  readonly repeat: Envelope | null
}

/** What the first connection is asked. A look is a single envelope; the same connection shares in the rest. */
export interface FirstPlan {
  readonly plan: ConnectionPlan
  readonly isLook: boolean
}

/** A connection that is being planned. */
interface Draft {
  /** What the connection was asked before. */
  readonly before: ConnectionPlan
  readonly transactions: Envelope[][]
  refusals: number
  syntaxErrors: number
  /** How often it waits for an answer, if every command is sent by itself. */
  waits: number
}

/**
 * Plans envelopes over several connections, grouped by sender. Envelopes that a server may call a syntax error are
 * spread, and come last on their connections, but for the repeat. The null sender takes one recipient a transaction, as
 * bounces do.
 *
 * @param standing what each connection that stands was asked before; the work is spread evenly over them, and more
 *   connections are planned where it does not fit
 * @returns a plan for each connection that stands, empty where it has nothing to ask, and then those for new ones
 */
export function plan(
  envelopes: readonly Envelope[],
  rules: PlanRules,
  standing: readonly ConnectionPlan[] = [],
): ConnectionPlan[] {
  return place(envelopes, rules, standing).map((draft) => sorted(draft, rules))
}

/**
 * Plans envelopes over at most that many connections. Where they do not fit, the last forms of the full suite are
 * spared, at most a third of it. If that is not enough, none is spared, and the plans are more than there are
 * connections.
 *
 * @param isSparable whether leaving a form out loses nothing that was learnt
 */
export function planWithin(
  envelopes: readonly Envelope[],
  rules: PlanRules,
  connections: number,
  isSparable: (envelope: Envelope) => boolean,
  standing: readonly ConnectionPlan[] = [],
): { readonly plans: ConnectionPlan[]; readonly spared: readonly Envelope[] } {
  const busy = (some: readonly Envelope[]) => place(some, rules, standing).filter((draft) => !isIdle(draft, rules))
  const sparable = envelopes.filter((envelope) => !isNeeded(envelope) && isSparable(envelope))
  const most = Math.min(FIGURES.spared, sparable.length)
  for (let count = 0; count <= most; count += 1) {
    const spared = sparable.slice(sparable.length - count)
    const drafts = busy(envelopes.filter((envelope) => !spared.includes(envelope)))
    if (drafts.length <= connections) return { plans: drafts.map((draft) => sorted(draft, rules)), spared }
  }
  return { plans: busy(envelopes).map((draft) => sorted(draft, rules)), spared: [] }
}

/** Places every envelope in the connection that has room for it and waits least, or in a new one. */
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
 * Plans the first connection: safe envelopes in their order, and one risky one where the standard forms leave room for
 * it, since risky ones are what makes more connections necessary. A server that allows more than is usual is asked the
 * first safe envelope in a transaction of its own.
 *
 * @param inTurn whether each command waits for its answer; then a server that allows more than is usual is asked the
 *   first safe envelope alone, so that several connections can share the rest
 */
export function planFirst(envelopes: readonly Envelope[], rules: PlanRules, inTurn = false): FirstPlan {
  const look = lookIn(envelopes, rules)
  if (inTurn && look.length > 0 && envelopes.length > 1) return { plan: look, isLook: true }
  const [risk] = envelopes.filter(isRisky)
  const safe = envelopes.filter((envelope) => !isRisky(envelope) && !look.flat().includes(envelope))
  const others = safe.filter((envelope) => !isStandard(envelope))
  const draft = draftFrom(look, rules)
  for (const envelope of [...safe.filter(isStandard), ...(risk ? [risk] : []), ...others]) {
    const isFirst = look.length === 0 && draft.transactions.length === 0
    if (isFirst || hasRoom(draft, envelope, rules)) add(draft, envelope, rules)
  }
  return { plan: [...look, ...sorted(draft, rules)], isLook: false }
}

/**
 * Returns the first safe envelope for a server that allows more than is usual; how much others allow shows only later.
 */
function lookIn(envelopes: readonly Envelope[], rules: PlanRules): ConnectionPlan {
  const look = envelopes.find((envelope) => !isRisky(envelope))
  return look && repeatIn(rules) && allowsMore(rules) ? [[look]] : []
}

/** The repeat, where the server allows the usual pace or more. */
function repeatIn({ pace, repeat }: PlanRules): Envelope | null {
  return pace.refusals >= USUAL.refusals && pace.transactions >= USUAL.transactions ? repeat : null
}

/** Whether the server is known to allow more than is usual, and has not shown otherwise. */
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

/** Returns the transaction of a draft that an envelope can join. */
function openFor(draft: Draft, envelope: Envelope, rules: PlanRules): Envelope[] | undefined {
  if (envelope.mailFrom === '') return undefined
  return draft.transactions.find((transaction) => {
    const [first] = transaction
    if (first?.mailFrom !== envelope.mailFrom || transaction.length >= rules.pace.recipients) return false
    // A risky envelope may end the transaction or the connection, so nothing that must not be lost comes after it.
    return first === rules.repeat ? allowsMore(rules) : isRisky(first) === isRisky(envelope)
  })
}

/** Counts the refusals that an envelope adds, if everything is refused: a RCPT after a refused MAIL is refused too. */
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
  // MAIL, RCPT, and RSET before the next one.
  draft.waits += open ? 1 : 3
  if (open) open.push(envelope)
  else draft.transactions.push([envelope])
}

/** Returns the plan of a draft: risky envelopes late, the repeat last. */
function sorted(draft: Draft, rules: PlanRules): ConnectionPlan {
  if (isIdle(draft, rules)) return []
  const repeat = repeatIn(rules)
  const placeOf = (envelope: Envelope) => (envelope === repeat ? 2 : Number(isRisky(envelope)))
  const ordered = draft.transactions.map((transaction) => transaction.toSorted((a, b) => placeOf(a) - placeOf(b)))
  const last = (transaction: Transaction) => Math.max(...transaction.map(placeOf))
  return ordered.toSorted((a, b) => last(a) - last(b))
}

/** Whether a new connection would have nothing to ask but the repeat. */
function isIdle({ before, transactions }: Draft, rules: PlanRules): boolean {
  const repeat = repeatIn(rules)
  return before.length === 0 && transactions.every((transaction) => transaction.every((one) => one === repeat))
}

/** Ranks envelopes by how hard they are to place: risky ones first, then those that need their own transaction. */
function hardness(envelope: Envelope, rules: PlanRules): number {
  const repeat = repeatIn(rules)
  return 2 * Number(isRisky(envelope)) + Number(repeat !== null && envelope.mailFrom !== repeat.mailFrom)
}

const isStandard = ({ form }: Envelope): boolean => form.suites.includes('standard')

/** Whether the verdict cannot do without an envelope. */
const isNeeded = (envelope: Envelope): boolean => isStandard(envelope) || envelope.form.control

/** Whether a server may answer an envelope with a syntax error. */
const isRisky = ({ form }: Envelope): boolean => form.sender.risky === true || form.recipient.risky === true
