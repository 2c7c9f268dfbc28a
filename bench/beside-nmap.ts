/**
 * Compares the time to a verdict with nmap's smtp-open-relay script: both suites through `POST /relay-tests`, against
 * the same real servers, over links with the same round trip.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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
import { type Bench, during } from './harness/bench.ts'
import { median, table } from './harness/report.ts'

/** Each figure is the median of five runs. */
const RUNS = 5
/** Round trips in milliseconds. */
const DELAYS = [0, 20, 50, 100]

interface Link {
  readonly address: string
  /** Counts the waits of the connections from now on, until the last of them has ended. */
  turns(): Promise<number>
}

/** Opens a separate link to a server. */
async function linkTo(network: LabNetwork, server: LabServer, delay: number): Promise<Link> {
  const address = network.nextAddress()
  const args = ['--import', 'tsx', join(ROOT, 'bench/harness/proxy.ts'), address, String(delay), server.address]
  const proxy = network.spawnInside(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: ROOT })
  if (!proxy.stdout) throw new Error('the proxy has no output')
  const lines = createInterface({ input: proxy.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const turns = async () => {
    for (let sum = 0; ; ) {
      const { turns, open } = JSON.parse((await lines.next()).value)
      sum += turns
      // nmap first opens a connection without a command, to see whether the port is open. It has no waits.
      if (open === 0 && sum > 0) return sum
    }
  }
  return { address, turns }
}

async function measure(look: () => Promise<{ says: string; ms: number }>, link: Link) {
  const runs: { says: string; ms: number; turns: number }[] = []
  for (let run = 0; run < RUNS; run += 1) {
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

async function compare(bench: Bench): Promise<string> {
  const network = await openNetwork()
  bench.after(() => network.close())
  const service = await startStranger(bench, network)
  const servers = {
    'Postfix, stock Debian': await startPostfix(network),
    'Postfix, open': await startPostfix(network, { mynetworks: '0.0.0.0/0' }),
    'Exim, stock Debian': await startExim(network),
    // The proxy of the link runs on the server's own host, which these servers would trust.
    'OpenSMTPD, closed': await startOpenSmtpd(network, { smarthost: network.exit, relayFrom: null }),
    // Debian allows ten connections a minute: all the runs would take an hour.
    'Sendmail, closed': await startSendmail(network, {
      smarthost: network.exit,
      trustsItself: false,
      access: { 'ClientRate:': '0', 'ClientConn:': '0' },
    }),
  }
  const rows: (string | number)[][] = []
  for (const [name, server] of Object.entries(servers)) {
    for (const delay of DELAYS) {
      const link = await linkTo(network, server, delay)
      const nmap = await measure(() => runNmap(link.address), link)
      for (const suite of SUITES) {
        const ours = await measure(() => askService(service, link.address, suite), link)
        const cells = [
          suite,
          ours.says,
          `${ours.turns}`,
          seconds(ours.ms),
          nmap.says,
          `${nmap.turns}`,
          seconds(nmap.ms),
        ]
        rows.push([name, `${delay} ms`, ...cells, (nmap.ms / ours.ms).toFixed(1)])
        process.stderr.write(`${rows.at(-1)?.join(' | ')}\n`)
      }
    }
  }
  return table(['server', 'round trip', 'suite', 'ours', 'waits', 'time', 'nmap', 'waits', 'time', 'ratio'], rows)
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

export const run = (): Promise<string> => during(compare)
