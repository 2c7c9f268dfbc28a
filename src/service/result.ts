/** Builds results: fills the members of the contract from the observations of a run. */
import type { RelatedAddress, RelayTest } from '../contract/relay-test.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { findingsOf, showFindings } from '../relay/findings.ts'
import { remedyFor } from '../relay/remedies/remedy.ts'
import { seenAs } from '../relay/seen-as.ts'
import { recognise, type Software } from '../relay/software.ts'
import { summarise } from '../relay/summary.ts'
import { judge } from '../relay/verdict.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Transcript } from '../smtp/transcript.ts'
import type { TestIdentity } from './job.ts'
import { deliveryOf, viewOf } from './views.ts'

/** Returns the result of a test that runs: every member in the order of the contract, most of them empty. */
export function runningResult(test: TestIdentity): RelayTest {
  return {
    id: test.id,
    status: 'running',
    customerId: test.customerId,
    reference: test.reference,
    ip: test.ip,
    port: test.port,
    domain: test.domain,
    domainSource: test.domainSource,
    knownMailbox: test.knownMailbox,
    knownMailboxSource: test.knownMailboxSource,
    suite: test.suite,
    proof: test.proof,
    createdAt: test.createdAt,
    finishedAt: null,
    settledAt: null,
    amendedAt: null,
    durationMs: null,
    testerVersion: test.testerVersion,
    vantage: test.vantage,
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
    findings: [],
    related: [],
    transcript: [],
    truncated: false,
  }
}

/** The parts of a result that the run does not know: how long it took, and what else was looked up. */
export interface Circumstances {
  readonly durationMs: number
  /** How long after its end a late message may amend the result, in milliseconds; 0 if none was sent. */
  readonly amendableMs: number
  readonly amendedAt: Date | null
  /** Other addresses of the same server. */
  readonly related: readonly RelatedAddress[]
  /** Why the files stopped the test, or null. */
  readonly withdrawn: string | null
}

/** Returns the result of a test whose run has ended: judged, with the deciding lines of the transcript marked. */
export function finishedResult(
  test: TestIdentity,
  run: ProbeResult,
  transcript: Pick<Transcript, 'entries' | 'truncated'>,
  circumstances: Circumstances,
): RelayTest {
  const { durationMs, amendableMs, amendedAt, related, withdrawn } = circumstances
  const { observations } = run
  const { greeting, domain, domainSource } = observations
  const judgement = judge(observations)
  const software = softwareOf(run)
  const finishedAt = Date.parse(test.createdAt) + durationMs
  const vantage = {
    name: test.vantage.name,
    ip: test.vantage.ip ?? run.localAddress?.text ?? null,
    ehlo: run.ehlo ?? test.vantage.ehlo,
  }
  const facts = { domain, port: test.port, vantage }
  return {
    ...runningResult(test),
    status: 'finished',
    domain,
    domainSource,
    finishedAt: new Date(finishedAt).toISOString(),
    settledAt: new Date(finishedAt + amendableMs).toISOString(),
    amendedAt: amendedAt?.toISOString() ?? null,
    durationMs,
    vantage,
    server: greeting && {
      greeting: textOf(greeting.reply),
      software,
      extensions: [...run.extensions],
      tls: run.tls,
      seesUsAs: seenAs(observations),
    },
    verdict: judgement.verdict,
    evidence: judgement.evidence,
    reason: judgement.reason,
    cause: judgement.cause,
    caveats: [...judgement.caveats],
    summary:
      withdrawn !== null && judgement.reason === 'interrupted'
        ? `We stopped the test, because it is no longer allowed (${withdrawn}).`
        : summarise(judgement, observations, facts),
    retryAfter: judgement.retryAfter,
    attempts: judgement.rows.map(viewOf),
    delivery: deliveryOf(test, observations),
    remedy: remedyFor(judgement, software, facts),
    findings: showFindings(findingsOf(observations, judgement), facts),
    related: [...related],
    transcript: linesOf(transcript, new Set(judgement.decisive)),
    truncated: transcript.truncated,
  }
}

/** Returns the result of a test that the service failed to carry out, or whose replica died. */
export function brokenResult(test: TestIdentity, finishedAt: string): RelayTest {
  const judgement = { verdict: 'inconclusive', cause: null, reason: 'interrupted', caveats: [] } as const
  return {
    ...runningResult(test),
    status: 'finished',
    finishedAt,
    settledAt: finishedAt,
    verdict: judgement.verdict,
    evidence: 'none',
    reason: judgement.reason,
    summary: 'The test stopped because of a fault in our service.',
    remedy: remedyFor(judgement, null, test),
  }
}

function softwareOf({ observations, extensions }: ProbeResult): Software | null {
  const { greeting, rows } = observations
  if (!greeting) return null
  return recognise({
    greeting: greeting.reply.lines.join(' '),
    extensions,
    replies: rows.flatMap(({ attempt }) => attempt.exchanges.flatMap(({ reply }) => reply.lines)),
  })
}

/** Returns the lines of a transcript as callers see them. `decisive` has the indexes of the lines that decided. */
const linesOf = ({ entries }: Pick<Transcript, 'entries'>, decisive: ReadonlySet<number>): RelayTest['transcript'] =>
  entries.map(({ ms, connection, from, line, answers }, index) => {
    return { ms, connection, from, line, answers, key: decisive.has(index) }
  })

/** Returns a reply as text: its code and its lines. */
const textOf = ({ code, lines }: Reply): string => [code, ...lines].join(' ').trim()
