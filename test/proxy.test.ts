/** Tests through a SOCKS5 proxy: the same session, the same verdict, and no word of the password. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { readiness } from '../src/contract/health.ts'
import { vantageList } from '../src/contract/vantages.ts'
import { writeYaml } from './harness/files.ts'
import { problemIn, resultOf } from './harness/http.ts'
import { closed, closedInGroups, deadPort, gatedServer, open } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { type RealProxy, startMicrosocks, withMicrosocks } from './harness/microsocks.ts'
import { configFolder, startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const CUSTOMERS = `
customers:
  - { id: acme, name: Acme, networks: [127.0.0.0/24, "::1/128"], domains: [example.com] }
`

/** One vantage behind a proxy, with a password where none else is given. */
const vantagesYaml = ({ port, user, password }: RealProxy, given = password): string =>
  `vantages:
  - name: syd-1
    ehlo: relaytest.isp.example
    publicIps: [198.51.100.7, "2001:db8:51::7"]
    proxy: socks5://${user}:${encodeURIComponent(given)}@127.0.0.1:${port}
`

async function serviceBehind(t: TestContext, vantages: string, ports: readonly number[], env = {}) {
  const file = join(configFolder(t), 'vantages.yaml')
  writeYaml(file, vantages)
  const service = await startService(t, {
    customers: CUSTOMERS,
    env: { ALLOWED_PORTS: ports.join(','), VANTAGES_FILE: file, ...env },
  })
  return { service, file }
}

const stateOf = async (service: TestService) =>
  vantageList.parse(await (await service.fetch('/vantages')).json()).vantages[0]

/** Nothing of where the proxy is, or of how it is entered, gets out. */
async function keepsQuiet(service: TestService, { port, password }: RealProxy): Promise<void> {
  const answers = await Promise.all(
    [service.fetch('/vantages'), fetch(`${service.url}/readyz`), fetch(service.metricsUrl)].map(async (answer) =>
      (await answer).text(),
    ),
  )
  for (const text of [...answers, ...service.output]) {
    assert.ok(!text.includes(`${port}`) && !text.includes(password) && !text.includes('s3cr3t'), text)
  }
}

test('tests go through a real proxy: open and closed, IPv4 and IPv6, in TLS too', withMicrosocks, async (t) => {
  const proxy = await startMicrosocks(t)
  const proxy6 = await startMicrosocks(t, { source: '' })
  const peers: (string | undefined)[] = []
  const connected = ({ socket }: { socket: { remoteAddress?: string | undefined } }) =>
    void peers.push(socket.remoteAddress)
  const servers = [
    await scriptedServer(t, { say: closed, connected }),
    await scriptedServer(t, { say: open, connected }),
  ]
  const six = await scriptedServer(t, closedInGroups, { hosts: ['::1'] })
  const secure = await tlsServer(t)
  const nobody = await deadPort()
  const ports = [...servers.map(({ port }) => port), six.port, secure, nobody]
  const { service } = await serviceBehind(t, vantagesYaml(proxy), ports)
  const post = async (ip: string, port: number) => resultOf(await service.post({ ip, port }))

  for (const [index, verdict] of ['closed', 'open'].entries()) {
    const result = await post('127.0.0.1', servers[index]?.port ?? 0)
    assert.equal(result.verdict, verdict)
    assert.deepEqual(result.vantage, { name: 'syd-1', ip: '198.51.100.7', ehlo: 'relaytest.isp.example' })
  }
  // The proxy's own end is what the server sees.
  assert.deepEqual(new Set(peers), new Set([proxy.source]))
  const inTls = await post('127.0.0.1', secure)
  assert.deepEqual([inTls.verdict, inTls.reason], ['closed', null])
  assert.match(inTls.server?.tls?.protocol ?? '', /^TLSv1/)
  const refused = await post('127.0.0.1', nobody)
  assert.deepEqual([refused.verdict, refused.reason], ['inconclusive', 'connection-refused'])

  const { service: over6 } = await serviceBehind(t, vantagesYaml(proxy6), ports)
  const result = await resultOf(await over6.post({ ip: '::1', port: six.port }))
  assert.deepEqual([result.verdict, result.vantage.ip], ['closed', '2001:db8:51::7'])
  assert.equal(six.sessions[0]?.address, '::1')

  await until('the self-check', async () => (await stateOf(service))?.state === 'up')
  await keepsQuiet(service, proxy)
})

