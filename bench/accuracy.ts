/**
 * Measures how often the service is right (`npm run prove:accuracy`). Each server of the lab is started four times: to
 * find out with real mail whether it relays, for both suites of our test with proof of delivery, and for nmap's
 * smtp-open-relay script. Arguments choose configurations by a part of their id. Without arguments, it writes
 * docs/accuracy.md.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RelayTest } from '../src/contract/relay-test.ts'
import type { Suite } from '../src/contract/words.ts'
import { startMailRecorder } from '../test/harness/recorder.ts'
import { type Ending, ROOT, type TestService } from '../test/harness/service.ts'
import type { Configuration } from '../test/lab/configuration.ts'
import { configurations } from '../test/lab/configurations.ts'
import { eachAtOnce } from '../test/lab/each-at-once.ts'
import type { LabServer } from '../test/lab/instance.ts'
import { type LabNetwork, openNetwork } from '../test/lab/network.ts'
import { runNmap } from '../test/lab/nmap.ts'
import { ask, startStranger } from '../test/lab/stranger.ts'
import { measureTruth } from '../test/lab/truth.ts'
import { type Asked, type Row, report } from './harness/accuracy-report.ts'

/** Most of the time is spent on waiting for servers, so there are more of them than processors. */
const AT_ONCE = 8

/** The lines of a server's log that each stand for one refusal. */
const REFUSAL_LINES: Readonly<Record<string, RegExp>> = {
  Postfix: /(?:NOQUEUE|[0-9A-F]{6,}): reject: /,
  Exim: / rejected (?:MAIL|RCPT|DATA|after DATA|EHLO|HELO|connection)|syntax or protocol error|SMTP syntax error/,
  OpenSMTPD: /failed-command/,
  Sendmail: />>> [45]\d\d /,
  Courier: /,relay=.*,cmd: (?:MAIL|RCPT|DATA)|error,.*: [45]\d\d /,
}

/** Counts the refusals in a server's log. Exim writes them into two files. */
function refusalsIn(software: string, log: string, { transcript }: RelayTest): number {
  const pattern = REFUSAL_LINES[software]
  if (pattern === undefined || log === '')
    return transcript.filter(({ from, line }) => from === 'server' && /^[45]\d\d /.test(line)).length
  return new Set(log.split('\n').filter((line) => pattern.test(line))).size
}

/** Starts a server, runs `work` with it, and stops it. */
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

/** Runs `work` in a network of its own, because one network has too few addresses for everything. */
async function inNetwork<T>(work: (network: LabNetwork, ending: Ending) => Promise<T>): Promise<T> {
  const network = await openNetwork()
  const endings: (() => unknown)[] = []
  try {
    return await work(network, { after: (end) => void endings.unshift(end) })
  } finally {
    for (const end of endings) await end()
    await network.close()
  }
}

/** Tests the IPv4 address, and then the IPv6 address if the first is not open, as a customer would do. */
async function askService(
  service: TestService,
  { software, request }: Configuration,
  { address, address6, port, log }: LabServer,
  suite: Suite,
): Promise<Asked> {
  const startedAt = performance.now()
  const wish = { ...request, port, suite }
  const first = await ask(service, address, wish)
  const result = address6 && first.verdict !== 'open' ? await ask(service, address6, wish) : first
  return { result, ms: performance.now() - startedAt, refusals: refusalsIn(software, await log(), result) }
}

async function main(words: readonly string[]): Promise<void> {
  const wanted = configurations.filter(({ id }) => words.length === 0 || words.some((word) => id.includes(word)))

  const phase = <T>(name: string, work: (configuration: Configuration) => Promise<T>): Promise<T[]> =>
    eachAtOnce(wanted, AT_ONCE, async (configuration) => {
      process.stderr.write(`${name}: ${configuration.id}\n`)
      return work(configuration)
    })

  const truths = await inNetwork(async (network, ending) => {
    const recorder = await startMailRecorder(ending, { hosts: [network.exit], port: 25 })
    return phase('truth', (one) =>
      withServer(network, one, (server) => measureTruth(network, server, { recorder, slow: true, also: one.also })),
    )
  })
  const asked = (suite: Suite) =>
    inNetwork(async (network, ending) => {
      const service = await startStranger(ending, network, { MAILBOX_LISTEN: `${network.exit}:25` })
      return phase(suite, (one) => withServer(network, one, (server) => askService(service, one, server, suite)))
    })
  const standard = await asked('standard')
  const full = await asked('full')
  const nmap = await inNetwork((network) =>
    phase('nmap', (one) => withServer(network, one, ({ address, port }) => runNmap(address, port))),
  )

  const rows = wanted.map((configuration, index): Row => {
    const [truth, ours, more, theirs] = [truths[index], standard[index], full[index], nmap[index]]
    if (!truth || !ours || !more || !theirs) throw new Error(`${configuration.id} was not measured`)
    return { configuration, truth, standard: ours, full: more, nmap: theirs }
  })
  const text = report(rows, AT_ONCE)
  if (words.length === 0) writeFileSync(join(ROOT, 'docs/accuracy.md'), text)
  process.stdout.write(text)
}

await main(process.argv.slice(2))
