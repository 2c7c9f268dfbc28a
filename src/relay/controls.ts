/**
 * Says which answers count only together with another answer: that of a local recipient, of the first question asked
 * again, or of a second sender at the own domain (docs/verdict.md, rules 4a and 4b). The engine and the verdict both
 * use these rules.
 */
import { isRole } from '../contract/roles.ts'
import type { DomainSource, Refusal } from '../contract/words.ts'
import { reasonAboutUs } from './about-us.ts'
import { type Assessed, deniesRelaying, isTaken, rowOf, sameRefusal } from './assess.ts'

/** The first question: a stranger writes to a recipient outside. */
export const OUTSIDE = 'outside-sender'
/** The recipient is a mailbox that exists, named by the caller or the customer. */
export const KNOWN_MAILBOX = 'known-mailbox-control'
/** The recipient is postmaster, which every healthy server accepts (RFC 5321 section 4.5.1). */
export const POSTMASTER = 'postmaster-control'
/** The recipient is a local part that nobody has. A healthy server refuses it. */
export const RANDOM_LOCAL = 'random-local-control'
/** The first question is asked again. If a ban began in the meantime, the answer is different. */
export const REPEAT = 'outside-sender-again'
/** The first question again, at the end of each connection of the full part. */
export const AT_END = 'outside-sender-at-end'
/** The own-domain sender writes to a mailbox of its domain. The answer is for a finding, never for the verdict. */
export const OWN_SENDER_TO_LOCAL = 'own-sender-to-local'
/** The own-domain senders: the known mailbox (an invented name if there is none), postmaster, an invented name. */
export const OWN_SENDER = 'own-domain-sender'
export const POSTMASTER_SENDER = 'own-domain-postmaster'
export const INVENTED_SENDER = 'own-domain-invented'

/** Our knowledge of a mailbox of the server: none, a role address such as postmaster, or the mailbox of a person. */
export type MailboxKind = 'none' | 'role' | 'person'

/** Returns what a known mailbox is worth; null if none is known. */
export const knownAs = (mailbox: string | null): MailboxKind =>
  mailbox === null ? 'none' : isRole(mailbox) ? 'role' : 'person'

/**
 * Whether the refusal of an outside recipient counts only by contrast: it is permanent and not about us, but its words
 * do not say that relaying is denied.
 */
export function needsContrast(row: Assessed | undefined): row is Assessed {
  if (row?.outcome !== 'refused' || row.refusedLater || row.decisive?.stage !== 'rcpt') return false
  const { refusal } = row
  if (refusal === null || deniesRelaying(refusal) || reasonAboutUs(refusal)) return false
  return refusal !== 'sender-rejected' && row.decisive.reply.code >= 500
}

/** How much the answers of local recipients prove about a refusal of the outside recipient. */
export type Contrast =
  /** A local recipient was accepted where the outside one was refused: the refusal is about the recipient. */
  | 'shown'
  /** Only a role address was accepted. That proves enough for words that we know, and too little for others. */
  | 'words-needed'
  /** No local recipient was accepted in the right place. */
  | 'missing'

/** Returns what the local recipients show about the refusal of the outside sender (rule 4a). */
export function contrastOf(rows: readonly Assessed[], known: MailboxKind): Contrast {
  const mailbox = rowOf(rows, KNOWN_MAILBOX)
  if (vouches(rows, known)) return 'shown'
  if (!isContrast(mailbox, rows, known) && !isContrast(rowOf(rows, POSTMASTER), rows, known)) return 'missing'
  const isKnownWord = rowOf(rows, OUTSIDE)?.refusal === 'unknown-user'
  return isKnownWord || rowOf(rows, RANDOM_LOCAL)?.outcome === 'accepted' ? 'shown' : 'words-needed'
}

/** Whether the mailbox of a person was accepted after the last refusal: then the refusals were no ban. */
export const vouches = (rows: readonly Assessed[], known: MailboxKind): boolean =>
  known === 'person' && isContrast(rowOf(rows, KNOWN_MAILBOX), rows, known)

