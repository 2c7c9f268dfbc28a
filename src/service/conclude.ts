/** Judges a finished test. If the verdict contradicts the observations, the result says that the service failed. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { FinishedTest } from './dossier.ts'
import type { Logger } from './logger.ts'
import { brokenResult, finishedResult } from './result.ts'

/** Returns the result of a finished test. */
export function conclude(finished: FinishedTest, amendedAt: Date | null, log: Logger): RelayTest {
  const { test, runs, transcript, circumstances } = finished
  try {
    return finishedResult(test, runs, transcript, { ...circumstances, amendedAt })
  } catch (error) {
    // This is our mistake, and no verdict is better than a wrong one.
    log.error({ err: error, id: test.id }, 'a test cannot be judged')
    return brokenResult(test, new Date().toISOString())
  }
}
