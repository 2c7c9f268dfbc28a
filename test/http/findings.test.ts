/** The parts of a result besides its verdict: findings, the address that the server saw, and related addresses. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { dnsServer } from '../harness/dns-server.ts'
import { bearer, resultOf } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { healthy, type Say, scriptedServer } from '../harness/mail-server.ts'
import { startSandbox } from '../harness/sandbox.ts'
import { KEYS, startService } from '../harness/service.ts'

const ZONE = {
  'example.com': {
    mx: [
      [10, 'mail.example.com'],
      [20, 'backup.example.com'],
    ],
  },
  'mail.example.com': { a: ['127.0.0.1', '127.0.0.2', '10.0.0.1'], aaaa: ['fd00::1', '2001:db8::25'] },
  'backup.example.com': { a: ['127.0.0.3', '93.184.216.34', '127.0.0.99'] },
  'twin.example.com': { a: ['127.0.0.1', '127.0.0.4'], mx: [[10, 'elsewhere.example.com']] },
  'elsewhere.example.com': { a: ['127.0.0.5'] },
} as const

/** A server that relays for nobody, and gives a host name of its own. */
const named: Say = (line, session) => (line.startsWith('EHLO') ? '250 twin.example.com' : closed(line, session))

async function serviceWith(t: TestContext, say: Say, zone: Parameters<typeof dnsServer>[1] = ZONE) {
  const server = await scriptedServer(t, { greeting: '220 twin.example.com ESMTP', say })
  const dns = await dnsServer(t, zone)
  const env = { ALLOWED_PORTS: `${server.port}`, DNS_SERVERS: dns.address }
  return { server, dns, service: await startService(t, { env }) }
}

test('the result has the other addresses of the domain and of the host that the caller may test', async (t) => {
  const { service, dns, server } = await serviceWith(t, named)
  const { port } = server
  const first = await resultOf(await service.post({ ip: '127.0.0.1', port }))
  const none = { port, lastVerdict: null, lastAt: null }
  // The addresses of the same host come first. Private, foreign and opted-out addresses are not shown.
  assert.deepEqual(first.related, [
    { ip: '127.0.0.2', ...none },
    { ip: '127.0.0.4', ...none },
    { ip: '127.0.0.3', ...none },
  ])
  // Only the addresses of the greeting's host are asked for, not where mail for its name goes.
  const aboutHost = dns.questions.filter((question) => /twin|elsewhere/.test(question))
  assert.deepEqual([...new Set(aboutHost)].sort(), ['a twin.example.com', 'aaaa twin.example.com'])
  const stored = await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200)
  assert.deepEqual(stored, first)
})

test('each related address has the verdict of its last test', async (t) => {
  const { service, server } = await serviceWith(t, named)
  const { port } = server
  const other = await resultOf(await service.post({ ip: '127.0.0.2', port }))
  const { related } = await resultOf(await service.post({ ip: '127.0.0.1', port }))
  const expected = { ip: '127.0.0.2', port, lastVerdict: other.verdict, lastAt: other.finishedAt }
  assert.deepEqual(
    related.find(({ ip }) => ip === '127.0.0.2'),
    expected,
  )
})

test('name servers that fail or say nothing delay a result by a moment, and change nothing else', async (t) => {
  for (const zone of [
    { 'example.com': 'failing' },
    { 'example.com': 'silent', 'twin.example.com': 'silent' },
  ] as const) {
    const isQuick = async () => {
      const { service, server } = await serviceWith(t, named, zone)
      const started = performance.now()
      const { verdict, related } = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))
      assert.deepEqual([verdict, related], ['closed', []])
      return performance.now() - started < 4_000
    }
    // A busy machine can delay some of the tests, but not all.
    assert.ok((await isQuick()) || (await isQuick()) || (await isQuick()))
  }
})

test('a greeting that is no host name is not looked up', async (t) => {
  const server = await scriptedServer(t, { greeting: '220 ../../evil;name ESMTP', say: closed })
  const dns = await dnsServer(t, {})
  const env = { ALLOWED_PORTS: `${server.port}`, DNS_SERVERS: dns.address }
  const service = await startService(t, { env })
  const { related } = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))
  assert.deepEqual(related, [])
  assert.deepEqual([...new Set(dns.questions.map((question) => question.split(' ')[1]))], ['example.com'])
})

test('a finding has a code, a sentence and steps, in JSON and in the text', async (t) => {
  const say: Say = (line, session) => {
    if (line.startsWith('EHLO')) return `250 mail.example.com Hello ${line.slice(5)} [172.17.0.1]`
    return line.startsWith('RCPT TO:<postmaster@example.com>') ? '250 ok' : closed(line, session)
  }
  const { service, server } = await serviceWith(t, say, {})
  const result = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))
  assert.equal(result.verdict, 'closed')
  assert.equal(result.server?.seesUsAs, '172.17.0.1')
  assert.deepEqual(
    result.findings.map(({ code }) => code),
    ['own-domain-spoofable', 'source-address-lost'],
  )
  const [spoofable] = result.findings
  assert.match(spoofable?.says ?? '', /example\.com.*That is not relaying/)
  const headers = { accept: 'text/plain', ...bearer(KEYS.partner) }
  const text = await (await service.fetch(`/relay-tests/${result.id}`, { headers })).text()
  assert.match(text, /the server sees us as 172\.17\.0\.1/)
  assert.ok(text.includes(`Also worth knowing: ${spoofable?.says}\n  1. ${spoofable?.steps[0]}\n`))
})

test('a healthy server has no findings', async (t) => {
  const { service, server } = await serviceWith(t, healthy, {})
  const result = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port, proof: 'message' }))
  assert.deepEqual([result.verdict, result.findings, result.related], ['open', [], []])
  assert.equal(result.server?.seesUsAs, null)
})

test('the sandbox looks nothing up', async (t) => {
  const dns = await dnsServer(t, ZONE)
  const { post } = await startSandbox(t, { DNS_SERVERS: dns.address })
  const result = await resultOf(await post({ ip: '192.0.2.1', domain: 'example.com' }))
  assert.deepEqual([result.verdict, result.findings, result.related], ['closed', [], []])
  assert.deepEqual(dns.questions, [])
})
