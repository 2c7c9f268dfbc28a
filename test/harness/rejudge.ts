/** Judges stored results again, so that tests can compare a verdict with its own transcript. */
import type { RelayTest } from '../../src/contract/relay-test.ts'
import type { Judgement } from '../../src/relay/judgement.ts'
import { judge } from '../../src/relay/verdict.ts'
import { observationsIn } from '../../src/sandbox/recording.ts'

/** Judges a result of the API again from its transcript, with the functions that judge a run. */
export function rejudge(result: RelayTest): Judgement {
  return judge({ ...observationsIn(result, result), refusedBefore: result.reason === 'vantage-banned' })
}