/**
 * Whether the known mailbox was refused at RCPT in the same words as the outside recipient, or both were refused as
 * relaying: then the words are about us. A demand for a login is no ban. If the request did not name the domain, or the
 * outside recipient was refused as relaying, the domain may belong to another server. Then the refusal counts only if
 * the server accepts postmaster there.
 */
export function isMailboxRefusedAlike(rows: readonly Assessed[], domainSource: DomainSource | null): boolean {
  const mailbox = rowOf(rows, KNOWN_MAILBOX)
  const outside = rowOf(rows, OUTSIDE)
  if (mailbox?.outcome !== 'refused' || mailbox.decisive?.stage !== 'rcpt' || mailbox.refusal === 'auth-required') {
    return false
  }
  const mayBeForeign = domainSource !== 'request' || outside?.refusal === 'relay-denied'
  if (mayBeForeign && !isTakenLocal(rowOf(rows, POSTMASTER))) return false
  return sameRefusal(mailbox, outside) || (mailbox.refusal === 'relay-denied' && outside?.refusal === 'relay-denied')
}

/**
 * Whether the server accepted a local recipient, or refused it for the state of that mailbox (RFC 3463: X.2.1 disabled,
 * X.2.2 full; Exchange 5.7.133: a group for its members). Such an answer is about this recipient, as 250 is.
 */
export const isTakenLocal = (local: Assessed | undefined): boolean =>
  local?.outcome === 'accepted' ||
  (local?.decisive?.stage === 'rcpt' && /^(?:[45]\.2\.[12]|5\.7\.133)$/.test(local.decisive.reply.enhanced ?? ''))

/**
 * Whether a local recipient was accepted after the last refusal of an outside one, in a session of the same node that
 * refused the outside recipient.
 */
function isContrast(local: Assessed | undefined, rows: readonly Assessed[], known: MailboxKind): boolean {
  if (local === undefined || !isTakenLocal(local)) return false
  const outside = rowOf(rows, OUTSIDE)
  if (sameRefusal(local, outside)) return false
  const again = rowOf(rows, REPEAT)
  const witnesses = again && isAsBefore(again, outside) ? [outside, again] : [outside]
  return witnesses.some((witness) => witness && isSameNode(witness, local)) && endOf(local) > lastRefusal(rows, known)
}

/** Whether two answers came from one connection, or from connections that greeted with the same host name. */
function isSameNode({ attempt: a }: Assessed, { attempt: b }: Assessed): boolean {
  return a.connection !== null && (a.connection === b.connection || (a.node !== null && a.node === b.node))
}

/** Returns the transcript index of the last refusal of an outside recipient in the standard part; -1 for none. */
function lastRefusal(rows: readonly Assessed[], known: MailboxKind): number {
  const standard = rows.filter((row) => isOfStandard(row, rows, known))
  const outside = standard.filter(({ attempt }) => attempt.form.recipient.kind !== 'local')
  return Math.max(-1, ...outside.filter(({ outcome }) => outcome === 'refused').map(endOf))
}

/** Returns the transcript index of the last line that decided a row; -1 for none. */
export const endOf = ({ decisive }: Assessed): number => Math.max(-1, ...(decisive?.at ?? []))

/** Refusals of a form that may also be the beginning of a ban. */
const SUSPECT: ReadonlySet<Refusal> = new Set<Refusal>(['other', 'policy'])

/** Whether a refusal counts only if the outside sender, asked again after it, is refused as before (rule 4b). */
export function needsRepeat(row: Assessed, rows: readonly Assessed[]): boolean {
  const outside = rowOf(rows, OUTSIDE)
  if (row.outcome !== 'refused' || row.attempt.form.control || row === outside) return false
  if (outside?.outcome !== 'refused') return false
  return isSuspect(row, rows, outside.refusal) && !sameRefusal(row, outside)
}

/**
 * Whether another form than the outside sender's was refused in words about us, while the outside sender was clearly
 * refused as relaying. Such words may be a check of that sender or recipient: "blocked: you may not spoof our domain".
 * They count as a refusal if the outside sender, asked again, shows no ban. The name of a block list is always about
 * us.
 */
