/**
 * The traits of model servers, and of the visits to them: what each can be, and how often. A seed chooses one value of
 * each trait, so that a server is reproducible by its number.
 */
import { randomFrom } from '../../harness/random.ts'
import { BANS, DENIALS, UNKNOWN_USERS } from './words.ts'

/** One trait: its usual value, the other ones, and how often it has one of those, from 0 to 1. */
interface Trait {
  readonly usual: string
  readonly others: readonly string[]
  readonly share: number
  /** The subject of the trait, for docs/truth.md. */
  readonly about: string
}

/** Returns the names of a table of words, without the usual one. */
function namesIn<Name extends string>(words: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(words) as Name[]
}

export const TRAITS = {
  relays: {
    about: 'for whom it relays',
    usual: 'nobody',
    others: [
      'everyone',
      'own senders',
      'existing senders',
      'senders without a login',
      'the null sender',
      'percent',
      'bang',
      'route',
      'quotes',
      'TLS sessions',
    ],
    share: 0.6,
  },
  relaysAt: {
    about: 'where it relays user%outside and the like',
    usual: 'at all its names',
    others: ['at its domain', 'at its host name', 'at its address', 'without a name'],
    share: 0.5,
  },
  denial: { about: 'how it denies relaying', usual: 'Postfix', others: namesIn(DENIALS), share: 0.6 },
  deniesAt: { about: 'where it denies relaying', usual: 'RCPT', others: ['MAIL', 'DATA', 'dot'], share: 0.12 },
  postmaster: { about: 'postmaster', usual: 'exists', others: ['none'], share: 0.2 },
  locals: {
    about: 'which local parts it takes',
    usual: 'those of users',
    others: ['any', 'any, and bounces later', 'any, and the inner server refuses at the dot'],
    share: 0.2,
  },
  localsAt: {
    about: 'where it takes any local part',
    usual: 'at all its names',
    others: ['at its domain'],
    share: 0.5,
  },
  unknownUser: {
    about: 'how it refuses an unknown user',
    usual: 'Postfix',
    others: namesIn(UNKNOWN_USERS),
    share: 0.5,
  },
  ambiguous: {
    about: 'how it refuses user%outside',
    usual: 'as it denies relaying',
    others: ['as an unknown user', 'as a syntax error', 'because of its characters'],
    share: 0.3,
  },
  ownSenders: {
    about: 'how it treats own-domain senders',
    usual: 'as strangers',
    others: ['SPF at MAIL', 'login at MAIL', 'login at RCPT', 'unknown ones are refused at MAIL'],
    share: 0.25,
  },
  nullSender: { about: 'the null sender', usual: 'as strangers', others: ['refused at MAIL'], share: 0.1 },
  ban: {
    about: 'when it bans us',
    usual: 'never',
    others: ['from the start', 'after 1 refusal', 'after 2 refusals', 'after 3 refusals', 'after 4 refusals'],
    share: 0.22,
  },
  banSpares: {
    about: 'whom a ban spares',
    usual: 'nobody',
    others: ['postmaster', 'roles', 'unknown users', 'local recipients'],
    share: 0.7,
  },
  banBy: { about: 'the words of a ban', usual: 'a block list', others: namesIn(BANS), share: 1 },
  screening: {
    about: 'checks of our address and sender',
    usual: 'none',
    others: [
      'block list at the greeting',
      'block list at MAIL',
      'block list at RCPT',
      'callout that passes',
      'callout that fails',
      'callout that is put off',
    ],
    share: 0.1,
  },
  greylisting: {
    about: 'greylisting',
    usual: 'none',
    others: ['2 seconds', '5 minutes', 'without a time'],
    share: 0.1,
  },
  greylists: {
    about: 'when it greylists',
    usual: 'after the relay check',
    others: ['before the relay check'],
    share: 0.4,
  },
  tarpit: { about: 'delays', usual: 'none', others: ['1 second', '3 seconds', 'growing'], share: 0.08 },
  tls: {
    about: 'STARTTLS',
    usual: 'none',
    others: ['offered', 'offered', 'offered', 'required', 'required', 'broken', 'required and broken'],
    share: 0.4,
  },
  pipelining: {
    about: 'PIPELINING',
    usual: 'works',
    others: ['not offered', 'held back', 'only the first', 'hangs up'],
    share: 0.25,
  },
  reset: {
    about: 'RSET',
    usual: 'works',
    others: [
      'unknown, EHLO works',
      'unknown, EHLO too',
      'refused',
      'silent, EHLO works',
      'without effect, EHLO works',
      'without effect, EHLO too',
    ],
    share: 0.12,
  },
  connections: {
    about: 'how many connections it takes',
    usual: 'any',
    others: ['one', 'three', 'one at a time', 'two at a time'],
    share: 0.12,
  },
  errors: { about: 'how many refusals a connection has', usual: 'any', others: ['1', '3', '5'], share: 0.12 },
  recipients: { about: 'how many recipients a transaction has', usual: 'any', others: ['1', '2'], share: 0.08 },
  content: {
    about: 'what it says to a message',
    usual: 'queued',
    others: ['refused as spam', 'put off', 'discarded in words'],
    share: 0.1,
  },
  leftover: {
    about: 'what it does with mail that it does not relay',
    usual: 'refuses it',
    others: ['takes it and sends a bounce', 'takes it and drops it'],
    share: 0.06,
  },
  smarthost: {
    about: 'a smarthost that refuses, and the dialect of its report',
    usual: 'none',
    others: ['Postfix', 'Exim', 'Sendmail', 'Exchange', 'qmail'],
    share: 0.15,
  },
  delivery: {
    about: 'when mail reaches us',
    usual: 'at once',
    others: ['after 5 seconds', 'after the wait', 'never'],
    share: 0.25,
  },
  mailbox: { about: 'our own mailbox', usual: 'works', others: ['refuses', 'restarts'], share: 0.08 },
  nodes: {
    about: 'nodes behind the address',
    usual: 'one',
    others: ['two, the second is closed', 'two, the first is closed'],
    share: 0.05,
  },
  nodeNames: { about: 'names of the nodes', usual: 'one name', others: ['two names'], share: 0.5 },
  reach: {
    about: 'whether it answers',
    usual: 'answers',
    others: [
      'silent',
      'refuses connections',
      'unreachable',
      'hangs up at once',
      'no mail server',
      'turns everybody away',
    ],
    share: 0.02,
  },
  stop: { about: 'whether the caller stops the test', usual: 'never', others: ['after 6 commands'], share: 0.01 },
  known: { about: 'the known mailbox', usual: 'none', others: ['a person', 'a role', 'wrong'], share: 0.5 },
  domain: {
    about: 'the source of the domain',
    usual: 'request',
    others: ['customer', 'customer, and wrong', 'greeting'],
    share: 0.3,
  },
  suite: { about: 'the suite', usual: 'standard', others: ['full'], share: 0.25 },
  proof: { about: 'the proof', usual: 'delivery', others: ['message', 'message', 'message', 'recipient'], share: 0.5 },
} as const satisfies Record<string, Trait>

