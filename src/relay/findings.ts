/**
 * Lists what else a test can find out about a server, apart from relaying. One row for each finding, with its sentence,
 * its steps, and the answers that show it. The names are in contract/words.ts. Findings never change a verdict.
 */
import type { RelayTest } from '../contract/relay-test.ts'
import { FINDINGS, type Finding } from '../contract/words.ts'
import { rowOf } from './assess.ts'
import { OWN_SENDER_TO_LOCAL, POSTMASTER } from './controls.ts'
import type { Judgement } from './judgement.ts'
import { hasMailboxForAll, takesAnything } from './local.ts'
import type { Observations } from './observations.ts'
import { type Advice, BEHIND_PROXY, DOCKER_IPV6, POSTFIX_ACCESS, UNKNOWN_RECIPIENTS } from './remedies/advice.ts'
import { isSourceLost } from './seen-as.ts'
import { fill, type SentenceFacts } from './wording.ts'

/** One finding. */
export interface FindingRow extends Omit<Advice, 'title'> {
  /** What was found, in sentences that can be read out. `fill` in wording.ts fills the braces. */
  readonly says: string
  /** Whether the answers show it. */
  holds(observations: Observations, judgement: Pick<Judgement, 'cause'>): boolean
}

/** RFC 5321 section 4.5.1: a server that accepts mail must support the mailbox postmaster, without a domain too. */
const POSTMASTER_RULE = 'https://www.rfc-editor.org/rfc/rfc5321.html#section-4.5.1'

/** The row of every finding. A word in contract/words.ts without a row here does not compile. */
export const FINDING_ROWS: Readonly<Record<Finding, FindingRow>> = {
  'own-domain-spoofable': {
    says: 'The server lets a stranger write to a mailbox at {domain} as a sender at {domain}. That is not relaying: the mail stays at the server.',
    steps: [
      'This does not make the server an open relay. It helps people who forge mail from colleagues.',
      'Publish SPF and DMARC records for {domain}, and let the server check them for mail that comes in. Some servers check DMARC only when they have the whole message, which this test does not send.',
      'Or refuse senders at {domain} from clients that have not logged in. First make sure that your own printers, web sites and mailing lists log in.',
      'With Postfix, list {domain} with "reject" in a table for check_sender_access, in smtpd_sender_restrictions after permit_mynetworks and permit_sasl_authenticated.',
    ],
    references: [POSTFIX_ACCESS],
    holds: ({ rows }) => rowOf(rows, OWN_SENDER_TO_LOCAL)?.outcome === 'accepted',
  },
  // SMTPD_ACCESS_README: to reject unknown recipients "helps to keep the mail queue free of undeliverable" bounces.
  'any-local-part-taken': {
    says: 'The server accepts mail for any name at {domain}, whether the mailbox exists or not.',
    steps: [
      'If the domain has a catch-all mailbox on purpose, leave it as it is.',
      'Otherwise let the server refuse unknown mailboxes in its reply to RCPT TO: mail that it accepts and cannot deliver becomes bounces.',
      'If it is a gateway, give it the list of valid recipients, or let it ask the server behind it during the session.',
    ],
    references: [UNKNOWN_RECIPIENTS, POSTFIX_ACCESS],
    holds: ({ rows }) => hasMailboxForAll(rows),
  },
  'bounces-strangers-mail': {
    says: 'The server accepted our message, and sent a report back to its sender instead of refusing it. Spammers forge senders, so such reports reach people who sent nothing.',
    steps: [
      'Let the server refuse recipients that it will not deliver to in its reply to RCPT TO, instead of sending reports later.',
      'If it is a gateway, give it the list of valid recipients, or let it ask the server behind it during the session.',
    ],
    references: [UNKNOWN_RECIPIENTS, POSTFIX_ACCESS],
    holds: ({ rows }) => rows.some(({ attempt }) => attempt.seen?.kind === 'bounce'),
  },
  'no-postmaster': {
    says: 'The server knows no mailbox postmaster at {domain}. Every mail domain must have one.',
    steps: [
      'Check that the server receives mail for {domain}.',
      'If it does, create the mailbox or the alias postmaster@{domain}, and let somebody read it: other operators report faults and abuse there.',
    ],
    references: [POSTMASTER_RULE],
    holds({ rows, domainSource }) {
      const postmaster = rowOf(rows, POSTMASTER)
      const isCertain = domainSource === 'request' || domainSource === 'customer'
      return isCertain && postmaster?.outcome === 'refused' && postmaster.refusal === 'unknown-user'
    },
  },
  'takes-all-delivers-nothing': {
    says: 'The server accepts mail for everybody, at {domain} and elsewhere, but our message has not arrived. It may be a trap for spam, a test server, or an archive.',
    steps: [
      'Ask the administrator what the server does with the mail that it accepts. A trap or a test server keeps it or throws it away.',
      'If it is meant to deliver mail, look for our message in its queue and in its log.',
      'The message may still be on its way: this result changes if it arrives later.',
    ],
    references: [],
    holds: ({ proof, rows }) =>
      proof === 'delivery' &&
      takesAnything(rows) &&
      rows.some(
        ({ attempt, evidence }) => attempt.form.recipient.kind === 'plain' && evidence === 'message-accepted',
      ) &&
      rows.every(({ attempt }) => attempt.seen === null),
  },
  'source-address-lost': {
    says: 'The server does not see who connects: it wrote down another address than ours. There is a proxy, a container network or NAT in front of it.',
    steps: [
      'The result holds for connections from outside, but the server cannot distinguish its clients: its blocklists, SPF checks and bans do not work, and one trusted address can open it to everyone.',
      'Make sure that the address of the proxy, container gateway or NAT is not among the trusted networks.',
      'Let the proxy pass on the address of the client (PROXY protocol), or forward the port without changing the source address.',
    ],
    references: [DOCKER_IPV6, BEHIND_PROXY],
    // For an open server it can be the cause, which says the same.
    holds: (observations, { cause }) => cause !== 'source-address-lost' && isSourceLost(observations),
  },
}

/** Returns the findings of a test, in a fixed order. */
export const findingsOf = (observations: Observations, judgement: Pick<Judgement, 'cause'>): Finding[] =>
  FINDINGS.filter((finding) => FINDING_ROWS[finding].holds(observations, judgement))

/** Returns findings as callers see them. */
export const showFindings = (findings: readonly Finding[], facts: SentenceFacts): RelayTest['findings'] =>
  findings.map((code) => {
    const { says, steps, references } = FINDING_ROWS[code]
    const filled = { says: fill(says, facts), steps: steps.map((step) => fill(step, facts)) }
    return { code, ...filled, references: [...references] }
  })
