/** Builds results: fills the members of the contract from the observations of a test's runs. */
import type { FollowUpView, RelatedAddress, RelayTest } from '../contract/relay-test.ts'
import { FINDINGS } from '../contract/words.ts'
import { findingsOf, showFindings } from '../relay/findings.ts'
import { remedyFor } from '../relay/remedies/remedy.ts'
import { sayVantages, summarise } from '../relay/summary.ts'
import { judgeTogether } from '../relay/two-vantages.ts'
import type { Transcript } from '../smtp/transcript.ts'
import { serverOf, softwareOf } from './found-server.ts'
import type { TestIdentity } from './job.ts'
import { listOf, runOf, type VantageRun, type VantageRuns } from './vantage-runs.ts'
import { attemptView, deliveryOf } from './views.ts'

/** Returns the result of a test that runs: every member in the order of the contract, most of them empty. */
export function runningResult(test: TestIdentity): RelayTest {
  return {
    id: test.id,
    status: 'running',
    customerId: test.customerId,
    reference: test.reference,
    sweepId: test.sweepId,
    ip: test.ip,
    port: test.port,
    domain: test.domain,
    domainSource: test.domainSource,
    knownMailbox: test.knownMailbox,
    knownMailboxSource: test.knownMailboxSource,
    suite: test.suite,
    proof: test.proof,
    createdAt: test.createdAt,
    queuedAt: test.queuedAt,
    position: null,
    startedAt: test.startedAt,
    finishedAt: null,
    settledAt: null,
    amendedAt: null,
    followUpAt: null,
    followUps: [],
    durationMs: null,
    testerVersion: test.testerVersion,
    vantage: test.vantage,
    secondVantage: null,
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

/** The parts of a result that do not come from its runs, such as its duration and its follow-ups. */
export interface ResultDetails {
  readonly durationMs: number
  /** How long after its end a late message may amend the result, in milliseconds; 0 if none was sent. */
  readonly amendableMs: number
  readonly amendedAt: Date | null
  /** When the server is visited again, or null. */
  readonly followUpAt: string | null
  readonly followUps: readonly FollowUpView[]
  /** The latest end of the last follow-up, in milliseconds after the end of the first visit; 0 if there is none. */
  readonly followUpsEndMs: number
  /** Other addresses of the same server. */
  readonly related: readonly RelatedAddress[]
  /** Why the test was stopped, as the end of a sentence that begins with "because"; null if it was not. */
  readonly withdrawn: string | null
}

/** Returns the result of a test whose runs have ended: judged, with the deciding lines of the transcript marked. */
export function finishedResult(
  test: TestIdentity,
  runs: VantageRuns,
  transcript: Pick<Transcript, 'entries' | 'truncated'>,
  circumstances: ResultDetails,
): RelayTest {
  const { durationMs, amendableMs, amendedAt, related, withdrawn } = circumstances
  const { followUpAt, followUps, followUpsEndMs } = circumstances
  const [first, second] = runs
  const together = judgeTogether(first.found.observations, second?.found.observations ?? null)
  const { judgement } = together
  const counts = second && together.by === 1 ? second : first
  const { observations } = counts.found
  // The server may have greeted only one of the vantages.
  const [greeted = counts] = [counts, ...listOf(runs)].filter(({ found }) => found.observations.greeting !== null)
  const { domain, domainSource } = greeted.found.observations
  const finishedAt = finishedAtMs(test, durationMs)
  // The last follow-up may be the last change.
  const settledAt = Math.max(finishedAt + Math.max(amendableMs, followUpsEndMs), amendedAt?.getTime() ?? 0)
  const facts = { domain, port: test.port, vantage: completed(counts) }
  const summary =
    withdrawn !== null && judgement.reason === 'interrupted'
      ? `We stopped the test, because ${withdrawn}.`
      : summarise(judgement, observations, facts)
  const next = followUpAt === null ? '' : ` We will ask the server again at ${followUpAt.slice(11, 16)} UTC.`
  const findings = listOf(runs).flatMap(({ found }) => findingsOf(found.observations, judgement))
  return {
    ...runningResult(test),
    status: 'finished',
    domain,
    domainSource,
    finishedAt: new Date(finishedAt).toISOString(),
    settledAt: new Date(settledAt).toISOString(),
    amendedAt: amendedAt?.toISOString() ?? null,
    followUpAt,
    followUps: [...followUps],
    durationMs,
    vantage: completed(first),
    secondVantage: second ? completed(second) : null,
    server: serverOf(greeted.found),
    verdict: judgement.verdict,
    evidence: judgement.evidence,
    reason: judgement.reason,
    cause: judgement.cause,
    caveats: [...judgement.caveats],
    summary: `${second ? `${summary} ${sayVantages(together.by, completed(first), completed(second))}` : summary}${next}`,
    retryAfter: judgement.retryAfter,
    attempts: together.rows.flatMap((rows, index) => rows.map((row) => attemptView(row, nameOf(runs, runs[index])))),
    delivery: listOf(runs).flatMap(({ found }) => deliveryOf(test, found.observations) ?? [])[0] ?? null,
    remedy: remedyFor(judgement, softwareOf(greeted.found), facts),
    findings: showFindings(
      FINDINGS.filter((finding) => findings.includes(finding)),
      facts,
    ),
    related: [...related],
    transcript: linesOf(transcript, new Set(judgement.decisive), runs),
    truncated: transcript.truncated,
  }
}

/** Returns when the first visit of a test ended, in milliseconds of Date.now(). */
export const finishedAtMs = ({ startedAt, createdAt }: TestIdentity, durationMs: number): number =>
  Date.parse(startedAt ?? createdAt) + durationMs

/** Returns the vantage of a run, with the address and the name that its connections showed. */
function completed({ vantage: { name, ip, ehlo }, found }: VantageRun): RelayTest['vantage'] {
  return { name, ip: ip ?? found.localAddress?.text ?? null, ehlo: found.ehlo ?? ehlo }
}

const FAULT = 'The test stopped because of a fault in our service.'

/** Returns the result of a test that the service failed to carry out, or whose replica died. */
export function brokenResult(test: TestIdentity, finishedAt: string, summary = FAULT): RelayTest {
  const judgement = { verdict: 'inconclusive', cause: null, reason: 'interrupted', caveats: [] } as const
  return {
    ...runningResult(test),
    status: 'finished',
    finishedAt,
    settledAt: finishedAt,
    verdict: judgement.verdict,
    evidence: 'none',
    reason: judgement.reason,
    summary,
    remedy: remedyFor(judgement, null, test),
  }
}

/** Returns the lines of a transcript as callers see them. `decisive` has the indexes of the lines that decided. */
function linesOf(
  { entries }: Pick<Transcript, 'entries'>,
  decisive: ReadonlySet<number>,
  runs: VantageRuns,
): RelayTest['transcript'] {
  return entries.map(({ ms, connection, from, line, answers }, index) => {
    const vantage = nameOf(runs, runOf(runs, connection))
    return { ms, connection, from, line, answers, key: decisive.has(index), vantage }
  })
}

/** Returns the name of a run's vantage; null if there is only one vantage. */
const nameOf = ([, second]: VantageRuns, run: VantageRun | undefined): string | null =>
  second && run ? run.vantage.name : null
