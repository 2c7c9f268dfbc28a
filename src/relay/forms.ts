import type { Suite } from '../contract/words.ts'

/** Our addresses for one test: the sender that strangers have, and the recipient in our own mailbox's domain. */
export interface TestAddresses {
  readonly sender: string
  readonly recipient: string
}

/** What a form is written from. `domain` is the target's own mail domain. */
export interface Names extends TestAddresses {
  readonly domain: string
}

/**
 * One way of writing an envelope that a careless server relays. `mailFrom` and `rcptTo` stand without angle brackets;
 * the null sender is the empty string. A form is plain when its recipient is simply outside, ambiguous when a local
 * reading is possible, so that a 2xx to RCPT proves nothing.
 */
export interface Form {
  readonly id: string
  readonly kind: 'plain' | 'ambiguous' | 'control'
  /** Whose name the sender bears: a refusal of it means something else for each. */
  readonly sender: 'outside' | 'own' | 'null'
  /** Suites that run it; a form in none is asked only when it can change the verdict. */
  readonly suites: readonly Suite[]
  readonly needsDomain: boolean
  /** What it exploits. */
  readonly exploits: string
  readonly source: string
  mailFrom(names: Names): string
  rcptTo(names: Names): string
}

const outside = ({ sender }: Names) => sender
const recipient = ({ recipient }: Names) => recipient

/** Every form, in the order in which a suite runs them. */
export const FORMS: readonly Form[] = [
  {
    id: 'outside-sender',
    kind: 'plain',
    sender: 'outside',
    suites: ['standard'],
    needsDomain: false,
    exploits: 'no check at all: anyone may send to anyone',
    source: 'RFC 5321 section 3.6, RFC 2505 section 2.1',
    mailFrom: outside,
    rcptTo: recipient,
  },
  {
    id: 'own-domain-sender',
    kind: 'plain',
    sender: 'own',
    suites: ['standard'],
    needsDomain: true,
    exploits: "trust in a sender address that claims the server's own domain",
    source: 'abuse.net form 4; the reference dialogue',
    mailFrom: ({ domain }) => `sender@${domain}`,
    rcptTo: recipient,
  },
  {
    id: 'null-sender',
    kind: 'plain',
    sender: 'null',
    suites: ['standard'],
    needsDomain: false,
    exploits: 'bounces exempt from the relay check',
    source: 'RFC 5321 section 4.5.5',
    mailFrom: () => '',
    rcptTo: recipient,
  },
  {
    id: 'percent-hack',
    kind: 'ambiguous',
    sender: 'outside',
    suites: ['standard'],
    needsDomain: true,
    exploits: 'the local part is routed on: user%outside@own-domain goes to user@outside',
    source: 'RFC 1123 section 5.2.16',
    mailFrom: outside,
    rcptTo: ({ recipient, domain }) => `${recipient.replace('@', '%')}@${domain}`,
  },
  {
    id: 'own-domain-postmaster',
    kind: 'plain',
    sender: 'own',
    suites: [],
    needsDomain: true,
    exploits: 'trust in own-domain senders that must exist: every domain has a postmaster',
    source: 'RFC 5321 section 4.5.1',
    mailFrom: ({ domain }) => `postmaster@${domain}`,
    rcptTo: recipient,
  },
  {
    id: 'postmaster-control',
    kind: 'control',
    sender: 'outside',
    suites: [],
    needsDomain: true,
    exploits: 'nothing: a healthy server takes mail for its postmaster from anyone',
    source: 'RFC 5321 section 4.5.1',
    mailFrom: outside,
    rcptTo: ({ domain }) => `postmaster@${domain}`,
  },
]

/** The form of that id. */
export function formOf(id: string): Form {
  const form = FORMS.find((candidate) => candidate.id === id)
  if (!form) throw new Error(`no form ${id}`)
  return form
}

/** The forms of a suite, in order. */
export function formsOf(suite: Suite): readonly Form[] {
  return FORMS.filter((form) => form.suites.includes(suite))
}
