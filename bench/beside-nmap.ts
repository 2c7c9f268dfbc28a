import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { SUITES, type Suite } from '../src/contract/words.ts'
import { ROOT, type TestService } from '../test/harness/service.ts'
import { startExim } from '../test/lab/exim.ts'
import type { LabServer } from '../test/lab/instance.ts'
import { type LabNetwork, openNetwork } from '../test/lab/network.ts'
import { runNmap } from '../test/lab/nmap.ts'
import { startOpenSmtpd } from '../test/lab/opensmtpd.ts'
import { startPostfix } from '../test/lab/postfix.ts'
import { startSendmail } from '../test/lab/sendmail.ts'
import { ask, startStranger } from '../test/lab/stranger.ts'

/**
 * Both suites through `POST /relay-tests` beside nmap's smtp-open-relay script, against the same real servers over
 * the same link, in turn: medians of RUNS. Prints a table in Markdown.
 */
const RUNS = 5
const DELAYS = [0, 100]
const SENDMAIL_MINUTE_MS = 61_000

interface Link {
  readonly address: string
  /** The waits of the connections from now on until the last of them has ended. */
  turns(): Promise<number>
}

/** A link of its own to a server. */
async function linkTo(network: LabNetwork, server: LabServer, delay: number): Promise<Link> {
  const address = network.nextAddress()
  const args = ['--import', 'tsx', join(ROOT, 'bench/proxy.ts'), address, String(delay), server.address]
  const proxy = network.spawnInside(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: ROOT })
  if (!proxy.stdout) throw new Error('the proxy has no output')
  const lines = createInterface({ input: proxy.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const turns = async () => {
    for (let sum = 0; ; ) {
      const { turns, open } = JSON.parse((await lines.next()).value)
      sum += turns
      // nmap looks whether the port is open before its script connects: a connection without a word.
      if (open === 0 && sum > 0) return sum
    }
  }
  return { address, turns }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

async function measure(count: number, look: () => Promise<{ says: string; ms: number }>, link: Link) {
  const runs: { says: string; ms: number; turns: number }[] = []
  for (let run = 0; run < count; run += 1) {
    const turns = link.turns()
    runs.push({ ...(await look()), turns: await turns })
  }
  return {
    says: runs[0]?.says ?? '',
    ms: median(runs.map(({ ms }) => ms)),
    turns: median(runs.map(({ turns }) => turns)),
  }
}

async function askService(service: TestService, address: string, suite: Suite): Promise<{ says: string; ms: number }> {
  const startedAt = performance.now()
  const result = await ask(service, address, { suite })
  return { says: [result.verdict, result.reason].filter(Boolean).join(' '), ms: performance.now() - startedAt }
}

async function main(): Promise<void> {
  const endings: (() => unknown)[] = []
  const bench = { after: (work: () => unknown) => void endings.push(work) }
  const network = await openNetwork()
  const service = await startStranger(bench, network)
  const servers = {
    'Postfix, stock Debian': await startPostfix(network),
    'Postfix, open': await startPostfix(network, { mynetworks: '0.0.0.0/0' }),
    'Exim, stock Debian': await startExim(network),
    'OpenSMTPD, stock Debian': await startOpenSmtpd(network, { smarthost: network.exit }),
    'Sendmail, stock Debian': await startSendmail(network, { smarthost: network.exit }),
  }
  process.stdout.write('| server | round trip | suite | ours | waits | time | nmap | waits | time | ratio |\n')
  process.stdout.write('| --- | --: | --- | --- | --: | --: | --- | --: | --: | --: |\n')
  for (const [name, server] of Object.entries(servers)) {
    for (const delay of DELAYS) {
      const link = await linkTo(network, server, delay)
      // Debian's Sendmail takes ten connections a minute, and nmap's answer does not vary.
      const runs = name.startsWith('Sendmail') ? 1 : RUNS
      const nmap = await measure(1, () => runNmap(link.address), link)
      for (const suite of SUITES) {
        if (name.startsWith('Sendmail')) await sleep(SENDMAIL_MINUTE_MS)
        const ours = await measure(runs, () => askService(service, link.address, suite), link)
        const cells = [suite, ours.says, ours.turns, seconds(ours.ms), nmap.says, nmap.turns, seconds(nmap.ms)]
        process.stdout.write(`| ${name} | ${delay} ms | ${cells.join(' | ')} | ${(nmap.ms / ours.ms).toFixed(1)} |\n`)
      }
    }
  }
  for (const ending of endings.reverse()) await ending()
  await network.close()
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

await main()
