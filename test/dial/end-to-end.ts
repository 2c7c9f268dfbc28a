/** Runs the built service where every address is local, and tells which addresses it really dialled. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dnsServer } from '../harness/dns-server.ts'
import { closedInGroups } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { configFolder, type Ending, startService } from '../harness/service.ts'
import { type Answer, askAll } from './asking.ts'
import type { Case } from './cases.ts'
import { REFUSALS } from './decisions.ts'
import { FILES, OWN } from './installation.ts'
import { NO_QUOTAS } from './no-quotas.ts'
import { type Expected, expectedOf } from './oracle.ts'
import { openWorld, type Witness, watch, witnessed } from './world.ts'

/** A request whose answer was not what python expects. */
export interface Wrong extends Case {
  readonly expected: Expected | undefined
  readonly answer: Answer | undefined
}

/** What became of all requests. */
export interface DialRun {
  readonly asked: number
  /** Addresses of all 201 answers, as python writes them, in order of their texts. */
  readonly accepted: readonly string[]
  /** Addresses that the recorder was reached at, in order of their texts. */
  readonly dialled: readonly string[]
  /** Addresses of the audit log's intents, in order of their texts. */
  readonly intents: readonly string[]
  readonly wrong: readonly Wrong[]
  /** How many python denied, by why. */
  readonly denied: Readonly<Record<string, number>>
  readonly witness: Witness
  /** Names that were looked up. */
  readonly looked: readonly string[]
}

/**
 * Has the built service, as it is shipped and configured for production, asked for everything over HTTP in a world
 * where every address is local, and tells what it dialled: by the recorder on port 25, by the kernel's count, by the
 * audit log.
 */
export async function dialAll(t: Ending, cases: readonly Case[], asked: (done: number) => void): Promise<DialRun> {
  const expected = await expectedOf(cases)
  await openWorld([...OWN.interfaces])
  const recorder = await scriptedServer(t, closedInGroups, { hosts: ['0.0.0.0', '::'], port: 25 })
  const dns = await dnsServer(t, {})
  const folder = configFolder(t)
  const audit = join(folder, 'audit.log')
  writeFileSync(join(folder, 'vantages.yaml'), FILES.vantages)
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
      ...NO_QUOTAS,
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
    looked: [...new Set(dns.questions.map((question) => question.split(' ')[1] ?? ''))],
  }
}

/** Tests of one address come one after the other. */
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

/** Bodies over the limit are refused before anything in them is read. */
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
