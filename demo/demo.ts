/**
 * The demo: starts the service with three mail servers on loopback, tests them over HTTP, and prints a table of what it
 * found and what to try next. `--sessions` prints the whole sessions first. With `--once` it ends after printing,
 * without it on Ctrl-C.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type RelayTest, relayTest } from '../src/contract/relay-test.ts'
import { renderTest } from '../src/render/session.ts'
import { type DemoServer, startMailServer } from './mail-servers.ts'

/** The key of the demo in examples/callers.yaml. It is public, and may test loopback only. */
const KEY = 'rtk_DEMO-KEY-published-never-use-it-elsewhere--'
/** The key of the sandbox in examples/callers.yaml. Nothing is ever dialled for it. */
const SANDBOX_KEY = 'rtk_SANDBOX-KEY-published-never-use-it-anywhere'
/** The usual port of mail servers: the sandbox answers on it. */
const SMTP_PORT = 25

const PORT = 3000
const USUAL_URL = `http://127.0.0.1:${PORT}`
const START_MS = 60_000

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

const say = (text: string): boolean => process.stdout.write(`${text}\n`)

/** True on a terminal. A pipe gets no colours. */
const coloured = process.env.NO_COLOR === undefined && (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined)
const colour = (code: string, text: string): string => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)
const title = (text: string): string => colour('1;36', text)

/** A mail server of the demo, and what its row in the table adds to the summary of its test. */
const SERVERS = [
  { name: 'a closed one', manners: 'closed', note: '' },
  { name: 'an open relay', manners: 'open', note: '' },
  { name: 'a catch-all', manners: 'catch-all', note: ' Other testers call it open.' },
] as const

const VERDICT_COLOURS = { open: '1;31', closed: '1;32', inconclusive: '1;33' } as const

/** Runs the demo. */
async function main(): Promise<void> {
  const { once, sessions } = options()
  const mailbox = await freePort()
  const servers = await Promise.all(SERVERS.map(({ manners }) => startMailServer(manners, mailbox)))
  const service = await startService(servers, mailbox)
  say('Testing three mail servers on this machine. This takes a few seconds.')
  const rows: string[][] = []
  for (const [index, server] of servers.entries()) {
    const { name = '', note = '' } = SERVERS[index] ?? {}
    const result = await testOf(service.url, server)
    if (sessions) say(`${title(`\n${index + 1}. ${name}\n`)}\n${renderTest(result, coloured)}`)
    const why = result.summary?.replace(/^The server does not relay\. /, '') ?? ''
    rows.push([name, `127.0.0.1:${server.port}`, result.verdict?.toUpperCase() ?? '', `${why}${note}`])
  }
  const open = servers[1]?.port
  say(table([['mail server', 'address', 'verdict', 'why'], ...rows]))
  if (!once) {
    if (new URL(service.url).port !== String(PORT)) {
      say(
        `Port ${PORT} is in use, so the service is at ${service.url}. Use that address where a page says ${USUAL_URL}.`,
      )
    }
    say(
      table([
        ['in a browser', `open ${service.url}/ and paste the key ${KEY}; then test 127.0.0.1:${open}`],
        ['sandbox', `the key ${SANDBOX_KEY} plays recorded sessions at 192.0.2.1 to 192.0.2.8`],
        ['in a terminal', command(service.url, `--port ${open} 127.0.0.1`)],
      ]),
    )
    say('The service and the mail servers run until Ctrl-C. README.md says what to do next.')
    await new Promise((resolve) => service.process.once('exit', resolve))
  }
  service.process.kill('SIGTERM')
  for (const server of servers) server.close()
}

/** Returns the options of the command line. Ends the demo if there is a mistake in them. */
function options(): { readonly once: boolean; readonly sessions: boolean } {
  try {
    const flag = { type: 'boolean', default: false } as const
    return parseArgs({ options: { once: flag, sessions: flag } }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    process.stderr.write(`${error.message}. The options of the demo are --once and --sessions.\n`)
    process.exit(2)
  }
}

/** The words of the table that have a colour. */
const COLOURS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(VERDICT_COLOURS).map(([verdict, code]) => [verdict.toUpperCase(), code]),
)

/** Returns rows as text, with columns of equal width. The last column is not padded. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const cell = (text: string, column: number): string => {
    const code = COLOURS[text] ?? (column === 0 ? '1' : null)
    const padded = column === widths.length - 1 ? text : text.padEnd(widths[column] ?? 0)
    return code === null ? padded : colour(code, padded)
  }
  return `\n${rows.map((row) => `  ${row.map(cell).join('  ')}\n`).join('')}`
}

/** Returns a line for a shell that tests a server with the command. */
const command = (url: string, args: string): string =>
  `RELAY_TESTS_URL=${url} RELAY_TESTS_KEY=${KEY} node dist/cli/relay-test.js ${args}`

/** Tests a server through the API and returns its result. Throws if the service refuses. */
async function testOf(url: string, { port }: DemoServer): Promise<RelayTest> {
  const response = await fetch(`${url}/relay-tests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ip: '127.0.0.1', port, reference: 'DEMO' }),
  })
  const body: unknown = await response.json()
  if (response.status !== 201) throw new Error(`the service answered ${response.status}: ${JSON.stringify(body)}`)
  return relayTest.parse(body)
}

/** Starts the built service, on port 3000 if that is free. Resolves when it is ready. */
async function startService(
  servers: readonly DemoServer[],
  mailbox: number,
): Promise<{ url: string; process: ChildProcess }> {
  const port = (await isFree(PORT)) ? PORT : 0
  const child = spawn(process.execPath, [pathOf('dist/server.js')], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      METRICS_PORT: '0',
      // The demo asks no name server. Nothing answers there.
      DNS_SERVERS: '127.0.0.1:1',
      CUSTOMERS_FILE: pathOf('examples/customers.yaml'),
      CALLERS_FILE: pathOf('examples/callers.yaml'),
      MAILBOX_DOMAIN: 'test.org.au',
      MAILBOX_LISTEN: `127.0.0.1:${mailbox}`,
      TEST_DEADLINE_MS: '8000',
      ALLOW_LOOPBACK_TARGETS: 'true',
      ALLOWED_PORTS: [SMTP_PORT, ...servers.map((server) => server.port)].join(','),
      // All servers share one address, and the reader may want to test it often.
      QUOTA_TARGET: '100/1m',
      QUOTA_CUSTOMER: '100/1m',
      QUOTA_CALLER: '100/1m',
      QUOTA_NETWORK: '100/1m',
      DRAIN_MS: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.once('exit', () => child.kill('SIGTERM'))
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the service did not start within ${START_MS} ms`)), START_MS)
    child.once('exit', (code) => reject(new Error(`the service ended with exit code ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, url: listening } = JSON.parse(line)
      if (msg !== 'ready') return
      clearTimeout(timer)
      resolve(listening)
    })
  })
  return { url, process: child }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        address !== null && typeof address !== 'string' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

// Ends when the reader closes the pipe, as `head` does, and on a signal. An exit takes the service with it.
process.stdout.on('error', () => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(0))

await main()
