/** The checks of a vantage at start and every two minutes. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startMailbox } from '../../src/mailbox/listener.ts'
import type { CheckParts, ResolveName } from '../../src/vantage/checks.ts'
import { direct } from '../../src/vantage/direct.ts'
import { SelfCheck } from '../../src/vantage/self-check.ts'
import { throughSocks5 } from '../../src/vantage/socks5.ts'
import { DEFAULT_VANTAGE, type Vantage } from '../../src/vantage/vantage.ts'
import { addressOf } from '../harness/addresses.ts'
import { listening } from '../harness/listening.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { SOCKS, scriptedProxy } from '../harness/proxy.ts'
import { until } from '../harness/waiting.ts'

const DOMAIN = 'relaytest.isp.example'
const VANTAGE: Vantage = { ...DEFAULT_VANTAGE, name: 'syd-1', ehlo: 'syd.isp.example' }

/** Names, and what they lead to; `null` is a name server that does not answer. */
const names =
  (zone: Readonly<Record<string, readonly string[] | null>>): ResolveName =>
  async (name) => {
    const ips = zone[name] ?? []
    const unanswered = zone[name] === null ? (['MX', 'A', 'AAAA'] as const).map((type) => ({ name, type })) : []
    return { hosts: [{ name, preference: null, ips }], unanswered }
  }

interface Line {
  readonly level: string
  readonly failed: unknown
  readonly message: string
}

function checkOf(vantages: readonly Vantage[], parts: Partial<CheckParts> = {}, everyMs = 60_000) {
  const lines: Line[] = []
  const say = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, failed: 'failed' in fields ? fields.failed : null, message })
  const log = { info: say('info'), warn: say('warn'), error: say('error') }
  const given = { lookUp: names({}), mailbox: null, ...parts }
  return { check: new SelfCheck({ vantages: () => vantages, parts: given, log, everyMs }), lines }
}

/** The result of one look at a vantage: its state, and each check in words. */
async function lookAt(vantage: Vantage, parts: Partial<CheckParts> = {}): Promise<Readonly<Record<string, string>>> {
  const { check } = checkOf([vantage], parts)
  await check.look()
  const [view] = check.views()
  assert.ok(view)
  return {
    state: view.state,
    ...Object.fromEntries(view.checks.map(({ name, outcome, detail }) => [name, `${outcome}: ${detail}`])),
  }
}

test('before the first look a vantage is unknown, and tests are made from it', () => {
  const { check } = checkOf([
    { ...VANTAGE, publicIps: [addressOf('198.51.100.7')], egress: direct([addressOf('127.0.0.1')]) },
  ])
  assert.equal(check.isDown(VANTAGE), false)
  assert.deepEqual(check.views(), [
    {
      name: 'syd-1',
      ehlo: 'syd.isp.example',
      publicIps: ['198.51.100.7'],
      families: ['IPv4'],
      state: 'unknown',
      checkedAt: null,
      checks: [],
    },
  ])
})

test('a vantage whose source address is gone is down', async () => {
  const here = await lookAt({ ...VANTAGE, egress: direct([addressOf('127.0.0.1')]) })
  assert.deepEqual([here.state, here['source-address']], ['up', 'ok: This machine has the source address.'])
  const gone = await lookAt({ ...VANTAGE, egress: direct([addressOf('127.0.0.1'), addressOf('2001:db8:51::7')]) })
  assert.deepEqual(
    [gone.state, gone['source-address']],
    ['down', 'failed: This machine no longer has the source address.'],
  )
  assert.equal((await lookAt(VANTAGE))['source-address'], 'skipped: The routing table chooses the source address.')
})

test('a vantage whose proxy does not answer is down', async (t) => {
  const proxied = (port: number): Vantage => ({
    ...VANTAGE,
    publicIps: [addressOf('198.51.100.7')],
    egress: throughSocks5({ address: addressOf('127.0.0.1'), port, login: null }),
  })
  const answering = await scriptedProxy(t, async ({ socket }) => void socket.write(SOCKS.welcome))
  const refusing = await scriptedProxy(t, async ({ socket }) => void socket.write(SOCKS.login))
  const found = await lookAt(proxied(answering.port))
  assert.deepEqual(
    [found.state, found.proxy, found['source-address']],
    ['up', 'ok: The proxy answers.', 'skipped: The proxy chooses the source address.'],
  )
  const rows = [
    [refusing.port, 'failed: The proxy: asks for a password.'],
    [await deadPort(), 'failed: The proxy: ECONNREFUSED.'],
  ] as const
  for (const [port, said] of rows) {
    const down = await lookAt(proxied(port))
    assert.deepEqual([down.state, down.proxy], ['down', said])
  }
})

