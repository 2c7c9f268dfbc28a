/** Nothing that a server says of itself changes what it hears, but for a strict host name. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Suite } from '../../src/contract/words.ts'
import { printable } from '../../src/smtp/printable.ts'
import { type Script, scriptedServer } from '../harness/mail-server.ts'
import { cases } from '../harness/mass.ts'
import { type Random, randomFrom } from '../harness/random.ts'
import { startService } from '../harness/service.ts'
import { hostile, isHostName } from './texts.ts'
import { assertClean, isClosed, replies, servers, sessionOf } from './wire.ts'

const SEED = 20270104
const SERVERS = cases(200)
/** Of a customer without domains, so that the name in the greeting is all there is. */
const HOSTS = servers('127.0.1', 16)
/** Stands for the name in a golden session. */
const NAME = 'golden-name.example.com'
/** An answer to EHLO that offers it. */
const PIPELINING = '250-mail\r\n250 PIPELINING'

/** The names and texts in a greeting. */
interface Speech {
  readonly greeting: string
  readonly hello: string
}

const NAMES = [
  ...[
    'mail.example.com',
    'MX1.Example.NET',
    'a.b',
    'xn--bcher-kva.example',
    `${'q'.repeat(63)}.example.com`,
    'mail',
    '10.0.0.1',
  ],
  ...[
    '127.0.0.1',
    '[192.0.2.1]',
    '-a.example.com',
    'a-.example.com',
    'a_b.example.com',
    `${'q'.repeat(64)}.example.com`,
  ],
  ...[
    'mail.example.com.',
    '.example.com',
    'mail..example.com',
    'mail%example.com',
    '"mail".example.com',
    'mail.example.c-',
  ],
  ...[
    'user@mail.example.com',
    'mail.example.com>',
    'b\u00fccher.example',
    '%s.example.com',
    `${'a.'.repeat(130)}com`,
    '\\x0d.example.com',
  ],
] as const

/** Bytes as the server sends them: text as UTF-8. */
const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

function speechOf(random: Random): Speech {
  // Half of them keep to well-formed replies, so that their words come through.
  const orderly = random.chance(0.5)
  const say = (good: string): string => {
    const text = hostile(good, random)
    return orderly ? text.replaceAll(/[\r\n]+/g, ' ') : text
  }
  const name = random.pick(NAMES)
  const first = random.chance(0.3) ? say(name) : name
  const rest = random.chance(0.7) ? ` ${say('ESMTP')}` : ' ESMTP'
  const greeting = random.chance(0.2) ? `220-${first}${rest}\r\n220 ${say('welcome')}` : `220 ${first}${rest}`
  const extension = random.chance(0.6) ? `250-${say('SIZE 1000')}\r\n` : ''
  const hello = `250-${random.chance(0.4) ? say(name) : name}\r\n${extension}250 PIPELINING`
  return { greeting: bytesOf(greeting), hello: bytesOf(hello) }
}

/** Whether a speech is well-formed replies, so that only its words are hostile. */
const isOrderly = ({ greeting, hello }: Speech): boolean =>
  /^(?:220-[^\r\n]{0,4000}\r\n)*220 [^\r\n]{0,4000}$/.test(greeting) &&
  /^(?:250-[^\r\n]{0,4000}\r\n)*250 [^\r\n]{0,4000}$/.test(hello)

/** The name that the greeting begins with, else the one that the reply to EHLO begins with, if it is well-formed. */
function nameIn({ greeting, hello }: Speech): string | null {
  const words = [greeting, hello].map((text) => /^2[25]0[ -]([^ \r\n]*)(?= |\r?\n|$)/.exec(text)?.[1] ?? '')
  return words.find(isHostName)?.toLowerCase() ?? null
}

/**
 * How much of a reply is kept, in printable characters behind its codes: PIPELINING behind more words is not heard of.
 */
const KEPT = 4 * 1024

/** Whether the last line of an orderly answer to EHLO, which offers PIPELINING, is kept whole. */
function isOfferKept({ hello }: Speech): boolean {
  const said = hello.split('\r\n').map((line) => printable(Buffer.from(line.slice(4), 'latin1')))
  return said.join('').length <= KEPT
}

