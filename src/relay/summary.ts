/**
 * Says the verdict in plain sentences that a support agent can read out to a customer. Sentences for one cause or one
 * reason are in their tables. The sentences here depend on more than that.
 */
import type { RelayTest } from '../contract/relay-test.ts'
import { type Assessed, isTaken, rowOf } from './assess.ts'
import { CAUSE_ROWS } from './causes.ts'
import { sayCaveats } from './caveats.ts'
import { KNOWN_MAILBOX, POSTMASTER } from './controls.ts'
import type { Judgement } from './judgement.ts'
import { triedToRelay } from './local.ts'
import type { Observations } from './observations.ts'
import { REASON_ROWS } from './reasons.ts'
import type { WholeJudgement } from './two-vantages.ts'
import { fill, type SentenceFacts } from './wording.ts'

const CLOSED = 'The server does not relay. It refused every attempt to relay.'
const CATCH_ALL =
  'The server does not relay. It accepts mail for any name at {domain}, whether the mailbox exists or not.'
const REFUSED_LATER =
  'The server does not relay. It accepted some of the recipients that a stranger tried, and then refused their messages.'
const NO_CAUSE = 'The server accepted a message from a stranger to an outside recipient.'
const NOT_ARRIVED = 'Our test message has not arrived so far.'
const PASSED_ON = 'It tried to pass our test message on, and the next server refused it.'
const SILENT = 'The server accepts connections but says nothing: no greeting came in time.'
const NOT_EVEN_POSTMASTER =
  'The server rejected every address we tried at {domain}, even postmaster. Check that {domain} is really its domain.'
const NOT_EVEN_KNOWN =
  'The server refused us in words that we do not know, and refused the mailbox that you named too. Check that this mailbox exists at {domain} and receives mail there.'

/** Says what a second vantage adds to the answer, by the vantage whose answer counts. */
const VANTAGES_SAY: Readonly<Record<WholeJudgement['by'], string>> = {
  0: 'A second test from {second} gave no clearer answer than the one from {first}.',
  1: 'This answer is from our vantage {second}. Our first one, {first}, got no clear answer.',
  both: 'The server refused us in the same words at {first} and at {second}, so they are not about one of our addresses.',
}

/** Returns the sentence of a test that used two vantages. */
export function sayVantages(
  by: WholeJudgement['by'],
  first: RelayTest['vantage'],
  second: RelayTest['vantage'],
): string {
  const say = ({ name, ip }: RelayTest['vantage']) => (ip === null ? name : `${name} (${ip})`)
  return VANTAGES_SAY[by].replace('{first}', () => say(first)).replace('{second}', () => say(second))
}

/** Returns the summary of a test, or of the run whose answer counts. */
export function summarise(judgement: Judgement, observations: Observations, facts: SentenceFacts): string {
  return fill(sentencesFor(judgement, observations), facts, judgement.retryAfter)
}

function sentencesFor(judgement: Judgement, { proof, greeting }: Observations): string {
  switch (judgement.verdict) {
    case 'open': {
      const says = judgement.cause ? CAUSE_ROWS[judgement.cause].says : NO_CAUSE
      if (judgement.rows.some(triedToRelay) && judgement.evidence !== 'delivered') return `${says} ${PASSED_ON}`
      return proof === 'delivery' && judgement.evidence !== 'delivered' ? `${says} ${NOT_ARRIVED}` : says
    }
    case 'closed':
      return [closedSentence(judgement), ...sayCaveats(judgement.caveats)].join(' ')
    case 'inconclusive':
      if (refusesPostmaster(judgement)) return NOT_EVEN_POSTMASTER
      if (refusesKnownMailbox(judgement)) return NOT_EVEN_KNOWN
      if (judgement.reason === 'deadline' && greeting === null) return SILENT
      return REASON_ROWS[judgement.reason].says
  }
}

function closedSentence({ caveats, rows }: Judgement): string {
  if (caveats.includes('any-local-part-taken')) return CATCH_ALL
  return rows.some(wasAccepted) ? REFUSED_LATER : CLOSED
}

/** Whether a recipient that is not simply local was accepted at RCPT. */
const wasAccepted = ({ attempt: { form, exchanges } }: Assessed): boolean =>
  form.recipient.kind !== 'local' && exchanges.some(isTaken)

/** Tells whether postmaster was refused as unknown or as relaying. A server that has the domain has a postmaster. */
function refusesPostmaster({ reason, rows }: Judgement): boolean {
  const control = rowOf(rows, POSTMASTER)
  return reason === 'vantage-blocked' && (control?.refusal === 'unknown-user' || control?.refusal === 'relay-denied')
}

/** Tells whether the known mailbox was refused, so that naming it did not help. */
const refusesKnownMailbox = ({ reason, rows }: Judgement): boolean =>
  reason === 'words-unknown' && rowOf(rows, KNOWN_MAILBOX)?.outcome === 'refused'
