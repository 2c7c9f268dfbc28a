/** Runs the built service in a network where every address is local, and reports which addresses it really dialled. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dnsServer } from '../harness/dns-server.ts'
import { writeYaml } from '../harness/files.ts'
import { closedInGroups } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { configFolder, type Ending, startService } from '../harness/service.ts'
import { type Answer, askAll } from './asking.ts'
import type { Case } from './cases.ts'
import { REFUSALS } from './decisions.ts'
import { FILES, OWN } from './installation.ts'
import { type Expected, expectedOf } from './oracle.ts'
import { openWorld, type Witness, watch, witnessed } from './world.ts'

/** A request whose answer differs from Python's. */
export interface Wrong extends Case {
  readonly expected: Expected | undefined
  readonly answer: Answer | undefined
}

/** The results of all requests. */
export interface DialRun {
  readonly asked: number
  /** The addresses of all 201 answers, sorted as text. */
  readonly accepted: readonly string[]
  /** The addresses that the recorder saw dialled, sorted as text. */
  readonly dialled: readonly string[]
  /** The addresses in the intents of the audit log, sorted as text. */
  readonly intents: readonly string[]
  readonly wrong: readonly Wrong[]
  /** How many requests Python denied, by reason. */
  readonly denied: Readonly<Record<string, number>>
  readonly witness: Witness
  /** The names that the service looked up, except its own, the domains of tests and the names in greetings. */
  readonly strangeNames: readonly string[]
}

/**
 * Sends all cases to the built service, configured for production, in a network where every address is local. Reports
 * what the service dialled in three ways: the recorder on port 25, the kernel's counters and the audit log.
 */
export async function dialAll(t: Ending, cases: readonly Case[], asked: (done: number) => void): Promise<DialRun> {
  const expected = await expectedOf(cases)
  await openWorld([...OWN.interfaces])
  const recorder = await scriptedServer(t, closedInGroups, { hosts: ['0.0.0.0', '::'], port: 25 })
  const dns = await dnsServer(t, {})
  const folder = configFolder(t)
  const audit = join(folder, 'audit.log')
  writeYaml(join(folder, 'vantages.yaml'), FILES.vantages)
  const service = await startService(t, {
    customers: FILES.customers,
    callers: FILES.callers,
    env: {
      ALLOW_LOOPBACK_TARGETS: undefined,
      ALLOWED_PORTS: undefined,
      VANTAGES_FILE: join(folder, 'vantages.yaml'),
      AUDIT_FILE: audit,
      DNS_SERVERS: dns.address,
      LOG_LEVEL: 'info',
      MAX_CONCURRENT_TESTS: '10000',
    },
  })
  await watch(Number(new URL(service.url).port), Number(dns.address.split(':')[1]))
  const answers = await askAll(service.url, cases, laneFor(expected), asked)
  await service.stop()
  const denied: Record<string, number> = {}
  for (const one of expected) if ('deny' in one) denied[one.deny] = (denied[one.deny] ?? 0) + 1
  return {
    asked: cases.length,
    accepted: answers.flatMap(({ status, ip }) => (status === 201 && ip !== null ? [ip] : [])).sort(),
    dialled: recorder.sessions.map(({ address }) => address).sort(),
    intents: intentsIn(readFileSync(audit, 'utf8')).sort(),
    wrong: cases.flatMap((one, index) => {
      const [said, answer] = [expected[index], answers[index]]
      return said && answer && agrees(said, answer) ? [] : [{ ...one, expected: said, answer }]
    }),
    denied,
    witness: await witnessed(),
    strangeNames: [...new Set(dns.questions.map((question) => question.split(' ')[1] ?? ''))].filter(isStrange),
  }
}

/** The self-check asks for the vantage's own name, and each test for its domain and the name in the greeting. */
const isStrange = (name: string): boolean =>
  name !== 'relaytest.isp.example' && !/(^|\.)example\.(com|net|org|edu)$/.test(name)

/** Gives all requests for one address the same lane. */
function laneFor(expected: readonly Expected[]): (index: number) => number {
  const lanes = new Map<string, number>()
  return (index) => {
    const one = expected[index]
    if (!one || !('allow' in one)) return index
    const lane = lanes.get(one.allow) ?? lanes.size
    lanes.set(one.allow, lane)
    return lane
  }
}

/** The problem of bodies over the size limit, which are refused unread. */
const TOO_LARGE = 'payload-too-large'

function agrees(expected: Expected, { status, ip, problem }: Answer): boolean {
  if ('allow' in expected) return status === 201 && ip === expected.allow
  if (status < 400 || status >= 500 || problem === null) return false
  return REFUSALS[expected.deny].includes(problem) || (expected.deny === 'syntax' && problem === TOO_LARGE)
}

function intentsIn(log: string): string[] {
  return log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ audit }) => audit === 'intent')
    .map(({ ip }) => String(ip))
}
