/**
 * Tests 100,000 model servers in memory, on every core: the engine needs no socket and no timer, and is never wrong
 * about them. A failure names its seed and path, with which it can be repeated.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { checkModelServers } from '../test/probe/model.ts'

const TESTS = 100_000
/** Progress is printed after so many tests of one process. */
const BATCH = 5_000

type Verdicts = Awaited<ReturnType<typeof checkModelServers>>

async function main(): Promise<void> {
  const startedAt = performance.now()
  const sums = { open: 0, closed: 0, inconclusive: 0 }
  let done = 0
  const cores = availableParallelism()
  const children = Array.from({ length: cores }, async () => {
    const child = fork(fileURLToPath(import.meta.url), [String(Math.ceil(TESTS / cores))])
    child.on('message', (seen: Verdicts) => {
      for (const verdict of ['open', 'closed', 'inconclusive'] as const) sums[verdict] += seen[verdict]
      done += BATCH
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      process.stdout.write(`${done} tests in ${seconds} s: ${JSON.stringify(sums)}, none of them wrong\n`)
    })
    const [code] = await once(child, 'exit')
    if (code !== 0) process.exitCode = 1
  })
  await Promise.all(children)
}

async function worker(tests: number): Promise<void> {
  for (let done = 0; done < tests; done += BATCH) process.send?.(await checkModelServers(BATCH))
  process.disconnect()
}

const [share] = process.argv.slice(2)
await (share === undefined ? main() : worker(Number(share)))