export function isForgeryCheck(row: Assessed, rows: readonly Assessed[]): boolean {
  const outside = rowOf(rows, OUTSIDE)
  if (row.outcome !== 'refused' || outside?.outcome !== 'refused' || !deniesRelaying(outside.refusal)) return false
  const { form } = row.attempt
  const isOther = !form.control && (form.sender.as !== 'outside' || form.recipient.kind === 'ambiguous')
  return isOther && FOR_FORGERS.has(row.refusal) && namesForger(row.text)
}

/**
 * Whether words name a sender or a spelling, and not our client. If a server checks relaying before it blocks clients,
 * words about our client mean that this form has passed the check of relaying.
 */
function namesForger(text: string): boolean {
  if (BLOCK_LIST.test(text)) return false
  const withoutNotes = text.replace(/\([^()]{0,60}\)/g, ' ')
  return FORGERY.test(text) || (OF_FORGERS.test(withoutNotes) && !OF_CLIENTS.test(withoutNotes))
}

const FOR_FORGERS: ReadonlySet<Refusal | null> = new Set<Refusal | null>(['blocklisted', 'vantage-identity'])
const OF_FORGERS =
  /\bsenders?\b|\bmail from\b|\bfake|\bforge|\bimperson|\bdomains?\b|\bbounces?\b|\bbackscatter\b|\bnull\b|\bempty\b|\bpercent\b|\bhack\b|\brout(?:e|es|ed|ing)\b|\bcharacter|\blocal part\b/
const OF_CLIENTS =
  /\bclients?\b|\b[he][he]lo\b|\bptr\b|\brdns\b|\breverse\b|\bcountry\b|\bdynamic\b|\bdial-?up\b|\bisp\b|\bprovider\b|\babuse\b|\bconnect|\byour (?:ip|host|server|machine|address)\b|\bhost ?names?\b|\bip\b|\bnetwork\b/
const BLOCK_LIST = /\b(?:dns|r)bl\b|\blist(?:s|ed)?\b|(?:black|block)[ -]?list|reputation|spamhaus/

function isSuspect(row: Assessed, rows: readonly Assessed[], outside: Refusal | null): boolean {
  const { refusal, decisive, basis, text } = row
  const { form, exchanges } = row.attempt
  if (refusal === null || decisive === null) return false
  if (isForgeryCheck(row, rows)) return true
  // An ambiguous recipient is refused for many reasons. Only vague words may be a ban.
  if (form.recipient.kind === 'ambiguous') return SUSPECT.has(refusal) && !/character/.test(text)
  if (SUSPECT.has(refusal)) return true
  if (refusal === 'auth-required') return outside !== 'auth-required' && !exchanges.some(isTaken)
  if (form.sender.risky || form.recipient.risky) return false
  // An ordinary address is not a syntax error, and our outside recipient cannot be an unknown user of the server.
  if (refusal === 'syntax') return true
  if (refusal === 'unknown-user') {
    return basis === 'none' || form.id === POSTMASTER_SENDER || (decisive.stage === 'rcpt' && !/sender/.test(text))
  }
  return refusal === 'sender-rejected' && !FORGERY.test(text)
}

/** Whether the outside sender was refused in the same way at the end as at the beginning: no ban began in between. */
export function isAsBefore(again: Assessed, outside: Assessed | undefined): boolean {
  const before = outside?.refusal ?? null
  return deniesRelaying(before) ? again.refusal === before : sameRefusal(again, outside)
}

/** Whether the repeat of the first question was refused in another way than the first time: a ban has begun. */
export const isChanged = (again: Assessed | undefined, outside: Assessed | undefined): again is Assessed =>
  again?.outcome === 'refused' && !isAsBefore(again, outside)

/** Words of refusals that protect a domain from forged senders. */
const FORGERY = /\bspf\b|sender policy framework|spoof|\bdkim\b|\bdmarc\b|not allowed to send/

/**
 * Returns the next own-domain sender that is worth trying, or null. Some servers trust only senders that exist. Others
 * demand a login from those, and trust the rest. The words of their refusals do not tell which (rule 4b).
 */
