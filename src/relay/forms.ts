/**
 * Lists the forms: every way of writing an envelope that a test tries. Each form is one row, and suites, causes and
 * documents are made from the rows.
 */
import type { Cause, Suite } from '../contract/words.ts'

/** Our addresses for one form: the sender of a stranger, and a recipient in our own mailbox's domain. */
export interface TestAddresses {
  readonly sender: string
  readonly recipient: string
}

/**
 * The names that a form is written with. `literal` is the target's address literal (RFC 5321 section 4.1.3); `mailbox`
 * is a mailbox that exists at the server, if one is known.
 */
export interface Names extends TestAddresses {
  readonly domain: string
  readonly host: string
  readonly literal: string
  readonly mailbox: string | null
  /** The same recipient at a name of our zone that leads to the target; absent if the installation has no zone. */
  readonly steered?: string | null
}

/** The names of the target that a form can need. */
export type NeededName = 'domain' | 'host'

/** One way of writing MAIL FROM. */
interface Sender {
  /** Who that is, in everyday words. */
  readonly says: string
  /** The owner of the address: a refusal means something different for each. */
  readonly as: 'outside' | 'own' | 'null'
  readonly needs?: NeededName
  /** The cause, if a server relays for this sender and for no other. */
  readonly cause?: Cause
  /** Servers may call it a syntax error. Exim drops the connection at the fourth one (measured). */
  readonly risky?: true
  /** Whether a message may be sent. False if it could loop, or if its bounce would reach another person. */
  readonly carriesMessage: boolean
  /** Returns the sender without angle brackets. */
  spell(names: Names): string
}

/** Ways of writing MAIL FROM; the null sender is the empty string. */
const SENDERS = {
  outside: { says: 'a stranger', as: 'outside', carriesMessage: true, spell: ({ sender }) => sender },
  null: {
    says: 'the empty sender (the sender of bounces)',
    as: 'null',
    cause: 'null-sender',
    carriesMessage: true,
    spell: () => '',
  },
  'own-domain': {
    says: "a sender at the server's own domain",
    as: 'own',
    needs: 'domain',
    cause: 'own-domain-sender',
    carriesMessage: true,
    spell: ({ domain, mailbox }) => mailbox ?? `sender@${domain}`,
  },
  'own-invented': {
    says: "an invented sender at the server's own domain",
    as: 'own',
    needs: 'domain',
    cause: 'own-domain-sender',
    carriesMessage: true,
    spell: ({ domain }) => `sender@${domain}`,
  },
  postmaster: {
    says: "the postmaster of the server's own domain",
    as: 'own',
    needs: 'domain',
    cause: 'own-domain-sender',
    carriesMessage: true,
    spell: ({ domain }) => `postmaster@${domain}`,
  },
  'own-host': {
    says: "a sender at the server's host name",
    as: 'own',
    needs: 'host',
    cause: 'own-host-sender',
    carriesMessage: true,
    spell: ({ host }) => `sender@${host}`,
  },
  literal: {
    says: "a sender at the server's IP address",
    as: 'own',
    cause: 'address-literal',
    risky: true,
    carriesMessage: false,
    spell: ({ literal }) => `sender@${literal}`,
  },
  unqualified: {
    says: 'a sender without a domain',
    as: 'own',
    risky: true,
    carriesMessage: false,
    spell: () => 'sender',
  },
  localhost: { says: 'a sender at localhost', as: 'own', carriesMessage: false, spell: () => 'sender@localhost' },
  'unknown-host': {
    says: 'a sender at a name that does not exist',
    as: 'own',
    carriesMessage: false,
    spell: ({ sender }) => `sender@no-such-host.${domainOf(sender)}`,
  },
} as const satisfies Record<string, Sender>

/**
 * Where a recipient is local if the server reads it as a local part: at its domain, its host name, its address, or
 * without a domain. A server can accept any local part at one place and relay at another one.
 */
export type Place = 'domain' | 'host' | 'address' | 'no domain'

