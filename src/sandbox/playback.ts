/** Plays recorded sessions back, so that partners can try the API without a mail server. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RelayTest } from '../contract/relay-test.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { type Assessed, assess } from '../relay/assess.ts'
import type { Observations } from '../relay/observations.ts'
import type { Transcript } from '../smtp/transcript.ts'
import { extensionsIn, observationsIn, type Recording } from './recording.ts'

/** The target and the EHLO name that the sessions were recorded with. */
const RECORDED = { target: '203.0.113.25:25', ehlo: 'relaytest.isp.example' } as const
/** The longest pause that is played back, in milliseconds. */
const LONGEST_PAUSE_MS = 2_000

/** The members of a test that its observations depend on. */
type PlayedTest = Pick<RelayTest, 'ip' | 'port' | 'proof' | 'domain' | 'domainSource' | 'knownMailbox' | 'vantage'>

/** Gets the lines of a played session, and its attempts when they are decided. `stop` ends it early. */
export interface Listener {
  readonly transcript: Transcript
  readonly decided: (row: Assessed) => void
  readonly stop: AbortSignal
}

/** Plays a recorded session at its own speed, as if the server behind the address of a test had spoken. */
export async function playBack(
  recording: Recording,
  test: PlayedTest,
  { transcript, decided, stop }: Listener,
): Promise<ProbeResult> {
  const context = { ...test, vantage: { ...test.vantage, ehlo: RECORDED.ehlo }, delivery: null }
  const observedSoFar = () => observationsIn({ ...recording, transcript: transcript.entries }, context)
  let at = 0
  for (const { ms, from, connection, line, answers } of recording.transcript) {
    if (ms > at) await sleep(Math.min(ms - at, LONGEST_PAUSE_MS), null, { signal: stop }).catch(() => {})
    if (stop.aborted) break
    at = ms
    transcript.add(from, connection, line.replace(RECORDED.target, `${test.ip}:${test.port}`), answers)
    if (from === 'server') for (const row of decidedIn(observedSoFar())) decided(row)
  }
  const played = observedSoFar()
  return {
    observations: stop.aborted ? interrupted(played, observationsIn(recording, context)) : played,
    localAddress: null,
    ehlo: RECORDED.ehlo,
    extensions: extensionsIn(recording),
    tls: null,
    phases: null,
    spent: { connections: 0, messages: 0, dots: 0 },
  }
}

const decidedIn = ({ rows }: Observations): Assessed[] => rows.filter(({ outcome }) => outcome !== 'not-run')

/** Returns the observations of a session that was stopped: only attempts that were played to their end count. */
function interrupted(played: Observations, whole: Observations): Observations {
  const rows = played.rows.map((row, index) => {
    const { exchanges } = row.attempt
    const isWhole = exchanges.length > 0 && exchanges.length === whole.rows[index]?.attempt.exchanges.length
    return isWhole ? row : assess({ ...row.attempt, exchanges: [], why: 'interrupted' }, played.names)
  })
  return { ...played, rows }
}
