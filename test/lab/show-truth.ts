/**
 * Prints which configurations of the lab relay, as a table in Markdown. Arguments choose configurations by a part of
 * their id. Run it under `unshare --net`. `--slow` also waits until greylisting is over.
 */
import { startMailRecorder } from '../harness/recorder.ts'
import { configurations } from './configurations.ts'
import { eachAtOnce } from './each-at-once.ts'
import { openNetwork } from './network.ts'
import { measureTruth } from './truth.ts'

const words = process.argv.slice(2).filter((word) => word !== '--slow')
const slow = process.argv.includes('--slow')
const wanted = configurations.filter(({ id }) => words.length === 0 || words.some((word) => id.includes(word)))
const network = await openNetwork()
const endings: (() => unknown)[] = [() => network.close()]
const exit = await startMailRecorder(
  { after: (work) => void endings.unshift(work) },
  { hosts: [network.exit], port: 25 },
)
const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)

process.stdout.write('| id | software | relays | start s | measured s | how |\n| --- | --- | --- | --- | --- | --- |\n')
await eachAtOnce(wanted, 4, async ({ id, software, start, also }) => {
  const starting = performance.now()
  const cells = await start(network).then(
    async (server) => {
      const started = seconds(starting)
      const measuring = performance.now()
      const { relays, how } = await measureTruth(network, server, { recorder: exit, slow, also })
      await server.stop()
      return [relays, started, seconds(measuring), how]
    },
    (error: Error) => ['', '', '', error.message],
  )
  const row = [id, software, ...cells].map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' '))
  process.stdout.write(`| ${row.join(' | ')} |\n`)
})
for (const end of endings) await end()
