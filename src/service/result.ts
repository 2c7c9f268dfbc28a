import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import { parseAddress } from '../ip/address.ts'
import { specialRange } from '../ip/special.ts'
import type { Assessed } from '../relay/assess.ts'
import { remedyFor } from '../relay/remedies/remedy.ts'
import type { ProbeResult } from '../probe/probe.ts'
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

/** What a test adds to that. */
type Known = Omit<RelayTest, keyof Begun>

/** A result, its members in the order of the contract. Written out: V8 takes fifty times as long to spread so many (measured). */
function resultOf(begun: Begun, known: Known): RelayTest {
  return {
    id: begun.id,
    status: known.status,
    customerId: begun.customerId,
    reference: begun.reference,
    ip: begun.ip,
    port: begun.port,
    domain: begun.domain,
    domainSource: begun.domainSource,
    suite: begun.suite,
    proof: begun.proof,
    createdAt: begun.createdAt,
    finishedAt: known.finishedAt,
    settledAt: known.settledAt,
    amendedAt: known.amendedAt,
    durationMs: known.durationMs,
    testerVersion: begun.testerVersion,
    vantage: begun.vantage,
    server: known.server,
    verdict: known.verdict,
    evidence: known.evidence,
    reason: known.reason,
    cause: known.cause,
    caveats: known.caveats,
    summary: known.summary,
    retryAfter: known.retryAfter,
    attempts: known.attempts,
    delivery: known.delivery,
    remedy: known.remedy,
    transcript: known.transcript,
    truncated: known.truncated,
  }
}

/** The result of a test that runs. */
export function runningResult(begun: Begun): RelayTest {
  return resultOf(begun, nothing())
}

/** What is known of a test that runs. */
function nothing(): Known {
  return {
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

/** How a test ended. */
export interface Ending {
  readonly durationMs: number
  /** How long from its end on later evidence may amend it; 0 where nothing was sent. */
  readonly amendableMs: number
  readonly amendedAt: Date | null
}

/** The result of a test whose run has ended: judged, and with the deciding lines of the transcript marked. */
export function finishedResult(begun: Begun, run: ProbeResult, transcript: Transcript, ending: Ending): RelayTest {
  const { durationMs, amendableMs, amendedAt } = ending
  const { findings } = run
  const judgement = judge(findings)
  const software =
    findings.greeting &&
    recognise({
      greeting: findings.greeting.reply.lines.join(' '),
      extensions: run.extensions,
      replies: findings.attempts.flatMap(({ exchanges }) => exchanges.flatMap(({ reply }) => reply.lines)),
    })
  const key = new Set(judgement.decisive)
  const finishedAt = Date.parse(begun.createdAt) + durationMs
  const vantage = {
    name: begun.vantage.name,
    ip: begun.vantage.ip ?? run.localAddress?.text ?? null,
    ehlo: run.ehlo ?? begun.vantage.ehlo,
  }
  const seen = { ...begun, domain: findings.domain, domainSource: findings.domainSource, vantage }
  return resultOf(seen, {
    status: 'finished',
    finishedAt: new Date(finishedAt).toISOString(),
    settledAt: new Date(finishedAt + amendableMs).toISOString(),
    amendedAt: amendedAt?.toISOString() ?? null,
    durationMs,
    server: findings.greeting && {
      greeting: textOf(findings.greeting.reply),
      software,
      extensions: [...run.extensions],
      tls: run.tls,
    },
    verdict: judgement.verdict,
    evidence: judgement.evidence,
    reason: judgement.reason,
    cause: judgement.cause,
    summary: summarise(judgement, findings),
    caveats: [...judgement.caveats],
    retryAfter: judgement.retryAfter,
    delivery: deliveryOf(begun, findings),
    remedy: remedyFor(judgement, software),
    attempts: judgement.rows.map(viewOf),
    transcript: transcript.entries.map(({ ms, connection, from, line, answers }, index) => ({
      ms,
      connection,
      from,
      line,
      answers,
      key: key.has(index),
    })),
    truncated: transcript.truncated,
  })
}

/** The result of a test that this program failed to carry out, or of which nothing is known since a time. */
export function brokenResult(begun: Begun, finishedAt: string): RelayTest {
  return resultOf(begun, {
    ...nothing(),
    status: 'finished',
    finishedAt,
    settledAt: finishedAt,
    verdict: 'inconclusive',
    evidence: 'none',
    reason: 'interrupted',
    summary: 'The test broke off through a fault of the service.',
    remedy: remedyFor({ verdict: 'inconclusive', cause: null, reason: 'interrupted', caveats: [] }, null),
  })
}

/** How much of a reply stands beside its attempt; the transcript has it in full. */
const SHOWN_LINES = 10
const SHOWN_LENGTH = 512

/** An attempt as callers see it. */
export function viewOf({ attempt, outcome, refusal, evidence, decisive }: Assessed): AttemptView {
  const { form, mailFrom, rcptTo, why, connection } = attempt
  const lines = decisive?.reply.lines.slice(0, SHOWN_LINES).map((line) => line.slice(0, SHOWN_LENGTH)) ?? []
  const reply = decisive && { ...decisive.reply, lines }
  return {
    form: form.id,
    control: form.control,
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

/** The arrival of a message in our mailbox, and where it came from (rule 8). */
function deliveryOf(begun: Begun, { attempts, greeting }: ProbeResult['findings']): RelayTest['delivery'] {
  const arrived = attempts.find(({ seen }) => seen?.kind === 'message')
  if (!arrived?.seen) return null
  const { peer, helo, receivedAt } = arrived.seen
  const [host = ''] = greeting?.reply.lines[0]?.split(' ') ?? []
  const isTarget = peer === begun.ip || helo.toLowerCase() === host.toLowerCase()
  const visible = isVisible(peer, begun.ip)
  return {
    form: arrived.form.id,
    receivedAt,
    afterMs: Date.parse(receivedAt) - Date.parse(begun.createdAt),
    from: { ip: visible ? peer : null, helo },
    multiHop: visible && !isTarget,
  }
}

/** Whether the mailbox sees the world's addresses: a peer in another special range than the target is a proxy of ours. */
function isVisible(peer: string, target: string): boolean {
  const [from, to] = [peer, target].map((text) => parseAddress(text))
  return !!from && !!to && specialRange(from)?.name === specialRange(to)?.name
}

/** A reply as text: its code and what its lines say. */
const textOf = ({ code, lines }: Reply): string => [code, ...lines].join(' ').trim()
