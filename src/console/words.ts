/** The words of the API in the words of a support agent. A word that is added to the contract needs a row here. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { Evidence, Outcome, Reason, Refusal, SweepChange, Verdict, Why } from '../contract/words.ts'

/** The word for each verdict, and the sentence to read out to the customer. */
export const VERDICTS: Readonly<Record<Verdict, { readonly word: string; readonly say: string }>> = {
  open: { word: 'Open relay', say: 'Strangers can send mail through your server, and spammers will.' },
  closed: { word: 'Closed', say: 'We tried to send mail through your server as a stranger, and it refused.' },
  inconclusive: { word: 'No clear answer', say: 'We could not find out yet. That does not mean that it is safe.' },
}

/** How far the server let us go. */
export const EVIDENCE_WORDS: Readonly<Record<Evidence, string>> = {
  none: 'It accepted nothing',
  'recipient-accepted': 'It accepted an outside recipient',
  'message-accepted': 'It accepted our test message',
  delivered: 'Our test message arrived',
}

export const OUTCOMES: Readonly<Record<Outcome, string>> = {
  refused: 'Refused',
  accepted: 'Accepted',
  deferred: 'Put off',
  'not-run': 'Not asked',
}

const REFUSALS: Readonly<Record<Refusal, string>> = {
  'relay-denied': 'it does not relay for strangers',
  'auth-required': 'it wants a login first',
  'tls-required': 'it wants an encrypted connection first',
  'sender-rejected': 'it does not like the sender',
  'unknown-user': 'it knows no such mailbox',
  blocklisted: 'our address is on a blocklist that it uses',
  greylisted: 'it asks us to come back later (greylisting)',
  throttled: 'it says that we ask too much',
  syntax: 'it does not understand this way of writing an address',
  policy: 'its own rules forbid it',
  content: 'it does not like the message',
  'vantage-identity': 'it does not like our address or our name',
  'server-trouble': 'it has a problem of its own',
  other: 'it gives another reason',
}

const WHYS: Readonly<Record<Why, string>> = {
  interrupted: 'the test was stopped',
  'vantage-failed': 'our own connection failed',
  'domain-unknown': 'we do not know its mail domain',
  'host-unknown': 'it did not tell its host name',
  'local-part-too-long': 'the address would be too long',
  'connection-limit': 'we had used up our connections',
  'turned-away': 'it accepted no more connections',
  spared: 'we left it out, because the server allows few questions',
  'transaction-ended': 'the server ended the transaction',
  'no-reset': 'the server did not start a new transaction',
  slowing: 'the server became too slow',
  'tls-failed': 'the encrypted connection failed',
  'greeting-refused': 'it turned us away at once',
  'connect-timeout': 'no connection in time',
  'connection-refused': 'nothing listens there',
  unreachable: 'there is no path to it',
  'protocol-error': 'it did not answer as a mail server does',
  dropped: 'the connection ended',
  deadline: 'the time was over',
}

/** The change of a server since the last sweep. */
export const CHANGES: Readonly<Record<SweepChange, string>> = {
  opened: 'Opened',
  closed: 'Closed again',
  new: 'New',
  lost: 'Lost',
}

/** Why a verdict is inconclusive, where no refusal and no failure of the same name says it. */
const REASONS: Readonly<Record<Exclude<Reason, Refusal | Why>, string>> = {
  'content-refused': 'it took an outside recipient, but not the text of our message',
  'recipient-accepted': 'it took an outside recipient, but no message',
  'accepted-then-bounced': 'it took our message, and sent it back',
  'ambiguous-accepted': 'it took an address that may be its own',
  'vantage-banned': 'it has banned our address',
  'vantage-blocked': 'it refuses our address',
  'words-unknown': 'it refused in words that we do not know',
  tarpitted: 'it answers too slowly',
}

const lookUp = (table: Readonly<Record<string, string>>, word: string | null): string | null =>
  word === null ? null : (Object.entries(table).find(([known]) => known === word)?.[1] ?? word)

/** Returns why an attempt was refused or not run, in words. A word that this page does not know stays as it is. */
export const reasonInWords = (attempt: Pick<RelayTest['attempts'][number], 'refusal' | 'why'>): string | null =>
  lookUp(REFUSALS, attempt.refusal) ?? lookUp(WHYS, attempt.why)

/** Returns why a verdict is inconclusive, in words. A word that this page does not know stays as it is. */
export const sweepReason = (reason: string): string => lookUp({ ...REFUSALS, ...WHYS, ...REASONS }, reason) ?? reason

/** Returns the proof behind a verdict, in words. */
export function evidenceInWords({ verdict, evidence, attempts }: RelayTest): string {
  const asked = attempts.filter(({ control, outcome }) => !control && outcome !== 'not-run')
  if (verdict === 'closed' && asked.every(({ outcome }) => outcome === 'refused')) {
    return `It refused all ${asked.length} attempts`
  }
  return asked.length === 0 ? 'It answered nothing' : EVIDENCE_WORDS[evidence ?? 'none']
}