/** One way of writing RCPT TO. */
interface Recipient {
  /**
   * Plain: the recipient is simply outside. Ambiguous: it can also be a local one, so a 2xx to RCPT proves nothing.
   * Local: it is at the server's own domain.
   */
  readonly kind: 'plain' | 'ambiguous' | 'local'
  readonly needs?: NeededName
  /**
   * The place of its local part; absent if it is no local part: a plain recipient, or a route (RFC 5321 appendix C).
   */
  readonly place?: Place
  /** The cause, if a server relays for this spelling and for no other. */
  readonly cause?: Cause
  /** Servers may call it a syntax error. */
  readonly risky?: true
  /** The recipient is written without angle brackets. */
  readonly bare?: true
  /** Returns the recipient without angle brackets. */
  spell(names: Names): string
}

const at = ({ recipient }: Names) => recipient
const percent = ({ recipient }: Names) => recipient.replace('@', '%')
const bang = ({ recipient }: Names) => `${domainOf(recipient)}!${localOf(recipient)}`

/** Ways of writing RCPT TO. */
const RECIPIENTS = {
  plain: { kind: 'plain', spell: at },
  'no-brackets': { kind: 'plain', cause: 'address-spelling', bare: true, spell: at },
  'trailing-dot': { kind: 'plain', risky: true, cause: 'address-spelling', spell: (names) => `${at(names)}.` },
  'mx-steered': { kind: 'plain', cause: 'mx-steered', spell: ({ steered }) => steered ?? '' },
  'percent-domain': ambiguous('domain', 'percent-hack', (names) => `${percent(names)}@${names.domain}`),
  'percent-host': ambiguous('host', 'percent-hack', (names) => `${percent(names)}@${names.host}`),
  'percent-literal': risky('address', 'percent-hack', (names) => `${percent(names)}@${names.literal}`),
  quoted: risky('no domain', 'address-spelling', (names) => `"${at(names)}"`),
  'quoted-percent': risky('no domain', 'percent-hack', (names) => `"${percent(names)}"`),
  'quoted-host': ambiguous('host', 'address-spelling', (names) => `"${at(names)}"@${names.host}`),
  'quoted-literal': risky('address', 'address-spelling', (names) => `"${at(names)}"@${names.literal}`),
  'double-at-host': { ...risky('host', 'address-spelling', (names) => `${at(names)}@${names.host}`), needs: 'host' },
  'double-at-literal': risky('address', 'address-spelling', (names) => `${at(names)}@${names.literal}`),
  'trailing-at': risky('no domain', 'address-spelling', (names) => `${at(names)}@`),
  'route-host': { ...route((names) => `@${names.host}:${at(names)}`), needs: 'host' },
  'route-domain': { ...route((names) => `@${names.domain}:${at(names)}`), needs: 'domain' },
  'route-literal': { ...route((names) => `@${names.literal}:${at(names)}`), risky: true },
  bang: risky('no domain', 'bang-path', bang),
  'bang-host': ambiguous('host', 'bang-path', (names) => `${bang(names)}@${names.host}`),
  'bang-domain': ambiguous('domain', 'bang-path', (names) => `${bang(names)}@${names.domain}`),
  'bang-literal': risky('address', 'bang-path', (names) => `${bang(names)}@${names.literal}`),
  'bang-chain': ambiguous('host', 'bang-path', (names) => `${names.host}!${bang(names)}@${names.host}`),
  'comma-list': ambiguous(
    'domain',
    'address-spelling',
    (names) => `"x@${domainOf(at(names))},${at(names)}"@${names.domain}`,
  ),
  imceasmtp: ambiguous('domain', 'address-spelling', (names) => `IMCEASMTP-${encapsulated(at(names))}@${names.domain}`),
  srs: ambiguous(
    'domain',
    'address-spelling',
    (names) => `SRS0=abcd=AB=${domainOf(at(names))}=${localOf(at(names))}@${names.domain}`,
  ),
  postmaster: { kind: 'local', needs: 'domain', spell: ({ domain }) => `postmaster@${domain}` },
  'known-mailbox': { kind: 'local', needs: 'domain', spell: ({ mailbox }) => mailbox ?? '' },
  'own-mailbox': { kind: 'local', needs: 'domain', spell: ({ domain, mailbox }) => mailbox ?? `postmaster@${domain}` },
  'random-local': random('domain', (names) => `${localOf(at(names))}@${names.domain}`, 'domain'),
  'random-host': random('host', (names) => `${localOf(at(names))}@${names.host}`, 'host'),
  'random-literal': random('address', (names) => `${localOf(at(names))}@${names.literal}`),
  'random-bare': random('no domain', (names) => localOf(at(names))),
} as const satisfies Record<string, Recipient>

