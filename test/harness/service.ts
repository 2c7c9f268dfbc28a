/** Starts the built service with the settings that tests share. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { problemType } from '../../src/contract/problems.ts'
import { writeYaml } from './files.ts'
import { until } from './waiting.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The keys of the default callers of a test service. */
export const KEYS = {
  /** May test the customers `acme` and `beta`. */
  partner: `rtk_${'p'.repeat(43)}`,
  /** May test every customer. */
  desk: `rtk_${'d'.repeat(43)}`,
} as const

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex')

/** Three customers on loopback, one of them with other networks too, and an address on the opt-out list. */
export const CUSTOMERS = `
customers:
  - id: acme
    name: Acme Pty Ltd
    networks: [127.0.0.0/24]
    domains: [example.com, example.net]
  - id: beta
    name: Beta
    networks: [127.0.1.0/24]
  - id: gamma
    name: Gamma
    networks: [127.0.2.0/24, { cidr: 203.0.113.0/24, allowSpecial: true }, 93.184.216.0/24]
    domains: [example.org]
neverTest: [127.0.0.99/32]
`

export const CALLERS = `
callers:
  - id: partner
    keys: [{ sha256: ${sha256(KEYS.partner)} }]
    customers: [acme, beta]
  - id: desk
    keys: [{ sha256: ${sha256(KEYS.desk)} }]
    customers: all
`

/** A quota that no test reaches, however often it looks whether a result is there. A test of quotas sets its own. */
const MANY = '1000000/1h'

export interface ServiceOptions {
  /** Added to the environment of a service on loopback, or replaces parts of it. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly customers?: string
  readonly callers?: string
  /**
   * Whether the test sees that Redis cannot be reached. Otherwise, such a request is sent again: a busy machine may let
   * a healthy Redis answer too late.
   */
  readonly seesRedisFaults?: boolean
}

export interface TestService {
  readonly url: string
  readonly metricsUrl: string
  /** The folder that holds customers.yaml and callers.yaml. */
  readonly folder: string
  readonly process: ChildProcess
  /** All lines of standard output so far: the log, and the audit log if AUDIT_FILE is not set. */
  readonly output: readonly string[]
  /** The log lines as objects. */
  logs(): Record<string, unknown>[]
  /** Sends a request, with the key of `partner` if the headers have no other. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Sends `POST /relay-tests` as `partner`. */
  post(body: unknown, headers?: Record<string, string>): Promise<Response>
  /** Ends the process with SIGTERM and returns its exit code. */
  stop(): Promise<number | null>
}

/** Returns the environment of a service on loopback with its files in a folder. */
export function environmentFor(folder: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    ...(process.env.NODE_V8_COVERAGE ? { NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE } : {}),
    PORT: '0',
    METRICS_PORT: '0',
    CUSTOMERS_FILE: join(folder, 'customers.yaml'),
    CALLERS_FILE: join(folder, 'callers.yaml'),
    MAILBOX_DOMAIN: 'relaytest.isp.example',
    MAILBOX_KEY: 'k'.repeat(32),
    PROVIDER_NAME: 'ISP Pty Ltd',
    CONTACT: 'https://isp.example/relay-tests',
    ALLOW_LOOPBACK_TARGETS: 'true',
    ALLOWED_PORTS: Array.from({ length: 10 }, (_, index) => 25 + index).join(','),
    DRAIN_MS: '0',
    // Nothing listens there, so no test asks real name servers. Tests of look-ups start a name server.
    DNS_SERVERS: '127.0.0.1:1',
    QUOTA_REQUESTS: MANY,
    QUOTA_CALLER: MANY,
    QUOTA_CUSTOMER: MANY,
    QUOTA_TARGET: MANY,
    QUOTA_NETWORK: MANY,
    QUOTA_SWEEPS: MANY,
  }
}

/** Runs clean-up work at its end: a test, or a benchmark. */
export interface Ending {
  after(work: () => unknown): void
}

/** Makes a folder with customers.yaml and callers.yaml. It is removed after the test. */
export function configFolder(t: Ending, { customers = CUSTOMERS, callers = CALLERS }: ServiceOptions = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'relay-tests-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeYaml(join(folder, 'customers.yaml'), customers)
  writeYaml(join(folder, 'callers.yaml'), callers)
  return folder
}

/** Returns where a program of the build is, such as `dist/server.js`. `npm test` has bundles: runner/bundles.ts. */
export const programAt = (script: string): string => join(process.env.BUNDLES ?? ROOT, script)

/** Whether a request was refused because Redis could not be reached, or not in time. */
export const isWithoutRedis = async (response: Response): Promise<boolean> =>
  response.status === 503 && (await response.clone().text()).includes(problemType('limits-unavailable'))

/** How long a healthy Redis may be too slow on a busy machine. After a fault, the service is well again in a second. */
const SLOW_REDIS_MS = 5_000

/** Starts the built service. It ends with the test. */
export async function startService(t: Ending, options: ServiceOptions = {}): Promise<TestService> {
  const folder = configFolder(t, options)
  const env = Object.fromEntries(
    Object.entries({ ...environmentFor(folder), ...options.env }).filter(([, value]) => value !== undefined),
  )
  const child = spawn(process.execPath, [programAt('dist/server.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  const errors: string[] = []
  // Waits for 'close' and not 'exit', so that all output has been read.
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
  let told = false
  const stop = () => {
    // A second SIGTERM would end the service at once, with an error.
    if (!told && child.exitCode === null) child.kill('SIGTERM')
    told = true
    return exited
  }
  t.after(stop)
  const [url, metricsUrl] = await new Promise<[string, string]>((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the service ended with ${code}: ${errors.join('\n')}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      output.push(line)
      const entry = JSON.parse(line)
      if (entry.msg === 'ready') resolve([entry.url, entry.metricsUrl])
    })
  })
  const send = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${KEYS.partner}`)
    return fetch(`${url}${path}`, { ...init, headers })
  }
  const again: typeof send = (path, init) =>
    until(
      'Redis',
      async () => {
        const response = await send(path, init)
        return (await isWithoutRedis(response)) ? null : response
      },
      SLOW_REDIS_MS,
    )
  const request = env.REDIS_URL === undefined || options.seesRedisFaults ? send : again
  return {
    url,
    metricsUrl,
    folder,
    process: child,
    output,
    logs: () => output.map((line) => JSON.parse(line)),
    fetch: request,
    post: (body, headers = {}) =>
      request('/relay-tests', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    stop,
  }
}
