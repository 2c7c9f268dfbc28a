/** Judges stored results again, so that tests can compare a verdict with its own transcript. */
import type { RelayTest } from '../../src/contract/relay-test.ts'
import type { Judgement } from '../../src/relay/judgement.ts'
import { judgeTogether } from '../../src/relay/two-vantages.ts'
import { observationsIn } from '../../src/sandbox/recording.ts'

/** Judges a result of the API again from its transcript, with the functions that judge a run. */
export function rejudge(result: RelayTest): Judgement {
  const { secondVantage } = result
  const banned = { refusedBefore: result.reason === 'vantage-banned' }
  const first = secondVantage === null ? result : partOf(result, result.vantage)
  const second = secondVantage && partOf(result, secondVantage)
  const observed = [first, second].map((part) => part && { ...observationsIn(part, part), ...banned })
  const [one, other = null] = observed
  if (!one) throw new Error('a result without a session')
  return judgeTogether(one, other).judgement
}

/** Returns the part of a result that belongs to one vantage. Other lines say nothing, so that each keeps its index. */
function partOf(result: RelayTest, vantage: RelayTest['vantage']): RelayTest {
  const isOwn = (one: { readonly vantage: string | null }) => one.vantage === vantage.name
  const before = Math.min(...result.transcript.filter(isOwn).map(({ connection }) => connection)) - 1
  const attempts = result.attempts
    .filter(isOwn)
    .map((attempt) => ({ ...attempt, connection: attempt.connection && attempt.connection - before }))
  const transcript = result.transcript.map((line) =>
    isOwn(line)
      ? { ...line, connection: line.connection - before }
      : { ...line, from: 'event' as const, line: '', answers: null },
  )
  return { ...result, vantage, attempts, transcript }
}
