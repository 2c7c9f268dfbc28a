import { writeFileSync } from 'node:fs'
import { arch, cpus } from 'node:os'
import { join } from 'node:path'
import type { RelayTest } from '../src/contract/relay-test.ts'
import { startMailRecorder } from '../test/harness/recorder.ts'
import { ROOT, type TestService } from '../test/harness/service.ts'
import { type Configuration, configurations } from '../test/lab/configurations.ts'
import { eachAtOnce } from '../test/lab/each-at-once.ts'
import type { LabServer } from '../test/lab/instance.ts'
import { type LabNetwork, openNetwork } from '../test/lab/network.ts'
import { runNmap } from '../test/lab/nmap.ts'
import { ask, startStranger } from '../test/lab/stranger.ts'
import { measureTruth, type Truth } from '../test/lab/truth.ts'

/**
 * What is true of every configuration of the lab, measured by real mail; what the service says of it, with delivery as
 * the proof; and what nmap's smtp-open-relay script says. Each meets a server that was just started. Words as arguments
 * choose configurations by their ids; without any, docs/accuracy.md is written.
 */
const AT_ONCE = 3

interface Row {
  readonly id: string
  readonly what: string
  readonly truth: Truth
  readonly ours: { readonly result: RelayTest; readonly ms: number }
  readonly nmap: { readonly says: string; readonly ms: number }
}

/** Does something with a server that was just started, and ends it. */
async function withServer<T>(
  network: LabNetwork,
  { start }: Configuration,
  work: (server: LabServer) => Promise<T>,
): Promise<T> {
  const server = await start(network)
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

/**
 * Asks about the address, and where that is not open, about the IPv6 one as well: a customer would have both tested.
 */
async function askService(service: TestService, { address, address6 }: LabServer): Promise<Row['ours']> {
  const startedAt = performance.now()
  const first = await ask(service, address)
  const result = address6 && first.verdict !== 'open' ? await ask(service, address6) : first
  return { result, ms: performance.now() - startedAt }
}

async function main(words: readonly string[]): Promise<void> {
  const wanted = configurations.filter(({ id }) => words.length === 0 || words.some((word) => id.includes(word)))
  const endings: (() => unknown)[] = []
  const bench = { after: (work: () => unknown) => void endings.push(work) }
  const network = await openNetwork()
  const { exit } = network
  const say = (what: string) => process.stderr.write(`${what}\n`)

  const phase = <T>(name: string, work: (configuration: Configuration) => Promise<T>): Promise<T[]> =>
    eachAtOnce(wanted, AT_ONCE, async (configuration) => {
      say(`${name}: ${configuration.id}`)
      return work(configuration)
    })

  const ends: (() => unknown)[] = []
  const out = await startMailRecorder({ after: (work) => void ends.push(work) }, { hosts: [exit], port: 25 })
  const truths = await phase('truth', (configuration) =>
    withServer(network, configuration, (server) => measureTruth(network, server, { recorder: out, slow: true })),
  )
  // The service's own mailbox listens there next.
  for (const end of ends) await end()

  const service = await startStranger(bench, network, { MAILBOX_LISTEN: `${exit}:25` })
  const ours = await phase('ours', (configuration) =>
    withServer(network, configuration, (server) => askService(service, server)),
  )
  const nmap = await phase('nmap', (configuration) =>
    withServer(network, configuration, ({ address }) => runNmap(address)),
  )
  for (const ending of endings.reverse()) await ending()
  await network.close()

  const rows = wanted.map(({ id, what }, index): Row => {
    const [truth, our, their] = [truths[index], ours[index], nmap[index]]
    if (!truth || !our || !their) throw new Error(`nothing is known of ${id}`)
    return { id, what, truth, ours: our, nmap: their }
  })
  const text = report(rows)
  if (words.length === 0) writeFileSync(join(ROOT, 'docs/accuracy.md'), text)
  process.stdout.write(text)
}

type Said = 'open' | 'closed' | null

const oursSaid = ({ ours }: Row): Said => (ours.result.verdict === 'inconclusive' ? null : ours.result.verdict)

function nmapSaid({ nmap }: Row): Said {
  if (/is an open relay/.test(nmap.says)) return 'open'
  return /doesn't seem to be an open relay|isn't an open relay/.test(nmap.says) ? 'closed' : null
}

/** Open with a message taken that did not arrive: true, and yet no proof that it would have. The summary says so. */
const unproven = ({ ours }: Row): boolean =>
  ours.result.verdict === 'open' && ours.result.evidence === 'message-accepted'

function tally(rows: readonly Row[], said: (row: Row) => Said): string {
  const known = rows.filter(({ truth }) => truth.relays !== null)
  const right = known.filter((row) => said(row) === (row.truth.relays ? 'open' : 'closed')).length
  const none = known.filter((row) => said(row) === null).length
  return `${right} right, ${known.length - right - none} wrong, ${none} without a verdict`
}

function report(rows: readonly Row[]): string {
  const table = rows.map((row) => {
    const { id, what, truth, ours, nmap } = row
    const { verdict, evidence, reason, cause, transcript } = ours.result
    const spoken = transcript.filter(({ from }) => from !== 'event')
    const waits = spoken.filter(({ from }, index) => from === 'server' && spoken[index - 1]?.from !== 'server').length
    const relays =
      truth.relays === null ? 'cannot be told' : truth.relays ? `relays (${truth.by.join(', ')})` : 'does not relay'
    const cells = [
      id,
      what,
      relays,
      truth.how,
      [verdict, reason ?? cause].filter(Boolean).join(': '),
      evidence,
      `${(ours.ms / 1000).toFixed(1)} s`,
      waits,
      nmap.says,
      `${(nmap.ms / 1000).toFixed(1)} s`,
    ]
    return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  })
  const today = new Date().toISOString().slice(0, 10)
  return `# Accuracy

\`npm run prove:accuracy\` starts every mail server of the lab three times:

- once to find out the truth: real mail is sent through it from a stranger's address, and the test looks at what
  arrives;
- once for our service (standard suite, proof of delivery);
- once for nmap 7.93's \`smtp-open-relay\`.

Servers that we cannot get are replayed from their documented replies (\`-scripted\`). The lab proves nothing about
servers that are not in it. CONTRIBUTING.md lists what is known to fail. The truth is known only if every form got a
final answer. The column "waits" counts how often the server spoke after us, over all connections.

${today}, Node.js ${process.versions.node}, ${cpus().length} cores, ${arch()}, ${AT_ONCE} servers at once. Of the ${rows.length} configurations, those with a known truth:

- ours: ${tally(
    rows.filter((row) => !unproven(row)),
    oursSaid,
  )}; and ${rows.filter(unproven).length} that accepted a message which did not arrive: these are \`open\`, and the summary says that it did not arrive
- nmap: ${tally(rows, nmapSaid)}

| configuration | what it is | truth | how it was measured | ours | evidence | time | waits | nmap | time |
| --- | --- | --- | --- | --- | --- | --: | --: | --- | --: |
${table.join('\n')}
`
}

await main(process.argv.slice(2))