/** Describes each recipient in everyday words. */
const RECIPIENTS_SAY: Readonly<Record<keyof typeof RECIPIENTS, string>> = {
  plain: 'an outside address',
  'no-brackets': 'an outside address without angle brackets',
  'trailing-dot': 'an outside address with a final dot',
  'mx-steered': 'an outside address whose domain names the server as a backup mail server (MX record)',
  'percent-domain': "an outside address with a percent sign, at the server's domain (user%outside@domain)",
  'percent-host': "an outside address with a percent sign, at the server's host name (user%outside@host)",
  'percent-literal': "an outside address with a percent sign, at the server's IP address (user%outside@[address])",
  quoted: 'an outside address in quotes ("user@outside")',
  'quoted-percent': 'an outside address with a percent sign, in quotes ("user%outside")',
  'quoted-host': `an outside address in quotes, at the server's host name ("user@outside"@host)`,
  'quoted-literal': `an outside address in quotes, at the server's IP address ("user@outside"@[address])`,
  'double-at-host': "an outside address with the server's host name behind it (user@outside@host)",
  'double-at-literal': "an outside address with the server's IP address behind it (user@outside@[address])",
  'trailing-at': 'an outside address with a second @ at the end (user@outside@)',
  'route-host': "an outside address by a route through the server's host name (@host:user@outside)",
  'route-domain': "an outside address by a route through the server's domain (@domain:user@outside)",
  'route-literal': "an outside address by a route through the server's IP address (@[address]:user@outside)",
  bang: 'an outside address in the old style with an exclamation mark (outside!user)',
  'bang-host': "an outside address with an exclamation mark, at the server's host name (outside!user@host)",
  'bang-domain': "an outside address with an exclamation mark, at the server's domain (outside!user@domain)",
  'bang-literal': "an outside address with an exclamation mark, at the server's IP address (outside!user@[address])",
  'bang-chain': "an outside address by a path through the server's host name (host!outside!user@host)",
  'comma-list': 'two addresses in one, the second one outside ("x@outside,user@outside"@domain)',
  imceasmtp: 'an outside address packed as Exchange packs it (IMCEASMTP-...@domain)',
  srs: 'an outside address packed as forwarders pack it (SRS0=...@domain)',
  postmaster: "the postmaster of the server's own domain",
  'known-mailbox': 'a mailbox that exists at the server',
  'own-mailbox': "a mailbox of the server's own domain",
  'random-local': "a mailbox of the server's domain that nobody has",
  'random-host': "a mailbox at the server's host name that nobody has",
  'random-literal': "a mailbox at the server's IP address that nobody has",
  'random-bare': 'a mailbox without a domain that nobody has',
}

/** What else to say about a form that asks a question a second time. */
const ALSO: Readonly<Record<string, string>> = {
  'outside-sender-in-tls': ', over an encrypted connection',
  'outside-sender-again': ', once more',
  'outside-sender-at-end': ', once more',
}

/** One way of writing an envelope that a careless server relays: a sender and a recipient of the tables above. */
export interface Form {
  readonly id: string
  /** Whether a healthy server's answer is known. A control helps to read the answers to other forms. */
  readonly control: boolean
  readonly sender: Sender
  readonly recipient: Recipient
  /** The suites that try it. A form in no suite is tried only if it can change the verdict. */
  readonly suites: readonly Suite[]
  /** The part of a test that it belongs to. The full suite first reaches the verdict of the standard part. */
  readonly part: Suite
  /** What is tried, in everyday words, for people who do not know SMTP. */
  readonly says: string
  /** The mistake that only this form finds. */
  readonly exploits: string
  /** The tester or document that the form comes from. */
  readonly source: string
}