export function secondSenderAfter(rows: readonly Assessed[], known: MailboxKind): string | null {
  const own = rowOf(rows, OWN_SENDER)
  if (own?.outcome !== 'refused' || own.refusedLater) return null
  if (own.refusal === null || reasonAboutUs(own.refusal)) return null
  if (known === 'none') return POSTMASTER_SENDER
  // Other words than a stranger's may mean that only existing senders must log in: try one that does not exist.
  const invented = rowOf(rows, INVENTED_SENDER)
  if (invented === undefined && !sameRefusal(own, rowOf(rows, OUTSIDE))) return INVENTED_SENDER
  // The server answers the known mailbox like an invented sender, so it may not have that mailbox.
  return invented === undefined || sameRefusal(own, invented) ? POSTMASTER_SENDER : null
}

/**
 * Whether a row belongs to the standard part of a test. Postmaster as a sender belongs to it only if the standard suite
 * asks it too. Otherwise the full suite asks it after the standard part.
 */
export function isOfStandard({ attempt: { form } }: Assessed, rows: readonly Assessed[], known: MailboxKind): boolean {
  if (form.part !== 'standard') return false
  return form.id !== POSTMASTER_SENDER || secondSenderAfter(rows, known) === POSTMASTER_SENDER
}

/**
 * Whether no own-domain sender that exists was tried: each was refused because it does not exist, or the server refused
 * postmaster as a recipient, and the known mailbox too if there is one.
 */
export function noExistingSender(rows: readonly Assessed[], known: MailboxKind): boolean {
  const own = [OWN_SENDER, POSTMASTER_SENDER, INVENTED_SENDER].flatMap((id) => rowOf(rows, id) ?? [])
  if (own.length === 0 || !own.every(({ outcome }) => outcome === 'refused')) return false
  const isNone = (id: string) => rowOf(rows, id)?.outcome === 'refused' && !isTakenLocal(rowOf(rows, id))
  const outside = rowOf(rows, OUTSIDE)
  return (
    own.every((row) => isUnknownSender(row, outside)) ||
    (isNone(POSTMASTER) && (known === 'none' || isNone(KNOWN_MAILBOX)))
  )
}

function isUnknownSender(row: Assessed, outside: Assessed | undefined): boolean {
  const { outcome, refusal, text, decisive } = row
  if (outcome !== 'refused') return false
  // A stranger got the same words, so they are about the recipient.
  if (decisive?.stage === 'rcpt' && sameRefusal(row, outside)) return false
  return refusal === 'unknown-user' || (refusal === 'sender-rejected' && !FORGERY.test(text))
}

/**
 * Whether to ask if the own-domain sender may write to a local mailbox. The server must have accepted that sender at
 * MAIL, and refused its outside recipient in the same words as a stranger's: then it did not refuse the sender. The
 * local mailbox must be a known one, or one that the server accepts from strangers.
 */
export function mayBeSpoofable(rows: readonly Assessed[], known: MailboxKind): boolean {
  const own = rowOf(rows, OWN_SENDER)
  if (own?.outcome !== 'refused' || own.refusedLater || own.decisive?.stage !== 'rcpt') return false
  if (!sameRefusal(own, rowOf(rows, OUTSIDE))) return false
  const local = rowOf(rows, known === 'none' ? POSTMASTER : KNOWN_MAILBOX)
  return local ? isTakenLocal(local) : known !== 'none'
}

/** The state of a test that the choice of controls depends on. */
export interface ControlState {
  readonly rows: readonly Assessed[]
  readonly known: MailboxKind
  /** Whether the own domain is only the customer's first one, so that it must be checked. */
  readonly isDomainDefault: boolean
  /** The number of the open session; null if there is none. */
  readonly session: number | null
  /** How often a control was asked. */
  asked(id: string): number
}

/** How often one control is asked at most. The second time is for an answer that came in the wrong place. */
const MOST = 2

