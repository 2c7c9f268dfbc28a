/** Tests one model server, and says whether the verdict is right and the test kept to its limits. */
import type { Reason, Verdict } from '../../../src/contract/words.ts'
import { certainIn, joinedVisits } from '../../../src/probe/later-visit.ts'
import { FIGURES } from '../../../src/probe/pace.ts'
import { probe } from '../../../src/probe/probe.ts'
import type { Server } from '../../../src/probe/server.ts'
import type { Assessed } from '../../../src/relay/assess.ts'
import type { Judgement } from '../../../src/relay/judgement.ts'
import { mayPass, waitSaid } from '../../../src/relay/later.ts'
import type { Observations } from '../../../src/relay/observations.ts'
import { judge, unansweredIn } from '../../../src/relay/verdict.ts'
import { type InMemory, inMemory } from './in-memory.ts'
import type { MailModel } from './mail-model.ts'
import { takesAnyLocal } from './rules.ts'
import { described, type Traits, traitsOf } from './traits.ts'
import { relayedForms, type Truth, truthOf, UNTESTED, unknowable } from './truth.ts'
import { optionsFor } from './visit.ts'

/** One server, the truth about it, and the verdict. */
export interface Examined {
  readonly seed: number
  readonly traits: Traits
  readonly truth: Truth
  readonly verdict: Verdict
  readonly reason: Reason | null
  /** Why the false verdict is forgiven; null if the verdict is not false, or is a mistake. */
  readonly forgiven: string | null
  readonly faults: readonly string[]
  /** Null if there was no follow-up. */
  readonly followedUp: FollowedUp | null
}

/** The verdict after the follow-ups, and how many there were. */
export interface FollowedUp {
  readonly verdict: Verdict
  readonly reason: Reason | null
  readonly visits: number
}

/** The observations of a test, its judgement, and the server with its own observations. */
export interface Visited {
  readonly observations: Observations
  readonly judgement: Judgement
  readonly model: MailModel
}

/** Tests the server with that number in memory. */
export async function examine(seed: number): Promise<Examined> {
  const traits = traitsOf(seed)
  const place = inMemory(traits)
  const full = await visitOn(place, traits)
  const first = examinedAs(seed, traits, full)
  const examined = seed % FOLLOWED_UP === 0 ? await followUp(first, full, place) : first
  if (traits.suite === 'standard') return examined
  const standard = (await visit({ ...traits, suite: 'standard' })).judgement
  return { ...examined, faults: [...examined.faults, ...worse(standard, full.judgement, traits)] }
}

/** Tests a server in memory. */
export async function visit(traits: Traits, log: ((line: string) => void) | null = null) {
  return visitOn(inMemory(traits, log), traits)
}

/** Tests a server behind the interface of a real one. */
export async function visitOn(
  { server, model }: { readonly server: Server; readonly model: MailModel },
  traits: Traits,
) {
  const found = await probe(optionsFor(traits), server)
  return { found, observations: found.observations, judgement: judge(found.observations), model }
}

/** One server in this many is visited again if it puts the test off: follow-ups take longer than first visits. */
const FOLLOWED_UP = 4

/** The pauses of the service by default, in milliseconds. */
const PAUSES_MS = [300_000, 900_000, 3_600_000]

/** Visits a server again as long as it puts the test off. A later visit must not make a verdict false. */
async function followUp(
  examined: Examined,
  { found }: Awaited<ReturnType<typeof visitOn>>,
  { server, model, later }: InMemory,
): Promise<Examined> {
  const { seed, traits } = examined
  const faults = [...examined.faults]
  let now = found
  let visits = 0
  for (const pauseMs of PAUSES_MS) {
    if (server.stop.aborted || !mayPass(judge(now.observations), [now.observations])) break
    later(waitSaid([now.observations]) ?? pauseMs)
    const options = { ...optionsFor(traits), certain: certainIn(now.observations), spentBefore: now.spent }
    now = joinedVisits(now, await probe(options, server))
    visits += 1
    const judgement = judge(now.observations)
    const after = examinedAs(seed, traits, { observations: now.observations, judgement, model })
    faults.push(...after.faults.map((fault) => `after ${visits} follow-ups: ${fault}`))
  }
  if (visits === 0) return examined
  const { verdict, reason } = judge(now.observations)
  return { ...examined, faults, followedUp: { verdict, reason, visits } }
}

/** Compares a verdict with the truth, and checks the limits of the test. */
export function examinedAs(seed: number, traits: Traits, { observations, judgement, model }: Visited): Examined {
  const { verdict, reason } = judgement
  const truth = truthOf(traits)
  const isFalse = verdict !== 'inconclusive' && verdict !== truth
  const forgiven = isFalse ? (unknowable(traits, verdict) ?? untested(traits, observations)) : null
  const { witness } = model
  const broken = [
    isFalse && forgiven === null && `false ${verdict}: it is ${truth}`,
    witness.connections > FIGURES.connections && `${witness.connections} connections`,
    witness.accepted > FIGURES.messages && `${witness.accepted} accepted messages`,
    witness.dots > FIGURES.dots && `${witness.dots} final dots`,
    witness.dataFor.some((recipient) => /^[\w-]+(?:@(?:mail\.)?example\.com|@\[.*)?$/.test(recipient)) &&
      'DATA for a local recipient',
  ]
  const faults = broken.filter((fault) => fault !== false)
  return { seed, traits, truth, verdict, reason, forgiven, faults, followedUp: null }
}

/**
 * Returns why a closed verdict is not false although the server relays a form of the full suite: the result lists each
 * of those forms as one without an answer (docs/verdict.md, rule 10). Null if one of them has an answer.
 */
function untested(traits: Traits, observations: Observations): string | null {
  const unanswered = unansweredIn(observations)
  const isAnswered = (row: Assessed) =>
    relayedForms(traits).includes(row.attempt.form) && row.decisive !== null && !unanswered.includes(row)
  const isStandard = truthOf(traits) === 'closed' || truthOf({ ...traits, suite: 'standard' }) === 'open'
  return isStandard || observations.rows.some(isAnswered) ? null : UNTESTED
}

/** Returns how the full suite's verdict is worse than that of the standard suite, on the same server. */
function worse(standard: Judgement, full: Judgement, traits: Traits): string[] {
  if (traits.nodes !== 'one' || traits.stop !== 'never') return []
  // The full suite asks more, and some servers relay only what it asks. Then the standard suite's verdict is no
  // measure.
  const truth = truthOf(traits)
  if (truth !== truthOf({ ...traits, suite: 'standard' }) || standard.verdict !== truth) return []
  // No control shows which local parts the server takes at the host name, where the domain is not its own.
  if (traits.domain === 'customer, and wrong' && takesAnyLocal(traits)) return []
  const isLost = full.verdict === 'inconclusive'
  const isWrong = truth === 'open' && full.verdict === 'closed'
  return isLost || isWrong ? [`full says ${full.reason ?? full.verdict} where standard says ${standard.verdict}`] : []
}

/** Returns a line for people that says what is wrong about a server. */
export const complaint = ({ seed, traits, faults }: Examined): string =>
  `${faults.join('; ')} (--seed ${seed}: ${described(traits)})`