type Row = readonly [
  id: string,
  sender: keyof typeof SENDERS,
  recipient: keyof typeof RECIPIENTS,
  exploits: string,
  source: string,
]

/** The standard suite. It is short, because fail2ban usually bans at the fifth refusal within ten minutes. */
const STANDARD: readonly Row[] = [
  [
    'outside-sender',
    'outside',
    'plain',
    'no check at all: anyone may send to anyone',
    'RFC 2505 section 2.1; every tester',
  ],
  [
    'own-domain-sender',
    'own-domain',
    'plain',
    "trust in a sender at the server's own domain",
    'abuse.net 4; the reference dialogue',
  ],
  ['null-sender', 'null', 'plain', 'bounces are exempt from the relay check', 'RFC 5321 section 4.5.5; nmap 1, Nessus'],
  [
    'percent-hack',
    'outside',
    'percent-domain',
    'the local part user%outside becomes user@outside',
    'RFC 1123 section 5.2.16',
  ],
]

/** A form that the full suite always tries, and the standard suite only as its second sender at the own domain. */
const POSTMASTER_SENDER: readonly Row[] = [
  [
    'own-domain-postmaster',
    'postmaster',
    'plain',
    'trust in senders at the own domain that exist',
    'RFC 5321 section 4.5.1; Nessus',
  ],
]

/** The other forms that only the full suite tries. */
const FULL: readonly Row[] = [
  ['own-host-sender', 'own-host', 'plain', "trust in a sender at the server's host name", 'nmap 3, Nessus'],
  ['unknown-host-sender', 'unknown-host', 'plain', 'a sender that cannot be looked up skips the check', 'Nessus'],
  ['localhost-sender', 'localhost', 'plain', 'a sender at localhost counts as local', 'MAPS 3, Nessus'],
  [
    'null-sender-percent',
    'null',
    'percent-domain',
    'the percent hack is denied, except for bounces',
    'Lotus SMTP MTA 4.6.4',
  ],
  [
    'percent-hack-host',
    'outside',
    'percent-host',
    'the percent hack works only at the host name',
    'nmap 6, abuse.net 6',
  ],
  ['quoted-at-host', 'outside', 'quoted-host', 'a router removes the quotes from "user@outside"', 'abuse.net 11'],
  [
    'source-route-host',
    'outside',
    'route-host',
    'an explicit route through the host name',
    'RFC 5321 appendix C; nmap 13',
  ],
  ['source-route-domain', 'outside', 'route-domain', 'an explicit route through the mail domain', 'abuse.net 13'],
  ['bang-path-host', 'outside', 'bang-host', 'a UUCP path before the host name', 'RFC 976; nmap 16, abuse.net 16'],
  ['bang-path-domain', 'outside', 'bang-domain', 'a UUCP path before the mail domain', 'abuse.net 17'],
  ['bang-chain', 'outside', 'bang-chain', 'a UUCP path through the server itself', 'RFC 976'],
  ['comma-list', 'outside', 'comma-list', 'one quoted local part becomes two recipients', 'CERT VU#176972, Domino 5'],
  [
    'imceasmtp',
    'outside',
    'imceasmtp',
    'an encapsulated address is unpacked after the check',
    'MS99-027, Exchange 5.5',
  ],
  ['srs-forged', 'outside', 'srs', 'a rewritten sender is reversed without its secret', 'Mailu issue 1458'],
  ['no-brackets', 'outside', 'no-brackets', 'the check looks for angle brackets', 'mailradar 1, DSBL'],
  ['trailing-dot', 'outside', 'trailing-dot', 'a final dot hides the domain from the list', 'RFC 1034 section 3.1'],
  ['literal-sender', 'literal', 'plain', "trust in a sender at the server's address", 'nmap 4, abuse.net 5, Nessus'],
  [
    'unqualified-sender',
    'unqualified',
    'plain',
    'the own domain is added to a sender without a domain',
    'abuse.net 2, Nessus',
  ],
  ['percent-hack-literal', 'outside', 'percent-literal', 'the percent hack at the address', 'nmap 5, abuse.net 7'],
  ['quoted', 'outside', 'quoted', '"user@outside" counts as local until its quotes are removed', 'nmap 7, abuse.net 8'],
  [
    'quoted-percent',
    'outside',
    'quoted-percent',
    '"user%outside" counts as local until its quotes are removed',
    'nmap 8, abuse.net 9',
  ],
  ['quoted-at-literal', 'outside', 'quoted-literal', 'a quoted address at the address literal', 'nmap 10, Nessus'],
  [
    'double-at-host',
    'outside',
    'double-at-host',
    'the last domain is checked, the first one used',
    'nmap 11, abuse.net 10, Nessus',
  ],
  [
    'double-at-literal',
    'outside',
    'double-at-literal',
    'the address literal is checked, the first domain used',
    'nmap 9, abuse.net 12, Nessus',
  ],
  ['trailing-at', 'outside', 'trailing-at', 'an empty last domain counts as local', 'OpenSMTPD 5.7; mailradar 18'],
  [
    'source-route-literal',
    'outside',
    'route-literal',
    'an explicit route through the address',
    'nmap 12, abuse.net 14, Nessus',
  ],
  ['bang-path', 'outside', 'bang', 'a UUCP path has no domain to check', 'nmap 14, abuse.net 15'],
  ['bang-path-literal', 'outside', 'bang-literal', 'a UUCP path before the address literal', 'nmap 15, Nessus'],
]