/** Returns the controls that can still change the verdict, in the order in which one session asks them. */
export function wantedControls(state: ControlState): readonly string[] {
  const { rows, known, asked } = state
  const need = needOf(state)
  const wanted = [
    {
      when: isLocalWanted(state, need),
      ask: need.repeat && asked(REPEAT) < MOST ? [REPEAT, need.local] : [need.local],
    },
    { when: need.suspects && !need.mayVouch && asked(REPEAT) === 0, ask: [REPEAT] },
    { when: known !== 'none' && isSpoofDenied(rows) && asked(KNOWN_MAILBOX) === 0, ask: [KNOWN_MAILBOX] },
    { when: isMailboxDenied(rows) && asked(POSTMASTER) === 0, ask: [POSTMASTER] },
    {
      when: need.contrast && contrastOf(rows, known) === 'words-needed' && asked(RANDOM_LOCAL) === 0,
      ask: [RANDOM_LOCAL],
    },
  ]
  return wanted.find(({ when }) => when)?.ask ?? []
}

/** The facts that the answers of the standard part still lack. */
interface Need {
  /** Whether the refusal of the outside sender counts only by contrast. */
  readonly contrast: boolean
  /** Whether another refusal may be the beginning of a ban. */
  readonly suspects: boolean
  /** Whether the mailbox of a person can show that we are not banned, so that no repeat is needed. */
  readonly mayVouch: boolean
  /** Whether the first question must be asked again. */
  readonly repeat: boolean
  /** The local recipient to ask. */
  readonly local: typeof KNOWN_MAILBOX | typeof POSTMASTER
}

function needOf({ rows, known, session }: ControlState): Need {
  const outside = rowOf(rows, OUTSIDE)
  const contrast = needsContrast(outside)
  const suspected = rows.filter((row) => row.attempt.form.part === 'standard' && needsRepeat(row, rows))
  const suspects = suspected.length > 0
  const local = known !== 'none' && isStillKnown(rowOf(rows, KNOWN_MAILBOX)) ? KNOWN_MAILBOX : POSTMASTER
  // Words about us need a repeat: a ban can spare local recipients.
  const isNamed = suspected.some((row) => isForgeryCheck(row, rows))
  const mayVouch = local === KNOWN_MAILBOX && known === 'person' && !isNamed
  const repeat = (suspects && !mayVouch) || (contrast && outside.attempt.connection !== session)
  return { contrast, suspects, mayVouch, repeat, local }
}

/** Whether the known mailbox can help: it has no answer yet, or the server knows it. */
const isStillKnown = (mailbox: Assessed | undefined): boolean => mailbox?.outcome !== 'refused' || isTakenLocal(mailbox)

/** Whether to ask a local recipient: it has no answer yet, or its answer came in the wrong place. */
function isLocalWanted({ rows, known, isDomainDefault, asked }: ControlState, need: Need): boolean {
  const { contrast, suspects, mayVouch, local } = need
  const answer = rowOf(rows, local)
  if (!(contrast || (suspects && mayVouch) || isDomainDefault)) return false
  if (asked(local) === 0 && !isTakenLocal(answer)) return true
  return (contrast || suspects) && asked(local) < MOST && isTakenLocal(answer) && !isContrast(answer, rows, known)
}

/**
 * Whether the server denied relaying when the own-domain sender wrote to the known mailbox. If it also denies that to a
 * stranger, we are banned.
 */
const isSpoofDenied = (rows: readonly Assessed[]): boolean =>
  rowOf(rows, OWN_SENDER_TO_LOCAL)?.refusal === 'relay-denied'

/** Whether the known mailbox was refused as relaying. If another server has its domain, postmaster is refused too. */
const isMailboxDenied = (rows: readonly Assessed[]): boolean =>
  [OUTSIDE, KNOWN_MAILBOX].every((id) => rowOf(rows, id)?.refusal === 'relay-denied')

/** Whether an attempt counts for the verdict. An attempt for a finding does not. */
export const isForVerdict = ({ attempt }: Assessed): boolean => attempt.form.id !== OWN_SENDER_TO_LOCAL

/** Whether an answer can change the verdict. If it cannot, its question is not asked again. */
export function isNeeded(row: Assessed, rows: readonly Assessed[]): boolean {
  const { form } = row.attempt
  if (!isForVerdict(row)) return false
  return form.recipient.kind !== 'local' || needsContrast(rowOf(rows, OUTSIDE))
}
