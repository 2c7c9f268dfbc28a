/** Nothing that a caller writes reaches the mail server, but for a listed domain and a known mailbox at one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawConnection } from '../harness/http.ts'
import { type ScriptedSession, scriptedServer } from '../harness/mail-server.ts'
import { cases } from '../harness/mass.ts'
import { randomFrom } from '../harness/random.ts'
import { startService, type TestService } from '../harness/service.ts'
import { inTime } from '../harness/waiting.ts'
import { type HostileRequest, hostileRequest } from './injected.ts'
import { assertClean, isClosed, replies, servers, sessionOf } from './wire.ts'

const SEED = 20270103
const REQUESTS = cases(640)
const HOSTS = servers('127.0.0', 16)
/** Stands for the domain in a golden session, and occurs in nothing else. */
const DOMAIN = 'golden-domain.example.com'
/** The same for the known mailbox. */
const MAILBOX = 'golden@golden-mailbox.example.com'

/** The names that a golden request gives. The customer's own domain is checked with one question more. */
const NAMES = { mailbox: { domain: DOMAIN, knownMailbox: MAILBOX }, domain: { domain: DOMAIN }, none: {} } as const

const namesIn = ({ domain, knownMailbox }: HostileRequest): keyof typeof NAMES =>
  knownMailbox !== null ? 'mailbox' : domain !== null ? 'domain' : 'none'

/** The session that a request must lead to, made of the golden one. */
function expectedFor(golden: readonly string[], { domain, knownMailbox }: HostileRequest): string[] {
  const [, local = '', host] = /^(.*@)(.*)$/.exec(knownMailbox ?? '') ?? []
  const names = [
    [MAILBOX, `${local}${host?.toLowerCase()}`],
    [DOMAIN, (domain ?? host ?? 'example.com').toLowerCase()],
  ] as const
  return golden.map((session) => names.reduce((text, [stands, name]) => text.replaceAll(stands, () => name), session))
}

/** Sends a request in its bytes; null where the service closes without an answer. */
async function statusOf({ url }: TestService, { head, body }: HostileRequest): Promise<number | null> {
  const answer = await inTime('an answer', rawConnection(url, head + body).answer)
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? []
  return status === undefined ? null : Number(status)
}

test(`whatever ${REQUESTS} requests say, the mail server hears the golden session`, async (t) => {
  const heard = await scriptedServer(t, { say: replies, inGroups: true }, { hosts: HOSTS })
  const service = await startService(t, {
    env: {
      ALLOWED_PORTS: `${heard.port},25`,
      TRUST_PROXY: '127.0.0.0/8',
      MAILBOX_LISTEN: '127.0.0.1:0',
      DELIVERY_WAIT_MS: '0',
      MAX_CONCURRENT_TESTS: '1000',
    },
  })

  const since = new Map<string, number>()
  /** The connections that came to an address since it was last asked about. */
  const fresh = (address: string): ScriptedSession[] => {
    const from = since.get(address) ?? 0
    since.set(address, heard.sessions.length)
    return heard.sessions.slice(from).filter((one) => one.address === address)
  }

  const golden = new Map<string, string[]>()
  for (const proof of ['recipient', 'message', 'delivery']) {
    for (const host of HOSTS.slice(0, 2)) {
      for (const [names, members] of Object.entries(NAMES)) {
        const response = await service.post({ ip: host, port: heard.port, proof, ...members })
        assert.equal(response.status, 201, await response.text())
        golden.set(`${isClosed(host)} ${proof} ${names}`, sessionOf(fresh(host)))
      }
    }
  }

  let tests = 0
  const statuses = new Map<number | null, number>()
  const lane = async (host: string, turns: number, seed: number) => {
    const random = randomFrom(seed)
    for (let turn = 0; turn < turns; turn += 1) {
      const request = hostileRequest(host, heard.port, random)
      const status = await statusOf(service, request)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const connections = fresh(host)
      const said = JSON.stringify(request)
      assert.ok(status === null || status < 500, `${status} ${said}`)
      if (status !== 201) {
        assert.deepEqual(connections, [], `${status} ${said}`)
        continue
      }
      tests += 1
      const expected = golden.get(`${isClosed(host)} ${request.proof} ${namesIn(request)}`) ?? []
      assert.deepEqual(sessionOf(connections), expectedFor(expected, request), said)
      connections.forEach(assertClean)
    }
  }
  await Promise.all(HOSTS.map((host, index) => lane(host, REQUESTS / HOSTS.length, SEED + index)))
  t.diagnostic(`${tests} tests; by status: ${JSON.stringify([...statuses])}`)
  assert.ok(tests > REQUESTS / 4, `${tests} tests`)
  assert.equal(heard.sessions.length, tests + golden.size)
})