/** Forms in no suite: they are asked only if the answer can change the verdict. */
const SECOND_SENDERS: readonly Row[] = [
  [
    'own-domain-invented',
    'own-invented',
    'plain',
    'trust in senders at the own domain, except for existing ones, which must log in',
    'Postfix reject_sender_login_mismatch',
  ],
]

/** The first question in TLS: some servers trust every encrypted client, or have other rules for it. */
const IN_TLS: readonly Row[] = [
  ['outside-sender-in-tls', 'outside', 'plain', 'an encrypted connection counts as a login', 'RFC 3207 section 4'],
]

/** The id of the form whose recipient is at a name of our zone. It is asked only if the installation has a zone. */
export const MX_STEERED = 'mx-steered'

/** The question that needs our zone: some servers relay for every domain whose MX records name them. */
const IN_ZONE: readonly Row[] = [
  [
    MX_STEERED,
    'outside',
    'mx-steered',
    'any domain whose MX records name the server may be relayed to',
    'Postfix permit_mx_backup, Sendmail relay_based_on_MX, Exim @mx_any',
  ],
]

/** The controls of the standard part. They are asked only if the answer can change the verdict. */
const CONTROLS: readonly Row[] = [
  ['known-mailbox-control', 'outside', 'known-mailbox', 'nothing: the server accepts its own mailbox', 'RFC 5321'],
  ['postmaster-control', 'outside', 'postmaster', 'nothing: a healthy server accepts it', 'RFC 5321 section 4.5.1'],
  ['random-local-control', 'outside', 'random-local', 'nothing: a healthy server refuses it', 'RFC 5321 section 3.3'],
  [
    'outside-sender-again',
    'outside',
    'plain',
    'nothing: it shows whether the server has banned us',
    'docs/verdict.md, 4b',
  ],
]

/** The random local parts of the other places. They are asked if an ambiguous recipient was accepted there (rule 3). */
const AT_PLACES: readonly Row[] = [
  ['random-local-at-host', 'outside', 'random-host', 'nothing: a healthy server refuses it', 'docs/verdict.md, 3'],
  [
    'random-local-at-address',
    'outside',
    'random-literal',
    'nothing: a healthy server refuses it',
    'docs/verdict.md, 3',
  ],
  ['random-local-alone', 'outside', 'random-bare', 'nothing: a healthy server refuses it', 'docs/verdict.md, 3'],
]