/** A server that speaks of relaying only in TLS. */
async function tlsServer(t: TestContext): Promise<number> {
  const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode })
  const server = new SMTPServer({
    name: 'mail.example.com',
    disabledCommands: ['AUTH'],
    authOptional: true,
    logger: false,
    hideENHANCEDSTATUSCODES: false,
    onMailFrom: (_address, { secure }, done) =>
      done(secure ? null : refusal(530, '5.7.0 Must issue a STARTTLS command first')),
    onRcptTo: (_address, _session, done) => done(refusal(554, '5.7.1 Relay access denied')),
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => server.close(() => {}))
  const address = server.server.address()
  assert.ok(address !== null && typeof address !== 'string')
  return address.port
}

test(
  'a proxy that dies in the middle of a test is not the fault of the server, and stops the next one until it is back',
  withMicrosocks,
  async (t) => {
    const proxy = await startMicrosocks(t)
    const { server, hold, release } = await gatedServer(t)
    const { service, file } = await serviceBehind(t, vantagesYaml(proxy), [server.port])
    const post = (headers = {}) => service.post({ ip: '127.0.0.1', port: server.port }, headers)
    await until('the first look', async () => (await stateOf(service))?.state === 'up')
    const key = { 'idempotency-key': 'before' }
    const before = await resultOf(await post(key))

    const asked = hold(/^RCPT/)
    const answer = post()
    await asked
    await proxy.kill()
    const result = await resultOf(await answer)
    assert.deepEqual([result.verdict, result.reason], ['inconclusive', 'vantage-failed'])
    assert.match(result.summary ?? '', /Our own connection to the Internet failed/)
    assert.ok(result.transcript.some(({ line }) => line === 'no connection: vantage-failed (our proxy: ECONNREFUSED)'))
    release()

    const down = await until('the vantage to be down', async () => {
      const vantage = await stateOf(service)
      return vantage?.state === 'down' ? vantage : null
    })
    assert.deepEqual(
      down.checks.map(({ name, outcome }) => `${name} ${outcome}`),
      ['source-address skipped', 'proxy failed', 'ehlo-name skipped', 'mailbox skipped'],
    )
    const refused = await post()
    const wait = Number(refused.headers.get('retry-after'))
    assert.ok(wait >= 1 && wait <= 120, `${wait}`)
    await problemIn(refused, 'vantage-down')
    // Earlier results can still be read, also by a retry.
    assert.deepEqual(await resultOf(await post(key)), before)
    const ready = await fetch(`${service.url}/readyz`)
    assert.equal(ready.status, 200)
    assert.deepEqual(readiness.parse(await ready.json()).vantages, { 'syd-1': 'down' })
    assert.match(await (await fetch(service.metricsUrl)).text(), /^relay_tests_vantage_up\{vantage="syd-1"\} 0$/m)
    const told = await until('the log line', () => {
      const lines = service.logs().filter(({ vantage, msg }) => vantage === 'syd-1' && /^a vantage/.test(String(msg)))
      return lines.length > 0 && lines
    })
    assert.deepEqual(
      told.map(({ failed }) => failed),
      [['proxy: The proxy: ECONNREFUSED.']],
    )

    await proxy.start()
    writeYaml(file, `# mended\n${vantagesYaml(proxy)}`)
    await until('the vantage to be up', async () => (await stateOf(service))?.state === 'up')
    assert.equal((await resultOf(await post())).verdict, 'closed')
    await keepsQuiet(service, proxy)
  },
)

test(
  'wrong credentials make a vantage down, a vantage beside it goes on, and none of them is shown',
  withMicrosocks,
  async (t) => {
    const proxy = await startMicrosocks(t)
    const server = await scriptedServer(t, { say: closed })
    const spare = '  - { name: mel-1, ehlo: mel.isp.example, bind: 127.0.0.1 }\n'
    const { service, file } = await serviceBehind(t, `${vantagesYaml(proxy, 's3cr3t-wrong')}${spare}`, [server.port])
    const down = await until('the self-check', async () => {
      const vantage = await stateOf(service)
      return vantage?.state === 'down' ? vantage : null
    })
    assert.match(
      down.checks.find(({ name }) => name === 'proxy')?.detail ?? '',
      /^The proxy: (does not know our password|hung up)\.$/,
    )
    const post = (vantage?: string) =>
      service.post({ ip: '127.0.0.1', port: server.port, ...(vantage === undefined ? {} : { vantage }) })
    // Named, it is refused; not named, the next one takes its place.
    await problemIn(await post('syd-1'), 'vantage-down')
    const result = await resultOf(await post())
    assert.deepEqual([result.verdict, result.vantage.name], ['closed', 'mel-1'])
    writeYaml(file, vantagesYaml(proxy, 's3cr3t-wrong'))
    await until('one vantage', async () => (await post('mel-1')).status === 422)
    await until('no vantage to be up', async () => (await stateOf(service))?.state === 'down')
    await problemIn(await post(), 'vantage-down')
    await keepsQuiet(service, proxy)
  },
)