test('a name in EHLO that leads elsewhere is a warning, and nobody to ask is none', async () => {
  const vantage = { ...VANTAGE, publicIps: [addressOf('198.51.100.7'), addressOf('2001:db8:51::7')] }
  const rows: readonly (readonly [ResolveName, string])[] = [
    [
      names({ 'syd.isp.example': ['198.51.100.7', '2001:db8:51::7'] }),
      'ok: syd.isp.example resolves to the public address.',
    ],
    [
      names({ 'syd.isp.example': ['198.51.100.8', '2001:db8:51::7'] }),
      'failed: syd.isp.example does not resolve to 198.51.100.7: some servers refuse us because of that.',
    ],
    [
      names({}),
      'failed: syd.isp.example does not resolve to 198.51.100.7 and 2001:db8:51::7: some servers refuse us because of that.',
    ],
    [names({ 'syd.isp.example': null }), 'skipped: No name server answered.'],
    [
      async (name) => ({
        hosts: [{ name, preference: null, ips: ['198.51.100.7'] }],
        unanswered: [{ name, type: 'AAAA' }],
      }),
      'ok: syd.isp.example resolves to the public address.',
    ],
  ]
  for (const [lookUp, expected] of rows) {
    const found = await lookAt(vantage, { lookUp })
    assert.deepEqual([found.state, found['ehlo-name']], ['up', expected])
  }
  assert.match((await lookAt(VANTAGE))['ehlo-name'] ?? '', /^skipped: The vantages file has no publicIps/)
  assert.equal((await lookAt(DEFAULT_VANTAGE))['ehlo-name'], 'skipped: The vantage has no EHLO name.')
})

async function mailboxOn(t: TestContext) {
  const mailbox = await startMailbox({
    host: '127.0.0.1',
    port: 0,
    domain: DOMAIN,
    contact: 'postmaster@isp.example',
    knows: async () => null,
    mayHaveForgotten: () => false,
    arrived: () => {},
    ignored: () => {},
    troubled: () => {},
    turnedAway: () => {},
    log: { info() {}, error() {} },
  })
  t.after(() => mailbox.close())
  return { domain: DOMAIN, port: mailbox.port, allowLoopback: true }
}

test('our own mailbox tells a vantage how it is seen', async (t) => {
  const mailbox = await mailboxOn(t)
  const lookUp = names({ [DOMAIN]: ['127.0.0.1'] })
  const from = { ...VANTAGE, egress: direct([addressOf('127.0.0.1')]) }
  const rows = [
    [from, 'ok: The mailbox sees the expected address.'],
    [VANTAGE, 'ok: We can connect to the mailbox.'],
    [
      { ...VANTAGE, publicIps: [addressOf('198.51.100.7')] },
      /^failed: The mailbox sees a private address instead of the public one/,
    ],
  ] as const
  for (const [vantage, expected] of rows) {
    const found = await lookAt(vantage, { lookUp, mailbox })
    assert.equal(found.state, 'up')
    if (typeof expected === 'string') assert.equal(found.mailbox, expected)
    else assert.match(found.mailbox ?? '', expected)
  }
})

