/**
 * Fuzzes much more than `npm test` (`npm run prove:fuzz`): generated requests to the built service, and byte
 * strings for the reply parser. Stops at the first fault. FUZZ_SEED repeats a run.
 */
import { fuzzReplyParser } from '../test/fuzz/reply-parser.ts'
import { startFuzzing } from '../test/fuzz/start.ts'
import { newSeed } from '../test/harness/mass.ts'

const REQUESTS = 200_000
const STRINGS = 10_000_000

async function main(seed: number): Promise<void> {
  const endings: (() => unknown)[] = []
  try {
    const { fuzz, service, dialled } = await startFuzzing({ after: (work) => void endings.push(work) })
    const startedAt = performance.now()
    const tally = await fuzz(REQUESTS, seed)
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    const faults = service.logs().filter(({ level }) => Number(level) >= 50)
    if (faults.length > 0 || service.process.exitCode !== null)
      throw new Error(`the service failed: ${JSON.stringify(faults[0])}`)
    console.log(`requests: ${REQUESTS} in ${seconds} s, ${dialled()} connections, by status ${JSON.stringify(tally)}`)
  } finally {
    for (const end of endings.reverse()) await end()
  }
  const { strings, bytes, replies, faults } = fuzzReplyParser(STRINGS, seed)
  console.log(`reply parser: ${strings} strings, ${bytes} bytes, ${replies} replies, ${faults} faults, nothing thrown`)
}

const seed = newSeed()
console.log(`seed ${seed}`)
await main(seed)