/** The service and its servers; each session is one test of a server that speaks so. */
async function stage(t: TestContext) {
  const speeches = new Map<string, Speech>()
  const script: Script = {
    greeting: ({ address }) => speeches.get(address)?.greeting ?? '',
    say: (line, session) =>
      /^EHLO /.test(line) ? (speeches.get(session.address)?.hello ?? '') : replies(line, session),
    inGroups: true,
  }
  const heard = await scriptedServer(t, script, { hosts: HOSTS })
  const env = { ALLOWED_PORTS: String(heard.port), MAX_CONCURRENT_TESTS: '1000' }
  const service = await startService(t, { env })
  const since = new Map<string, number>()
  return async (host: string, speech: Speech, suite: Suite): Promise<string[]> => {
    speeches.set(host, speech)
    const response = await service.post({ ip: host, port: heard.port, suite })
    assert.equal(response.status, 201, await response.text())
    const from = since.get(host) ?? 0
    since.set(host, heard.sessions.length)
    const connections = heard.sessions.slice(from).filter(({ address }) => address === host)
    connections.forEach(assertClean)
    return sessionOf(connections)
  }
}

type Session = Awaited<ReturnType<typeof stage>>

/** The sessions that servers with a good name and with none must hear, closed or open; the names are stand-ins. */
async function goldenSessions(
  session: Session,
  suite: Suite,
  hello: string,
): Promise<(host: string, name: string | null) => string[]> {
  const golden = new Map<string, string[]>()
  for (const host of HOSTS.slice(0, 2)) {
    for (const [kind, name] of [['named', NAME] as const, ['nameless', 'mail'] as const]) {
      const heard = await session(host, { greeting: `220 ${name} ESMTP`, hello }, suite)
      golden.set(
        `${isClosed(host)} ${kind}`,
        heard.map((text) => text.replaceAll(`[${host}]`, '(literal)')),
      )
    }
  }
  return (host, name) => {
    const sessions = golden.get(`${isClosed(host)} ${name === null ? 'nameless' : 'named'}`) ?? []
    return sessions.map((text) => text.replaceAll(NAME, name ?? '').replaceAll('(literal)', `[${host}]`))
  }
}

const linesIn = (sessions: readonly string[]): string[] => sessions.flatMap((text) => text.split('\r\n'))

/** Lines that neither golden session of the server holds. HELO is for those who do not know EHLO. */
function strangeLines(heard: readonly string[], golden: readonly string[]): string[] {
  const known = new Set([...linesIn(golden), 'HELO [127.0.0.1]'])
  return linesIn(heard).filter((line) => !known.has(line))
}

/** Meets so many servers, some at a time. */
const meet = (count: number, seed: number, work: (host: string, random: Random) => Promise<void>) =>
  Promise.all(
    HOSTS.map(async (host, index) => {
      const random = randomFrom(seed + index)
      for (let turn = 0; turn < count / HOSTS.length; turn += 1) await work(host, random)
    }),
  )

test(`whatever ${SERVERS} servers say of themselves, they hear the golden session`, async (t) => {
  const session = await stage(t)
  const golden = await goldenSessions(session, 'standard', PIPELINING)
  const inTurn = await goldenSessions(session, 'standard', '250 mail')
  const counts = { named: 0, nameless: 0, disorderly: 0 }
  await meet(SERVERS, SEED, async (host, random) => {
    const speech = speechOf(random)
    const heard = await session(host, speech, 'standard')
    const name = nameIn(speech)
    if (isOrderly(speech)) {
      counts[name === null ? 'nameless' : 'named'] += 1
      const expected = isOfferKept(speech) ? golden(host, name) : inTurn(host, name)
      assert.deepEqual(heard, expected, JSON.stringify(speech))
    } else {
      counts.disorderly += 1
      assert.deepEqual(strangeLines(heard, [...golden(host, name), ...golden(host, null)]), [], JSON.stringify(speech))
    }
  })
  t.diagnostic(JSON.stringify(counts))
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > SERVERS / 20, `${kind}: ${count}`)
})

test('a name that only the server gave is asked with, and is in no transaction that holds a message', async (t) => {
  const session = await stage(t)
  const [, open = ''] = HOSTS
  for (const suite of ['standard', 'full'] as const) {
    const heard = await session(open, { greeting: `220 ${NAME} ESMTP`, hello: PIPELINING }, suite)
    const transactions = heard.flatMap((text) => text.split('MAIL FROM'))
    assert.ok(transactions.some((text) => text.includes(NAME)))
    assert.deepEqual(
      transactions.filter((text) => text.includes(NAME) && text.includes('\r\nDATA\r\n')),
      [],
    )
  }
})

test('nor does the full suite say a line that some server made up', async (t) => {
  const session = await stage(t)
  const golden = await goldenSessions(session, 'full', PIPELINING)
  await meet(cases(20), SEED, async (host, random) => {
    const speech = speechOf(random)
    const heard = await session(host, speech, 'full')
    const known = [...golden(host, nameIn(speech)), ...golden(host, null)]
    assert.deepEqual(strangeLines(heard, known), [], JSON.stringify(speech))
  })
})
