/** The demo: starts the service with three mail servers on loopback, tests them over HTTP and prints the sessions. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { relayTest } from '../src/contract/relay-test.ts'
import { renderTest } from '../src/render/session.ts'
import { type DemoServer, startMailServer } from './mail-servers.ts'

/** The key of the demo in examples/callers.yaml. It is public, and may test loopback only. */
const KEY = 'rtk_DEMO-KEY-published-never-use-it-elsewhere--'
/** The key of the sandbox in examples/callers.yaml. Nothing is ever dialled for it. */
const SANDBOX_KEY = 'rtk_SANDBOX-KEY-published-never-use-it-anywhere'
/** The usual port of mail servers: the sandbox answers on it. */
const SMTP_PORT = 25

const PORT = 3000
const START_MS = 15_000

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

const say = (text: string): boolean => process.stdout.write(`${text}\n`)

/** True on a terminal. A pipe gets no colours. */
const coloured = process.env.NO_COLOR === undefined && (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined)
const title = (text: string): string => (coloured ? `\x1b[1;36m${text}\x1b[0m` : text)

/** Runs the demo. With `--once` it ends after printing, without it on Ctrl-C. */
async function main(): Promise<void> {
  const once = process.argv.includes('--once')
  const mailbox = await freePort()
  const closed = await startMailServer('closed', mailbox)
  const open = await startMailServer('open', mailbox)
  const catchAll = await startMailServer('catch-all', mailbox)
  const servers = [closed, open, catchAll]
  const service = await startService(servers, mailbox)
  const stop = async () => {
    service.process.kill('SIGTERM')
    await Promise.all(servers.map((server) => server.close()))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    say(title('\n1. A closed mail server\n'))
    say(await testAndRender(service.url, closed))
    say(title('2. An open relay: it trusts every sender address at its own domain\n'))
    say(await testAndRender(service.url, open))
    say(title('3. A closed mail server that accepts any name at its own domain: other testers call it open\n'))
    say('(this takes a few seconds: the test waits to see whether its message arrives)\n')
    say(await testAndRender(service.url, catchAll))
    if (once) return
    say(title('4. Your turn\n'))
    say('The service and the mail servers keep running until Ctrl-C. Test the open one again:\n')
    say(`  curl -sS ${service.url}/relay-tests \\
    -H 'Authorization: Bearer ${KEY}' \\
    -H 'Content-Type: application/json' -H 'Accept: text/plain' \\
    -d '{"ip": "127.0.0.1", "port": ${open.port}}'\n`)
    say(
      `The closed one is on port ${closed.port}, the third on ${catchAll.port}. Leave out the Accept header for JSON.\n
Or test in a browser: open ${service.url}/ with the key
  ${KEY}
Enter 127.0.0.1 and choose a port under "More options".\n
Or try the sandbox of docs/partners.md, which needs no mail server:
  export RELAY_TESTS_URL=${service.url} RELAY_TESTS_KEY=${SANDBOX_KEY}
  node dist/cli/relay-test.js 192.0.2.2\n
README.md says what to do next.`,
    )
    await new Promise((resolve) => service.process.once('exit', resolve))
  } finally {
    if (service.process.exitCode === null) await stop()
  }
}

/** Tests a server through the API and returns its session as text. Throws if the service refuses. */
async function testAndRender(url: string, { port }: DemoServer): Promise<string> {
  const response = await fetch(`${url}/relay-tests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ip: '127.0.0.1', port, reference: 'DEMO' }),
  })
  const body: unknown = await response.json()
  if (response.status !== 201) throw new Error(`the service answered ${response.status}: ${JSON.stringify(body)}`)
  return renderTest(relayTest.parse(body), coloured)
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

// Ends when the reader closes the pipe, as `head` does.
process.stdout.on('error', () => process.exit(0))

await main()
