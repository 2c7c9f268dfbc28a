import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listen } from '../dial/listener.ts'
import { type Random, randomFrom } from '../dial/random.ts'
import { startService } from '../harness/service.ts'
import { hostile, isHostName } from './texts.ts'
import { assertClean, isClosed, replies, servers, sessionOf } from './wire.ts'

const SEED = 20270104
const SERVERS = 3_200
/** Of a customer without domains, so that the name in the greeting is all there is. */
const HOSTS = servers('127.0.1', 16)
const MANY = '1000000/1h'
/** Stands for the name in a golden session. */
const NAME = 'golden-name.example.com'

/** What a server says of itself. */
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

/** The name that a greeting begins with, where it is one by the letter. */
function nameIn({ greeting }: Speech): string | null {
  const [, word = ''] = /^220[ -]([^ \r\n]*)(?= |\r?\n|$)/.exec(greeting) ?? []
  return isHostName(word) ? word.toLowerCase() : null
}

test('whatever 3,200 servers say of themselves, they hear the golden session', async (t) => {
  const speeches = new Map<string, Speech>()
  const heard = await listen(t, {
    hosts: HOSTS,
    port: 0,
    greeting: (address) => speeches.get(address)?.greeting ?? '',
    replies: (line, dialled) =>
      /^EHLO /.test(line) ? (speeches.get(dialled.address)?.hello ?? '') : replies(line, dialled),
  })
  const service = await startService(t, {
    env: {
      ALLOWED_PORTS: String(heard.port),
      MAX_CONCURRENT_TESTS: '1000',
      QUOTA_REQUESTS: MANY,
      QUOTA_CALLER: MANY,
      QUOTA_CUSTOMER: MANY,
      QUOTA_TARGET: MANY,
      QUOTA_NETWORK: MANY,
    },
  })
  const since = new Map<string, number>()
  const sessionWith = async (host: string, speech: Speech) => {
    speeches.set(host, speech)
    const response = await service.post({ ip: host, port: heard.port })
    assert.equal(response.status, 201, await response.text())
    const from = since.get(host) ?? 0
    since.set(host, heard.dialled.length)
    const connections = heard.dialled.slice(from).filter(({ address }) => address === host)
    connections.forEach(assertClean)
    return sessionOf(connections)
  }

  const golden = new Map<string, string[]>()
  for (const host of HOSTS.slice(0, 2)) {
    const hello = '250-mail\r\n250 PIPELINING'
    golden.set(`${isClosed(host)} named`, await sessionWith(host, { greeting: `220 ${NAME} ESMTP`, hello }))
    golden.set(`${isClosed(host)} nameless`, await sessionWith(host, { greeting: '220 mail ESMTP', hello }))
  }
  const inMessage = golden
    .get('false named')
    ?.flatMap((session) => session.split('MAIL FROM').filter((part) => /DATA/.test(part)))
  assert.equal(inMessage?.length, 1)
  assert.doesNotMatch(inMessage?.[0] ?? '', new RegExp(NAME), 'a name that only a greeting gave is in no message')

  const counts = { named: 0, nameless: 0, disorderly: 0 }
  const lane = async (host: string, turns: number, seed: number) => {
    const random = randomFrom(seed)
    for (let turn = 0; turn < turns; turn += 1) {
      const speech = speechOf(random)
      const said = JSON.stringify(speech)
      const session = await sessionWith(host, speech)
      const name = nameIn(speech)
      const kind = name === null ? 'nameless' : 'named'
      const expected = (golden.get(`${isClosed(host)} ${kind}`) ?? []).map((text) => text.replaceAll(NAME, name ?? ''))
      if (isOrderly(speech)) {
        counts[kind] += 1
        assert.deepEqual(session, expected, said)
        continue
      }
      counts.disorderly += 1
      const lines = new Set(
        [...expected, ...(golden.get(`${isClosed(host)} nameless`) ?? [])].flatMap((text) => text.split('\r\n')),
      )
      const strange = session
        .flatMap((text) => text.split('\r\n'))
        .filter((line) => !lines.has(line) && line !== 'HELO [127.0.0.1]')
      assert.deepEqual(strange, [], said)
    }
  }
  await Promise.all(HOSTS.map((host, index) => lane(host, Math.ceil(SERVERS / HOSTS.length), SEED + index)))
  t.diagnostic(JSON.stringify(counts))
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > SERVERS / 20, `${kind}: ${count}`)
})
