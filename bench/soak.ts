/**
 * Keeps one service busy for 30 minutes in 512 MiB: tests, streams, arriving mail, refusals and reloads (`npm run
 * prove:soak -- MINUTES`). Exits with 1 if the memory grows in the last third, or if the process needs more.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadPort } from '../test/harness/mail-scripts.ts'
import { healthy, scriptedServer } from '../test/harness/mail-server.ts'
import { KEYS, ROOT } from '../test/harness/service.ts'
import { dialogue } from '../test/lab/dialogue.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import { asking, flood, greeted } from './harness/flood.ts'
import { memoryOf, startHelper } from './harness/processes.ts'
import { postRelayTest } from './harness/rate.ts'
import { median, table } from './harness/report.ts'
import { metricOf, type Served, serve, WIDE } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const MINUTES = Number(process.argv[2] ?? 30)
const MS = MINUTES * 60_000
/** The limit of k8s/base/deployment.yaml. Results and arrivals are buffers, which are not part of this heap. */
const MOST_RSS_MIB = 512
const OLD_SPACE_MIB = 256
/** How much more memory the last third may use than the second. */
const FLAT = 1.05
const ROWS = 12
/** Both limits together are 128 MiB. */
const FULL_MIB = 125
const MIB = 1024 ** 2

interface Sample {
  readonly heapUsed: number
  readonly external: number
  readonly rss: number
}

/** Repeats some work until the time is over. A failure is counted, and does not end it. */
async function repeat(pauseMs: number, until: number, counts: Map<string, number>, name: string, work: () => unknown) {
  while (performance.now() < until) {
    const counted = await Promise.resolve()
      .then(work)
      .then(
        () => name,
        () => `${name}, failed`,
      )
    counts.set(counted, (counts.get(counted) ?? 0) + 1)
    await sleep(pauseMs)
  }
}

/** Starts a server that takes all mail and passes it on to the mailbox. Every second message comes late. */
async function relaying(bench: Bench, mailbox: number): Promise<number> {
  let recipient = ''
  let messages = 0
  const say = (line: string, { message }: { message: readonly string[] }) => {
    if (line.startsWith('RCPT')) recipient = /<(.*)>/.exec(line)?.[1] ?? ''
    if (line === '.') {
      messages += 1
      const to = recipient
      const mail = [...message, '.'].join('\r\n')
      const bring = () =>
        dialogue({ host: '127.0.0.1', port: mailbox, from: '127.0.0.1' }, [
          'EHLO mail.example.com',
          'MAIL FROM:<a@example.org>',
          `RCPT TO:<${to}>`,
          'DATA',
          mail,
          'QUIT',
        ])
      setTimeout(() => void bring().catch(() => {}), messages % 2 === 0 ? 0 : 2_000)
    }
    return healthy(line)
  }
  const { port } = await scriptedServer(bench, { say, keepsNothing: true }, { hosts: ['0.0.0.0'] })
  return port
}

/** Writes the customers file again, each time with other customers. */
function reload({ folder }: Served, time: number): void {
  const path = join(folder, 'customers.yaml')
  const extra = Array.from({ length: 50 }, (_, n) => {
    return `  - { id: c${time}-${n}, name: C, networks: [{ cidr: 198.51.100.${n}/32, allowSpecial: true }] }\n`
  })
  writeFileSync(`${path}.new`, WIDE.replace('customers:\n', `customers:\n${extra.join('')}`))
  renameSync(`${path}.new`, path)
}

