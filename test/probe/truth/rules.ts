/**
 * Says what a model server does with an envelope, from its traits alone: for whom it relays, and what it takes as
 * local. The model answers by these rules, and the truth about a server is computed with them.
 */
import type { Traits } from './traits.ts'

/** The names of model servers, and of our own mailbox. */
export const NAMES = {
  domain: 'example.com',
  otherDomain: 'other.example',
  host: 'mail.example.com',
  address: '203.0.113.25',
  literal: '[203.0.113.25]',
  outside: 'isp.example',
  us: '198.51.100.7',
} as const

/** The host name of the second node, if the nodes have two names. */
export const SECOND_HOST = 'mx2.example.com'

const OWN = String.raw`(?:example\.com|mail\.example\.com|\[203\.0\.113\.25\])`

/** How a recipient is spelled. */
export type Spelling = 'plain' | 'percent' | 'bang' | 'route' | 'quotes' | 'local' | 'other'

/** The spellings that a server can relay, by what it looks for. The first match counts. */
const SPELLINGS: readonly (readonly [Spelling, RegExp])[] = [
  ['plain', /^[a-z-]+@isp\.example\.?$/],
  ['percent', new RegExp(String.raw`^"?[a-z-]+%isp\.example"?(?:@${OWN})?$`)],
  ['bang', new RegExp(String.raw`^(?:mail\.example\.com!)?isp\.example![a-z-]+(?:@${OWN})?$`)],
  ['route', new RegExp(String.raw`^@${OWN}:[a-z-]+@isp\.example$`)],
  ['quotes', new RegExp(String.raw`^"[a-z-]+@isp\.example"(?:@${OWN})?$`)],
  ['local', /^[\w-]+@example\.com$/],
]

/** Returns how a recipient is spelled. */
export const spellingOf = (recipient: string): Spelling =>
  SPELLINGS.find(([, pattern]) => pattern.test(recipient))?.[0] ?? 'other'

/** The places of a local part, by its spelling. The first match counts. */
const PLACES: readonly (readonly [Traits['relaysAt'], RegExp])[] = [
  ['at its domain', /@example\.com$/],
  ['at its host name', /@mail\.example\.com$/],
  ['at its address', /\]$/],
  ['without a name', /(?:)/],
]

/** Returns the place of a recipient that is spelled as a local part. */
const placeIn = (recipient: string): Traits['relaysAt'] | undefined =>
  PLACES.find(([, pattern]) => pattern.test(recipient))?.[0]

const AT_OWN_NAME = new RegExp(`@${OWN}$`)

/** Whether a recipient can be read as a local part at the server's own domain, host name or address. */
export const hasLocalReading = (recipient: string): boolean => AT_OWN_NAME.test(recipient) && !recipient.startsWith('@')

/** Whether the address of a sender is at a name of the server. */
const isOwn = (sender: string): boolean => /@(?:mail\.)?example\.com$/.test(sender)

/** The owner of a sender's address. */
export type SenderKind = 'null' | 'existing' | 'invented' | 'outside'

/** Returns the owner of a sender's address. */
export function senderKind(sender: string, traits: Traits): SenderKind {
  if (sender === '') return 'null'
  if (!isOwn(sender)) return 'outside'
  return isUser(sender, traits) ? 'existing' : 'invented'
}

/** Whether a mailbox exists at the server. */
export function isUser(mailbox: string, { postmaster }: Traits): boolean {
  if (mailbox === 'postmaster@example.com') return postmaster === 'exists'
  return mailbox === 'jane@example.com' || mailbox === 'info@example.com'
}

/** Whether the server takes any local part in reply to RCPT, at one of its names at least. */
export const takesAnyLocal = ({ locals }: Traits): boolean => locals !== 'those of users'

/** Whether the server takes a recipient as a local part, although it has no such user. */
export const takesAsLocal = (recipient: string, traits: Traits): boolean =>
  takesAnyLocal(traits) &&
  hasLocalReading(recipient) &&
  (traits.localsAt === 'at all its names' || placeIn(recipient) === traits.localsAt)

/** Whether the server takes any local part at a place where it relays recipients that are spelled as local ones. */
export const hidesRelaying = (traits: Traits): boolean => {
  const { relaysAt, localsAt } = traits
  const isSamePlace = relaysAt === localsAt || [relaysAt, localsAt].includes('at all its names')
  return takesAnyLocal(traits) && isSamePlace
}

/** The senders that each kind of server trusts, and the spellings that it relays for them. */
const RELAYS: Readonly<
  Record<Traits['relays'], { readonly senders: readonly SenderKind[]; readonly spelling: Spelling | null }>
> = (() => {
  const anyone: readonly SenderKind[] = ['null', 'existing', 'invented', 'outside']
  return {
    nobody: { senders: [], spelling: null },
    everyone: { senders: anyone, spelling: 'plain' },
    'own senders': { senders: ['existing', 'invented'], spelling: 'plain' },
    'existing senders': { senders: ['existing'], spelling: 'plain' },
    'senders without a login': { senders: ['invented'], spelling: 'plain' },
    'the null sender': { senders: ['null'], spelling: 'plain' },
    percent: { senders: anyone, spelling: 'percent' },
    bang: { senders: anyone, spelling: 'bang' },
    route: { senders: anyone, spelling: 'route' },
    quotes: { senders: anyone, spelling: 'quotes' },
    'TLS sessions': { senders: anyone, spelling: 'plain' },
  }
})()

/** Whether the server relays only recipients that are spelled as local ones. */
export const relaysOnlyAmbiguous = ({ relays }: Traits): boolean =>
  ['percent', 'bang', 'route', 'quotes'].includes(relays)

/** One envelope, and the session that it is sent on. */
export interface Asked {
  readonly sender: string
  readonly recipient: string
  readonly tls: boolean
  /** Whether the session is on a node that relays for nobody. */
  readonly isClosedNode: boolean
}

/** Whether the server trusts a sender at all, so that it takes its MAIL. */
export function trusts(sender: string, { tls, isClosedNode }: Omit<Asked, 'sender' | 'recipient'>, traits: Traits) {
  if (isClosedNode || (traits.relays === 'TLS sessions' && !tls)) return false
  return RELAYS[traits.relays].senders.includes(senderKind(sender, traits))
}

/** Whether the server relays an envelope that nothing else stops: no ban, no check of our address, no limit. */
export const relays = (asked: Asked, traits: Traits): boolean =>
  trusts(asked.sender, asked, traits) &&
  spellingOf(asked.recipient) === RELAYS[traits.relays].spelling &&
  (traits.relaysAt === 'at all its names' || placeIn(asked.recipient) === traits.relaysAt)
