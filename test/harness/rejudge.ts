import type { RelayTest } from '../../src/contract/relay-test.ts'
import { type Judgement, judge } from '../../src/relay/verdict.ts'
import { observationsIn } from '../../src/sandbox/recording.ts'

/** Judges a result as the API returned it anew, from its transcript, by the functions that judge a run. */
export function rejudge(result: RelayTest): Judgement {
  return judge({ ...observationsIn(result, result), refusedBefore: result.reason === 'vantage-banned' })
}
