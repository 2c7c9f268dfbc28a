import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxAddress } from '../access/sandbox.ts'
import type { QuotaName } from '../contract/limits.ts'
import { type Assessed, assess } from '../relay/assess.ts'
import type { Findings } from '../relay/attempt.ts'
import type { ProbeResult } from '../probe/probe.ts'
import type { Transcript } from '../smtp/transcript.ts'
import type { Job } from './job.ts'
import { extensionsIn, findingsIn, type Recording } from './recording.ts'
import type { TestRequest } from './request.ts'
import { AMBIGUOUS, CLOSED, DEAD, GREYLISTED, OPEN, SLOW } from './sandbox-sessions.ts'

/** What stands behind the addresses of the sandbox: a session, or a quota that is always used up. */
const BEHIND: Readonly<Record<SandboxAddress, Recording | QuotaName>> = {
  '192.0.2.1': CLOSED,
  '192.0.2.2': OPEN,
  '192.0.2.3': GREYLISTED,
  '192.0.2.4': DEAD,
  '192.0.2.5': SLOW,
  '192.0.2.6': 'tests-target',
  '192.0.2.7': AMBIGUOUS,
}

const behind = (ip: string): Recording | QuotaName | null =>
  Object.entries(BEHIND).find(([address]) => address === ip)?.[1] ?? null

/** What a request comes to in the sandbox: the sessions are those of the standard suite, with a message for proof. */
export const asRecorded = (request: TestRequest): TestRequest => ({ ...request, suite: 'standard', proof: 'message' })

/**
 * How the quotas count a test in the sandbox. No server is to be spared, so each test has an address and a network of its
 * own, and one address is tested too often from the start.
 */
export function countedAs(ip: string, testId: string): { target: string; network: string; usedUp: QuotaName | null } {
  const place = behind(ip)
  return { target: testId, network: testId, usedUp: typeof place === 'string' ? place : null }
}

/** What the recordings were made with, in the words of their lines. */
const RECORDED = { target: '203.0.113.25:25', ehlo: 'relaytest.isp.example' } as const
/** A longer wait in a recording is cut to this. */
const LONGEST_WAIT_MS = 2_000

/**
 * Plays a recorded session back, in its own time, as if the server behind the address of the job had spoken. `decided` is
 * told of every attempt as it stands.
 */
export async function playBack(
  { begun, stop: { signal } }: Job,
  transcript: Transcript,
  decided: (row: Assessed) => void,
): Promise<ProbeResult> {
  const recording = behind(begun.ip)
  if (recording === null || typeof recording === 'string') throw new Error(`no session for ${begun.ip}`)
  const circumstances = { ...begun, vantage: { ...begun.vantage, ehlo: RECORDED.ehlo }, delivery: null }
  const heardSoFar = () => findingsIn({ ...recording, transcript: transcript.entries }, circumstances)
  let at = 0
  for (const { ms, from, connection, line, answers } of recording.transcript) {
    if (ms > at) await sleep(Math.min(ms - at, LONGEST_WAIT_MS), null, { signal }).catch(() => {})
    if (signal.aborted) break
    at = ms
    transcript.add(from, connection, line.replace(RECORDED.target, `${begun.ip}:${begun.port}`), answers)
    if (from === 'server') for (const row of decidedIn(heardSoFar())) decided(row)
  }
  const heard = heardSoFar()
  const findings = signal.aborted ? interrupted(heard, findingsIn(recording, circumstances)) : heard
  return {
    findings,
    localAddress: null,
    ehlo: RECORDED.ehlo,
    extensions: extensionsIn(recording),
    tls: null,
    phases: null,
  }
}

const decidedIn = ({ attempts, names }: Findings): Assessed[] =>
  attempts.map((attempt) => assess(attempt, names)).filter(({ outcome }) => outcome !== 'not-run')

/** What was heard of a session that was left: an attempt counts where all of it was. */
function interrupted(heard: Findings, whole: Findings): Findings {
  const attempts = heard.attempts.map((attempt, index) => {
    const { exchanges } = attempt
    const isWhole = exchanges.length > 0 && exchanges.length === whole.attempts[index]?.exchanges.length
    return isWhole ? attempt : { ...attempt, exchanges: [], why: 'interrupted' as const }
  })
  return { ...heard, attempts }
}