/** Questions whose answers are findings. They never count for the verdict. */
const FOR_FINDINGS: readonly Row[] = [
  [
    'own-sender-to-local',
    'own-domain',
    'own-mailbox',
    'nothing: it shows whether strangers may send as the own domain to it',
    'mailcow, Mailu: "a stranger can send as me to me"',
  ],
]

/** The control at the end of each connection of the full part. */
const AT_END: readonly Row[] = [
  [
    'outside-sender-at-end',
    'outside',
    'plain',
    'nothing: it shows whether the server has banned us',
    'docs/verdict.md, 4b',
  ],
]

/** Every form, in the order in which a suite tries them. */
export const FORMS: readonly Form[] = [
  ...formsFrom(STANDARD, { control: false, part: 'standard', suites: ['standard', 'full'] }),
  ...formsFrom(POSTMASTER_SENDER, { control: false, part: 'standard', suites: ['full'] }),
  ...formsFrom(SECOND_SENDERS, { control: false, part: 'standard', suites: [] }),
  ...formsFrom(FULL, { control: false, part: 'full', suites: ['full'] }),
  ...formsFrom(IN_ZONE, { control: false, part: 'full', suites: [] }),
  ...formsFrom(IN_TLS, { control: false, part: 'full', suites: [] }),
  ...formsFrom(CONTROLS, { control: true, part: 'standard', suites: [] }),
  ...formsFrom(FOR_FINDINGS, { control: true, part: 'standard', suites: [] }),
  ...formsFrom(AT_PLACES, { control: true, part: 'full', suites: [] }),
  ...formsFrom(AT_END, { control: true, part: 'full', suites: [] }),
]

/** Returns the cause of a server that relays this form. */
export function causeOf({ sender, recipient }: Form): Cause {
  return recipient.cause ?? sender.cause ?? 'everyone'
}

/** Returns the form with that id. Throws if there is none. */
export function formOf(id: string): Form {
  const form = FORMS.find((candidate) => candidate.id === id)
  if (!form) throw new Error(`no form ${id}`)
  return form
}

/** Returns the forms of a suite, in order. */
export function formsOf(suite: Suite): readonly Form[] {
  return FORMS.filter((form) => form.suites.includes(suite))
}

/** The forms whose recipient is our own mailbox, so that a message can arrive. */
export const MESSAGE_FORMS: readonly Form[] = FORMS.filter(({ recipient }) => recipient.kind !== 'local')

/** Makes the forms of a table. */
function formsFrom(rows: readonly Row[], common: Pick<Form, 'control' | 'part' | 'suites'>): Form[] {
  return rows.map(([id, sender, recipient, exploits, source]) => {
    const says = `From ${SENDERS[sender].says} to ${RECIPIENTS_SAY[recipient]}${ALSO[id] ?? ''}`
    return { id, sender: SENDERS[sender], recipient: RECIPIENTS[recipient], says, exploits, source, ...common }
  })
}

/** Makes an ambiguous recipient at a name of the target. */
function ambiguous(needs: NeededName, cause: Cause, spell: Recipient['spell']) {
  return { kind: 'ambiguous', needs, place: needs, cause, spell } as const
}

/** Makes an ambiguous recipient whose domain a strict parser calls a syntax error. */
function risky(place: Place, cause: Cause, spell: Recipient['spell']) {
  return { kind: 'ambiguous', risky: true, place, cause, spell } as const
}

/** Makes a recipient that is a route through the target. */
function route(spell: Recipient['spell']) {
  return { kind: 'ambiguous', cause: 'source-route', spell } as const
}

/** Makes a local part that nobody has. */
function random(place: Place, spell: Recipient['spell'], needs?: NeededName) {
  return { kind: 'local', place, spell, ...(needs && { needs }) } as const
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

function localOf(address: string): string {
  return address.slice(0, address.lastIndexOf('@'))
}

/** Encapsulates an address as Exchange does: letters and digits stay, every other character becomes +HH. */
function encapsulated(address: string): string {
  return address.replace(/[^A-Za-z0-9]/g, (char) => `+${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
