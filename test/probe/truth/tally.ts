/** Counts verdicts by trait, so that docs/truth.md can say where a verdict is right, and where it is inconclusive. */
import type { Examined } from './examine.ts'
import { TRAIT_NAMES, TRAITS } from './traits.ts'

/** How often each verdict or reason came. The key of a verdict that equals the truth is `right`. */
type Counts = Record<string, number>

/** The counts of a run. */
export interface Tally {
  /** By `truth verdict-or-reason`. */
  readonly all: Counts
  /** By `trait: value`, then by verdict or reason. */
  readonly mixed: Record<string, Counts>
  /** The same for servers of which no other trait is unusual. */
  readonly single: Record<string, Counts>
  /** How often each false verdict was forgiven, by its reason. */
  readonly forgiven: Counts
}

export const emptyTally = (): Tally => ({ all: {}, mixed: {}, single: {}, forgiven: {} })

/** Traits that say what is tested and how. They do not count as unusual. */
const OF_THE_TEST: readonly string[] = ['relays', 'suite', 'proof', 'known']

const count = (counts: Counts, key: string, more = 1): void => {
  counts[key] = (counts[key] ?? 0) + more
}

/** Counts one server. */
export function tallied(tally: Tally, { traits, truth, verdict, reason, forgiven, faults }: Examined): void {
  const result = reason ?? (verdict === truth ? 'right' : forgiven === null ? 'false' : 'cannot know')
  count(tally.all, `${truth} ${reason ?? verdict}`)
  if (forgiven !== null) count(tally.forgiven, forgiven)
  if (faults.length > 0) count(tally.all, 'wrong')
  const unusual = TRAIT_NAMES.filter((name) => traits[name] !== TRAITS[name].usual && !OF_THE_TEST.includes(name))
  for (const name of TRAIT_NAMES) {
    const key = `${name}: ${traits[name]}`
    tally.mixed[key] ??= {}
    count(tally.mixed[key], result)
    if (unusual.every((other) => other === name || BELONGS_TO[other] === name || BELONGS_TO[name] === other)) {
      tally.single[key] ??= {}
      count(tally.single[key], result)
    }
  }
}

/** Traits that only have an effect together with another one. */
const BELONGS_TO: Readonly<Record<string, string>> = {
  banSpares: 'ban',
  banBy: 'ban',
  greylists: 'greylisting',
  nodeNames: 'nodes',
}

/** Adds the counts of another tally. */
export function addUp(tally: Tally, other: Tally): void {
  for (const table of ['all', 'forgiven'] as const) {
    for (const [key, more] of Object.entries(other[table])) count(tally[table], key, more)
  }
  for (const table of ['mixed', 'single'] as const) {
    for (const [name, counts] of Object.entries(other[table])) {
      tally[table][name] ??= {}
      for (const [key, more] of Object.entries(counts)) count(tally[table][name], key, more)
    }
  }
}

/** Returns how many servers were counted. */
export const countOf = ({ all }: Tally): number => totalOf(all) - (all.wrong ?? 0)

/** Returns the sum of counts. */
export const totalOf = (counts: Counts): number => Object.values(counts).reduce((sum, each) => sum + each, 0)