test('nothing but our own mailbox is dialled for it', async (t) => {
  let connections = 0
  const port = await listening(
    t,
    createServer((socket) => {
      connections += 1
      socket.end('220 mail.example.com\r\n250 mail.example.com\r\n')
    }),
    new Set(),
  )
  const mailbox = { domain: DOMAIN, port, allowLoopback: false }
  const zone = (ips: readonly string[] | null) => ({ lookUp: names({ [DOMAIN]: ips }), mailbox })
  const unreachable = 'skipped: The vantage cannot reach the address of the mailbox.'
  const rows = [
    [['127.0.0.1'], unreachable],
    [['10.0.0.1', '169.254.169.254', 'fd00::1', '::1'], unreachable],
    [[], `failed: ${DOMAIN} has no address: mail to it cannot arrive.`],
    [null, 'skipped: No name server answered.'],
  ] as const
  for (const [ips, expected] of rows) assert.equal((await lookAt(VANTAGE, zone(ips))).mailbox, expected)
  assert.equal(connections, 0)
  const stranger = { lookUp: names({ [DOMAIN]: ['127.0.0.1'] }), mailbox: { ...mailbox, allowLoopback: true } }
  assert.equal(
    (await lookAt(VANTAGE, stranger)).mailbox,
    'failed: The server at the address of the mailbox is not our mailbox.',
  )
  const closed = { ...stranger, mailbox: { ...mailbox, allowLoopback: true, port: await deadPort() } }
  assert.equal(
    (await lookAt(VANTAGE, closed)).mailbox,
    'failed: We could not connect to the mailbox: connection-refused.',
  )
  const exchanged: ResolveName = async (name) => ({
    hosts: [
      { name: 'mx.isp.example', preference: 10, ips: ['10.0.0.1'] },
      { name, preference: null, ips: ['127.0.0.1'] },
    ],
    unanswered: [],
  })
  // If a domain has mail exchangers, its own address gets no mail.
  assert.equal((await lookAt(VANTAGE, { ...stranger, lookUp: exchanged })).mailbox, unreachable)
  assert.equal(connections, 1)
})

test('each change is one line, and no change is none', async (t) => {
  let answers = true
  const proxy = await scriptedProxy(t, async ({ socket }) => {
    if (answers) socket.write(SOCKS.welcome)
    else socket.end()
  })
  let ips = ['198.51.100.7']
  const lookUp: ResolveName = (name) => names({ 'syd.isp.example': ips })(name)
  const vantage = {
    ...VANTAGE,
    publicIps: [addressOf('198.51.100.7')],
    egress: throughSocks5({ address: addressOf('127.0.0.1'), port: proxy.port, login: null }),
  }
  const { check, lines } = checkOf([vantage], { lookUp })
  const look = async () => {
    await check.look()
    await check.look()
    return lines.splice(0).map(({ level, message }) => `${level} ${message}`)
  }
  assert.deepEqual(await look(), [])
  answers = false
  assert.deepEqual(await look(), ['error a vantage is down: nothing is tested from it'])
  assert.equal(check.isDown(vantage), true)
  answers = true
  assert.deepEqual(await look(), ['info a vantage works again'])
  ips = []
  assert.deepEqual(await look(), ['warn a vantage is up, but servers may refuse it'])
  assert.equal(check.isDown(vantage), false)
})

test('vantages are looked at again and again, and no more after the end', async () => {
  let looks = 0
  const lookUp: ResolveName = async (name) => {
    looks += 1
    return names({})(name)
  }
  const vantage = { ...VANTAGE, publicIps: [addressOf('198.51.100.7')] }
  const { check } = checkOf([vantage], { lookUp }, 10)
  check.begin()
  await until('five looks', () => looks >= 5)
  check.stop()
  await check.look()
  const before = looks
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(looks, before)
})

test('a vantage that was suspected is looked at before its turn, unless it is known to be down', async () => {
  const down = { ...VANTAGE, egress: direct([addressOf('198.51.100.77')]) }
  const { check } = checkOf([down])
  check.suspect(down)
  await until('the look', () => check.isDown(down))
  const at = check.views()[0]?.checkedAt
  check.suspect(down)
  assert.equal(check.views()[0]?.checkedAt, at)
  assert.ok(check.secondsToNextLook >= 1 && check.secondsToNextLook <= 60)
})

test('a check that fails through a fault of the program is told, and changes nothing', async () => {
  const broken = async () => Promise.reject(new Error('broken'))
  const { check, lines } = checkOf([{ ...VANTAGE, publicIps: [addressOf('198.51.100.7')] }], { lookUp: broken })
  await check.look()
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['a vantage could not be checked'],
  )
  assert.equal(check.views()[0]?.state, 'unknown')
})
