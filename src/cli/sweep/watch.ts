/** Waits for the end of a sweep, and shows how far it is. */
import { type FinishedSweep, isSweepFinished, type Sweep } from '../../client/client.ts'
import { progressOf } from '../../render/sweep.ts'
import { type Ending, lineFor } from '../ending.ts'
import { ProgressLine, type Share } from '../progress-line.ts'
import { makeClient } from '../service.ts'
import { complain } from '../terminal.ts'

/** How long a request is repeated during a wait. A sweep takes hours, and the service may restart meanwhile. */
const PATIENCE_MS = 15 * 60_000

/** Waits until a sweep has ended. The progress is on standard error. Ctrl-C ends only the wait. */
export async function untilEnd(sweep: Sweep): Promise<FinishedSweep> {
  if (isSweepFinished(sweep)) return sweep
  const { id } = sweep
  const progress = new ProgressLine(process.stderr, shareOf(sweep))
  const client = makeClient((error) => progress.note(`waiting: ${lineFor(error)}`), PATIENCE_MS)
  const leave = () => {
    progress.leave()
    complain(`the sweep goes on. See it: relay-test sweep show ${id} --wait. Stop it: relay-test sweep stop ${id}`)
  }
  process.once('exit', leave)
  try {
    const ended = await client.waitForSweep(id, {
      onProgress(now) {
        if (now.says !== null) progress.note(now.says)
        progress.show(shareOf(now))
      },
    })
    progress.show(shareOf(ended))
    progress.close()
    return ended
  } catch (error) {
    progress.leave()
    throw error
  } finally {
    process.off('exit', leave)
  }
}

const shareOf = (sweep: Sweep): Share => {
  const { targets, tested, skipped } = sweep.progress
  return { done: tested + skipped, total: targets, says: progressOf(sweep) }
}

/** Returns how the targets of a sweep ended. Those that were not tested count as errors. */
export function endingsOf({ verdicts, progress }: Sweep): Ending[] {
  const counts: readonly (readonly [Ending, number])[] = [
    ['open', verdicts.open],
    ['closed', verdicts.closed],
    ['inconclusive', verdicts.inconclusive],
    ['error', progress.skipped + progress.running + progress.waiting],
  ]
  return counts.flatMap(([ending, count]) => (count > 0 ? [ending] : []))
}