async function soak(bench: Bench): Promise<boolean> {
  const sink = (kind: SinkOrder['kind']) => startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind })
  const mailbox = await deadPort()
  const [closed, open, relay] = await Promise.all([sink('closed'), sink('open'), relaying(bench, mailbox)])
  const heapFile = join(ROOT, '.cache', `heap-${process.pid}`)
  writeFileSync(heapFile, '')
  bench.after(() => rmSync(heapFile))
  const service = await serve(
    bench,
    {
      ALLOWED_PORTS: [closed, open, relay].join(','),
      MAILBOX_LISTEN: `127.0.0.1:${mailbox}`,
      DELIVERY_WAIT_MS: '100',
      LOG_LEVEL: 'warn',
      HEAP_FILE: heapFile,
    },
    {
      nodeOptions: [
        `--max-old-space-size=${OLD_SPACE_MIB}`,
        '--expose-gc',
        '--import',
        join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'),
        '--import',
        join(ROOT, 'bench/harness/heap.ts'),
      ],
    },
  )
  await fill(bench, service, open, heapFile)
  const until = performance.now() + MS
  const counts = new Map<string, number>()
  const answers: Record<string, number> = {}
  const load = async (request: string, connections: number, from = 0) => {
    const told = startHelper<Load, Loaded>(bench, 'client.ts')
    const loaded = await told.tell({ port: service.port, request, connections, ms: MS, from })
    for (const [status, count] of Object.entries(loaded.answers)) answers[status] = (answers[status] ?? 0) + count
  }
  const ip = () => `127.${20 + Math.floor(Math.random() * 20)}.${Math.floor(Math.random() * 256)}.1`
  const post = (members: object, headers: Record<string, string>, signal?: AbortSignal) =>
    fetch(`${service.url}/relay-tests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.desk}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(members),
      ...(signal ? { signal } : {}),
    })
  const events = { accept: 'text/event-stream' }
  const stop = new AbortController()
  const strangers = flood(
    { port: mailbox, connections: 5, from: (n) => `127.0.3.${n + 1}`, strike: greeted(asking('NOOP\r\n', '250 ')) },
    stop.signal,
  )
  let time = 0
  await Promise.all([
    load(postRelayTest({ ip: '{ip}', port: closed }), 1),
    load(postRelayTest({ ip: '{ip}', port: open, suite: 'full' }), 4, 500_000),
    load(postRelayTest({ ip: '203.0.113.9' }), 1),
    load('GET /nothing HTTP/1.1\r\nHost: relay-tests\r\n\r\n', 1),
    repeat(50, until, counts, 'tests whose mail arrives', async () => {
      await (await post({ ip: ip(), port: relay }, {})).text()
    }),
    repeat(50, until, counts, 'streams to the end', async () => {
      await (await post({ ip: ip(), port: relay }, events)).text()
    }),
    repeat(50, until, counts, 'streams that are left', async () => {
      const left = new AbortController()
      const stream = await post({ ip: ip(), port: open }, events, left.signal)
      await stream.body?.getReader().read()
      left.abort()
    }),
    repeat(2_000, until, counts, 'reloads', () => reload(service, ++time)),
  ])
  stop.abort()
  counts.set('commands of strangers at the mailbox', await strangers)
  for (const [status, count] of Object.entries(answers)) counts.set(`answers ${status} to the fast clients`, count)
  const late = await metricOf(service, 'relay_tests_amended_total{verdict="open"}')
  counts.set('results amended by late mail', late)
  return report(samplesIn(heapFile), counts, memoryOf(service.process).most)
}

/** Tests open servers until the limits of results and of late mail are reached, so that what comes then is steady. */
async function fill(bench: Bench, { port }: Served, open: number, heapFile: string): Promise<void> {
  const client = startHelper<Load, Loaded>(bench, 'client.ts')
  const request = postRelayTest({ ip: '{ip}', port: open, suite: 'full' })
  const isFull = () => samplesIn(heapFile).some(({ external }) => external > FULL_MIB * MIB)
  for (let from = 0; !isFull(); from += 1_000) await client.tell({ port, request, connections: 8, ms: 5_000, from })
  writeFileSync(heapFile, '')
}

const samplesIn = (file: string): Sample[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

function report(samples: readonly Sample[], counts: ReadonlyMap<string, number>, mostMib: number): boolean {
  const every = Math.max(1, Math.floor(samples.length / ROWS))
  const shown = samples.filter((_, index) => index % every === every - 1)
  const rows = shown.map(({ heapUsed, external, rss }, row) => {
    const minute = (((row + 1) * every) / samples.length) * MINUTES
    return [minute.toFixed(1), heapUsed / MIB, external / MIB, rss / MIB]
  })
  process.stdout.write(`${table(['minute', 'heap after GC, MiB', 'buffers, MiB', 'RSS, MiB'], rows)}\n\n`)
  process.stdout.write(`${table(['what', 'times'], [...counts])}\n\n`)
  const third = (which: number) =>
    samples.slice(Math.floor((samples.length * which) / 3), Math.floor((samples.length * (which + 1)) / 3))
  const used = (part: readonly Sample[]) => median(part.map(({ heapUsed, external }) => heapUsed + external)) / MIB
  const [second, last] = [used(third(1)), used(third(2))]
  process.stdout.write(
    `heap and buffers: ${second.toFixed(1)} MiB in the second third, ${last.toFixed(1)} in the last. `,
  )
  process.stdout.write(`RSS at most: ${mostMib.toFixed(0)} MiB (bound: ${MOST_RSS_MIB}).\n`)
  return last <= second * FLAT && mostMib < MOST_RSS_MIB
}

process.exitCode = (await during(soak)) ? 0 : 1
