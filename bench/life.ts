/** Ends a busy service twenty times, and fails if an answer is lost (`npm run prove:life`). */
import { assertNothingLost, endInMidLoad } from '../test/harness/ending-in-mid-load.ts'

const TIMES = 20

let answered = 0
for (let time = 1; time <= TIMES; time += 1) {
  const endings: (() => unknown)[] = []
  try {
    const ended = await endInMidLoad({ after: (work) => endings.push(work) })
    assertNothingLost(ended)
    answered += ended.answered + ended.during
    process.stdout.write(`${time}/${TIMES}: ${ended.answered} tests in flight and ${ended.during} requests answered\n`)
  } finally {
    for (const end of endings) await end()
  }
}
process.stdout.write(`${TIMES} endings in mid-load, ${answered} answers, none lost or refused\n`)