export type TraitName = keyof typeof TRAITS

/** One value of each trait: a server, and how it is visited. */
export type Traits = {
  readonly [Name in TraitName]: (typeof TRAITS)[Name]['usual'] | (typeof TRAITS)[Name]['others'][number]
}

export const TRAIT_NAMES = Object.keys(TRAITS) as TraitName[]

/** A server with the usual value of each trait. */
export const USUAL_TRAITS = chosen(({ usual }) => usual)

/** Returns the traits of the server with that number. */
export function traitsOf(seed: number): Traits {
  // Neighbouring seeds begin with similar numbers, so the first ones are skipped.
  const random = randomFrom(Math.imul(seed, 0x9e3779b1))
  random.int(2)
  return relevant(chosen(({ usual, others, share }) => (random.chance(share) ? random.pick(others) : usual)))
}

/** Sets traits that have no effect to their usual value, such as the words of a ban of a server that never bans. */
function relevant(traits: Traits): Traits {
  const { banSpares, banBy, greylists, nodeNames, known, relaysAt, localsAt } = USUAL_TRAITS
  return {
    ...traits,
    ...(['percent', 'bang', 'quotes'].includes(traits.relays) ? {} : { relaysAt }),
    ...(traits.locals === 'those of users' ? { localsAt } : {}),
    ...(traits.ban === 'never' ? { banSpares, banBy } : {}),
    ...(traits.greylisting === 'none' ? { greylists } : {}),
    ...(traits.nodes === 'one' ? { nodeNames } : {}),
    ...(traits.domain === 'greeting' ? { known } : {}),
  }
}

/** Returns the traits that are not usual, for people. */
export const described = (traits: Traits): string =>
  TRAIT_NAMES.filter((name) => traits[name] !== TRAITS[name].usual)
    .map((name) => `${name}: ${traits[name]}`)
    .join('; ')

function chosen(choose: (trait: Trait) => string): Traits {
  return Object.fromEntries(TRAIT_NAMES.map((name) => [name, choose(TRAITS[name])])) as Traits
}
