/**
 * The truth about a model server, and what one visit cannot know. Both are computed from the traits alone, before the
 * test. docs/truth.md prints the rules of `UNKNOWABLE`.
 */
import { INVENTED_SENDER, POSTMASTER_SENDER } from '../../../src/relay/controls.ts'
import { isEnvelope, spell } from '../../../src/relay/envelope.ts'
import { type Form, formOf, formsOf } from '../../../src/relay/forms.ts'
import { hidesRelaying, NAMES, relays, relaysOnlyAmbiguous } from './rules.ts'
import { type Traits, USUAL_TRAITS } from './traits.ts'
import { addressesFor, domainOf, knownMailboxOf } from './visit.ts'
import { BANS } from './words.ts'

export type Truth = 'open' | 'closed'

/**
 * Returns `open` if the server relays a stranger's message of any form of the suite, to a stranger whom it does not ban
 * or block: then a verdict of `closed` is false. Else `closed`.
 */
export function truthOf(traits: Traits): Truth {
  return traits.relays === 'nobody' || relayedForms(traits).length === 0 ? 'closed' : 'open'
}

/** Returns the forms of the suite that the server relays. */
export const relayedForms = (traits: Traits): readonly Form[] =>
  FORMS[traits.suite].filter((form) => sessionsOf(form, traits).some((tls) => isRelayed(form, tls, traits)))

/** In both suites, a second sender at the own domain can be asked by rule 4b. */
const SECOND: readonly Form[] = [formOf(POSTMASTER_SENDER), formOf(INVENTED_SENDER)]
const IN_TLS = formOf('outside-sender-in-tls')
const FORMS = { standard: [...formsOf('standard'), ...SECOND], full: [...formsOf('full'), ...SECOND, IN_TLS] } as const

/** Returns whether the sessions that a form is asked on are in TLS: both are possible for none, one, or neither. */
function sessionsOf(form: Form, { tls }: Traits): readonly boolean[] {
  if (tls.startsWith('required')) return [true]
  if (form !== IN_TLS) return [false]
  return tls === 'offered' ? [true] : []
}

function isRelayed(form: Form, tls: boolean, traits: Traits): boolean {
  const spelled = spell(form, {
    ...addressesFor(form),
    domain: domainOf(traits)?.name ?? NAMES.host,
    host: NAMES.host,
    literal: NAMES.literal,
    mailbox: knownMailboxOf(traits),
  })
  if (!isEnvelope(spelled)) return false
  return relays({ sender: spelled.mailFrom, recipient: spelled.rcptTo, tls, isClosedNode: false }, traits)
}

/** A kind of server that one visit cannot judge, whatever it asks. */
interface Unknowable {
  /** Why it cannot be known, for docs/truth.md. */
  readonly why: string
  /** The verdict that is false, and is forgiven. */
  readonly verdict: Truth
  holds(traits: Traits): boolean
}

/** Whether the ban refuses the known mailbox of a person as it refuses all else, so that the mailbox shows the ban. */
const refusesPerson = ({ known, domain, ban, banSpares }: Traits): boolean =>
  known === 'a person' && domain === 'request' && ban === 'from the start' && banSpares !== 'local recipients'

const banWords = ({ banBy }: Traits) => BANS[banBy].about

/** Servers that one visit cannot judge in principle. Every other false verdict is a mistake. */
export const UNKNOWABLE: readonly Unknowable[] = [
  {
    why: 'Two nodes answer behind one address, and only one of them relays. A visit asks each node only some questions, or meets only one node.',
    verdict: 'closed',
    holds: ({ nodes }) => nodes !== 'one',
  },
  {
    why: 'The server bans us, and says that it denies relaying or wants a login. A server that is closed says the same.',
    verdict: 'closed',
    holds: (traits) => traits.ban !== 'never' && ['relaying', 'a login'].includes(banWords(traits)),
  },
  {
    why: 'The server bans us only for recipients that are not its own, and says that there is no such recipient. A server that is closed does the same. A known mailbox that is refused alike shows such a ban.',
    verdict: 'closed',
    holds: (traits) =>
      traits.ban !== 'never' &&
      banWords(traits) === 'the recipient' &&
      !['nobody', 'unknown users'].includes(traits.banSpares) &&
      !refusesPerson(traits),
  },
  {
    why: 'The server bans us only for recipients that are not its own, and its words say nothing. A server that is closed does the same.',
    verdict: 'closed',
    holds: (traits) =>
      traits.ban !== 'never' && banWords(traits) === 'nothing' && traits.banSpares === 'local recipients',
  },
  {
    why: 'The server takes any local part, relays only recipients that look like local ones, and the message does not reach us in time. A mailbox for all names looks the same.',
    verdict: 'closed',
    holds: (traits) =>
      hidesRelaying(traits) && relaysOnlyAmbiguous(traits) && ['after the wait', 'never'].includes(traits.delivery),
  },
  {
    why: 'The server takes messages for outside recipients, and does not relay them. It drops them, or its bounce reaches us too late, or not at all, or the proof is the accepted message.',
    verdict: 'open',
    holds: ({ leftover, proof, delivery, mailbox, screening }) =>
      leftover === 'takes it and drops it' ||
      (leftover === 'takes it and sends a bounce' &&
        (proof !== 'delivery' ||
          ['after the wait', 'never'].includes(delivery) ||
          mailbox !== USUAL_TRAITS.mailbox ||
          screening.startsWith('callout'))),
  },
]

/**
 * Why a closed verdict of the full suite is forgiven, if each form that the server relays is listed as not answered.
 */
export const UNTESTED =
  'The full suite could not ask the form that the server relays, because of its limits or of ours. The result says closed, and lists the form with a caveat.'

/** Returns why a false verdict on this server is forgiven; null if it is a mistake. */
export const unknowable = (traits: Traits, verdict: Truth): string | null =>
  UNKNOWABLE.find((row) => row.verdict === verdict && row.holds(traits))?.why ?? null
