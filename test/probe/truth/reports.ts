/** Makes the mail that reaches our mailbox from a model server, with reports as the real mailbox reads them. */
import assert from 'node:assert/strict'
import { readReport } from '../../../src/mailbox/report.ts'
import type { BounceReport, ReceivedMail } from '../../../src/relay/attempt.ts'
import { reportOn, shortOf } from '../../../src/service/arrivals.ts'
import { DIALECTS, DOMAIN, type Failure, LOCAL, OUTSIDE, SENDER_TOKEN } from '../../mailbox/reports.ts'

/** The reports of a model server about messages that it has accepted. */
export type Fate = 'delivers it' | 'tries to relay it, and reports' | 'reports an unknown user' | 'reports its refusal'

const FAILURES: Readonly<Record<Exclude<Fate, 'delivers it'>, Failure>> = {
  'tries to relay it, and reports': {
    recipient: OUTSIDE,
    remote: 'smarthost.example',
    status: '5.7.1',
    words: 'not for us',
  },
  'reports an unknown user': { recipient: LOCAL, remote: null, status: '5.1.1', words: 'User unknown' },
  'reports its refusal': { recipient: OUTSIDE, remote: null, status: '5.7.1', words: 'Relaying denied' },
}

const known = new Map<string, BounceReport>()

/**
 * Returns the mail of a message with that fate. A report is written in the dialect, and read as the mailbox reads it.
 */
export function seenOf(form: string, fate: Fate, dialect: string): ReceivedMail {
  const kind = fate === 'delivers it' ? 'message' : 'bounce'
  const report = fate === 'delivers it' ? null : reportIn(form, fate, dialect)
  return { ...MAIL, kind, report }
}

function reportIn(form: string, fate: Exclude<Fate, 'delivers it'>, dialect: string): BounceReport {
  const key = `${form} ${fate} ${dialect}`
  const before = known.get(key)
  if (before) return before
  const write = DIALECTS[dialect] ?? assert.fail(`no dialect ${dialect}`)
  const facts = readReport(Buffer.from(write(FAILURES[fate])), { domain: DOMAIN, token: SENDER_TOKEN }, MAIL)
  const report = reportOn(form, shortOf(facts))
  known.set(key, report)
  return report
}

const MAIL = {
  peer: '203.0.113.25',
  helo: 'mail.example.com',
  received: 'from relaytest.isp.example (198.51.100.7)',
  receivedAt: '2026-11-28T12:00:00.000Z',
} as const
