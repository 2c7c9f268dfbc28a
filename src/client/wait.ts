/** Waits for the end of a test or a sweep: looks at it from time to time. */
import { type FinishedRelayTest, type FinishedSweep, isFinished, isSweepFinished } from './finished.ts'
import { LONGEST_TIMER_MS } from './limit.ts'
import type { SweepWaitOptions, WaitFor, WaitOptions } from './options.ts'
import { ask, getSweep, getTest, isSweep, isTest } from './requests.ts'
import { type ApiService, pause } from './send.ts'

/** The pauses between two looks at a test or sweep: before the second look, and before each later one. */
const FIRST_LOOK_MS = 1_000
const LATER_LOOK_MS = 5_000

/** Waits for the end that `options.for` names, and returns the result as it is then. */
export async function waitFor(
  service: ApiService,
  id: string,
  options: WaitOptions,
  signal: AbortSignal | null,
): Promise<FinishedRelayTest> {
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = LATER_LOOK_MS) {
    const test = await ask(service, getTest(id, signal), isTest)
    const waitMs = isFinished(test) ? msUntil(options.for ?? 'finished', test) : lookMs
    if (isFinished(test) && waitMs === 0) return test
    options.onProgress?.(test)
    await pause(Math.min(waitMs, LONGEST_TIMER_MS), signal)
  }
}

/** Waits until a sweep is finished or stopped, and returns it. */
export async function waitForSweep(
  service: ApiService,
  id: string,
  { onProgress }: SweepWaitOptions,
  signal: AbortSignal | null,
): Promise<FinishedSweep> {
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = LATER_LOOK_MS) {
    const sweep = await ask(service, getSweep(id, signal), isSweep)
    if (isSweepFinished(sweep)) return sweep
    onProgress?.(sweep)
    await pause(lookMs, signal)
  }
}

/** Returns the milliseconds until a finished test can have reached an end; 0 if it has. */
function msUntil(end: WaitFor, { followUpAt, settledAt }: FinishedRelayTest): number {
  const untilMs = (time: string) => Date.parse(time) - Date.now()
  if (end === 'settled') return Math.max(untilMs(settledAt), 0)
  return end === 'answer' && followUpAt !== null ? Math.max(untilMs(followUpAt), LATER_LOOK_MS) : 0
}
