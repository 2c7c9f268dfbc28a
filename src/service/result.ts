import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import type { Assessed } from '../relay/assess.ts'
import type { RunResult } from '../relay/run.ts'
import { recognise } from '../relay/software.ts'
import { summarise } from '../relay/summary.ts'
import { judge } from '../relay/verdict.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Transcript } from '../smtp/transcript.ts'

/** A result before anything is known. */
export type Begun = Pick<
  RelayTest,
  | 'id'
  | 'customerId'
  | 'reference'
  | 'ip'
  | 'port'
  | 'domain'
  | 'domainSource'
  | 'suite'
  | 'proof'
  | 'createdAt'
  | 'testerVersion'
  | 'vantage'
>

/** The result of a test that runs. */
export function runningResult(begun: Begun): RelayTest {
  return {
    ...begun,
    status: 'running',
    finishedAt: null,
    settledAt: null,
    amendedAt: null,
    durationMs: null,
    server: null,
    verdict: null,
    evidence: null,
    reason: null,
    cause: null,
    caveats: [],
    summary: null,
    retryAfter: null,
    attempts: [],
    delivery: null,
    remedy: null,
    transcript: [],
    truncated: false,
  }
}

/** The result of a test whose run has ended: judged, and with the deciding lines of the transcript marked. */
export function finishedResult(begun: Begun, run: RunResult, transcript: Transcript, durationMs: number): RelayTest {
  const { findings } = run
  const judgement = judge(findings)
  const key = new Set(judgement.decisive)
  const finishedAt = new Date().toISOString()
  return {
    ...runningResult(begun),
    status: 'finished',
    domain: findings.domain,
    domainSource: findings.domainSource,
    vantage: {
      ...begun.vantage,
      ip: begun.vantage.ip ?? run.localAddress?.text ?? null,
      ehlo: run.ehlo ?? begun.vantage.ehlo,
    },
    finishedAt,
    // No mailbox of ours could still hear of the message, so nothing can change any more.
    settledAt: finishedAt,
    durationMs,
    server: findings.greeting && {
      greeting: textOf(findings.greeting.reply),
      software: recognise(findings.greeting.reply),
      extensions: [...run.extensions],
      tls: null,
    },
    verdict: judgement.verdict,
    evidence: judgement.evidence,
    reason: judgement.reason,
    cause: judgement.cause,
    summary: summarise(judgement, findings),
    retryAfter: judgement.retryAfter,
    attempts: judgement.rows.map(viewOf),
    transcript: transcript.entries.map((entry, index) => ({ ...entry, key: key.has(index) })),
    truncated: transcript.truncated,
  }
}

/** The result of a test that this program failed to carry out. */
export function brokenResult(begun: Begun): RelayTest {
  const finishedAt = new Date().toISOString()
  return {
    ...runningResult(begun),
    status: 'finished',
    finishedAt,
    settledAt: finishedAt,
    verdict: 'inconclusive',
    evidence: 'none',
    reason: 'interrupted',
    summary: 'The test broke off through a fault of the service.',
  }
}

function viewOf({ attempt, outcome, refusal, evidence, decisive }: Assessed): AttemptView {
  const { form, mailFrom, rcptTo, why, connection } = attempt
  const reply = decisive && { ...decisive.reply, lines: [...decisive.reply.lines] }
  return {
    form: form.id,
    control: form.kind === 'control',
    mailFrom,
    rcptTo,
    outcome,
    refusal,
    evidence,
    why,
    reply,
    connection,
  }
}

/** A reply as text: its code and what its lines say. */
const textOf = ({ code, lines }: Reply): string => [code, ...lines].join(' ').trim()
