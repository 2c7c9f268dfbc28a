/** Matching arriving mail to tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Arrival } from '../../src/mailbox/intake.ts'
import type { ReportFacts } from '../../src/mailbox/report.ts'
import type { Secrets } from '../../src/probe/message.ts'
import type { ReceivedMail } from '../../src/relay/attempt.ts'
import { MX_STEERED } from '../../src/relay/forms.ts'
import { Deliveries, type LateMail } from '../../src/service/deliveries.ts'
import { memorySignals, type Signal, type Signals } from '../../src/store/signals.ts'
import { until } from '../harness/waiting.ts'

const TOKENS = new Map([
  ['outsideoutsideab', 'outside-sender'],
  ['percentpercentab', 'percent-hack'],
  ['sendersendersend', 'sender'],
])
const NEVER = new AbortController().signal

const arrival = (token: string, secrets: readonly string[], rest: Partial<Arrival> = {}): Arrival => ({
  token,
  kind: 'message',
  peer: '203.0.113.25',
  helo: 'mail.example.com',
  mailFrom: 'probe@isp.example',
  secrets,
  received: ['by mx', 'from relaytest.isp.example ([198.51.100.7])'],
  receivedAt: new Date(0),
  report: null,
  ...rest,
})

/** No test has finished yet. */
const NO_LATE: LateMail = { take: async () => false, add: async () => {}, secretsOf: async () => [] }

const deliveriesOn = (signals: Signals = memorySignals(), late: Partial<LateMail> = {}) =>
  new Deliveries(signals, { ...NO_LATE, ...late })

async function expecting(late: Partial<LateMail> = {}) {
  const deliveries = deliveriesOn(memorySignals(), late)
  const expectation = await deliveries.expect('test', TOKENS)
  return {
    deliveries,
    expectation,
    ...expectation.secretsOf('outside-sender'),
    secret: expectation.secretsOf('outside-sender').body,
  }
}

test('a token is known by its kind, and other local parts are not known', async () => {
  const { deliveries } = await expecting()
  assert.equal(await deliveries.knows('outsideoutsideab'), 'recipient')
  assert.equal(await deliveries.knows('sendersendersend'), 'sender')
  assert.equal(await deliveries.knows('nobodynobodynobo'), null)
  await deliveries.expect('zoned', new Map([['steeredsteereda', MX_STEERED]]))
  assert.equal(await deliveries.knows('steeredsteereda'), 'steered')
})

test('a message with the secret of its form is seen, with the Received field of the first server', async () => {
  const { deliveries, expectation, secret } = await expecting()
  const seen = expectation.seen('outside-sender', 1_000, NEVER)
  deliveries.arrived(arrival('outsideoutsideab', ['other', secret]))
  assert.deepEqual(await seen, {
    kind: 'message',
    peer: '203.0.113.25',
    helo: 'mail.example.com',
    received: 'from relaytest.isp.example ([198.51.100.7])',
    receivedAt: '1970-01-01T00:00:00.000Z',
    report: null,
  })
})

test('a message that came before the wait is seen too', async () => {
  const { deliveries, expectation, secret } = await expecting()
  deliveries.arrived(arrival('outsideoutsideab', [secret]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
})

for (const [name, forged] of [
  ['without a secret', ({ body }: Secrets) => arrival('outsideoutsideab', [body.slice(1)])],
  ['with the secret of another form', ({ body }: Secrets) => arrival('percentpercentab', [body])],
  ['to a token of no test', ({ body }: Secrets) => arrival('nobodynobodynobo', [body])],
] as const) {
  test(`a message ${name} proves nothing`, async () => {
    const { deliveries, expectation, header, body } = await expecting()
    expectation.secretsOf('percent-hack')
    deliveries.arrived(forged({ header, body }))
    assert.equal(await expectation.seen('outside-sender', 0, NEVER), null)
    assert.equal(await expectation.seen('percent-hack', 0, NEVER), null)
  })
}

test('a message without the secret of the body shows an attempt to relay, but no delivery, and the wait goes on', async () => {
  const { deliveries, expectation, header, body } = await expecting()
  const { header: other } = expectation.secretsOf('percent-hack')
  await deliveries.arrived(arrival('outsideoutsideab', [other]))
  assert.equal(await expectation.seen('outside-sender', 0, NEVER), null, 'it has the secret of another form')
  const seen = expectation.seen('outside-sender', 60_000, NEVER)
  await deliveries.arrived(arrival('outsideoutsideab', [header]))
  const trace = await expectation.seen('outside-sender', 0, NEVER)
  assert.deepEqual([trace?.kind, trace?.report], ['trace', 'tried-to-relay'])
  await deliveries.arrived(arrival('outsideoutsideab', [body]))
  assert.equal((await seen)?.kind, 'message')
})

test('a report that is about no failure counts only if it shows an attempt to relay', async () => {
  const { deliveries, expectation, header } = await expecting()
  await deliveries.arrived(bounce([header], { failed: false, outside: true }))
  assert.equal(await expectation.seen('outside-sender', 0, NEVER), null)
  await deliveries.arrived(bounce([header], { failed: false, remote: true, foreign: true }))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'trace')
})

test('a replayed message changes nothing', async () => {
  const { deliveries, expectation, secret } = await expecting()
  deliveries.arrived(arrival('outsideoutsideab', [secret]))
  deliveries.arrived(arrival('outsideoutsideab', [secret], { peer: '192.0.2.1' }))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.peer, '203.0.113.25')
})

test('two tests on one day share their tokens but not their secrets', async () => {
  const { deliveries, expectation, secret } = await expecting()
  const second = await deliveries.expect('second', TOKENS)
  assert.notEqual(second.secretsOf('outside-sender').body, secret)
  deliveries.arrived(arrival('outsideoutsideab', [secret]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
  assert.equal(await second.seen('outside-sender', 0, NEVER), null)
})

const NOTHING: ReportFacts = {
  failed: true,
  remote: false,
  foreign: false,
  outside: false,
  local: false,
  statuses: [],
  sentences: [],
}

const bounce = (secrets: readonly string[], report: Partial<ReportFacts> = {}) =>
  arrival('sendersendersend', secrets, { kind: 'bounce', mailFrom: '', report: { ...NOTHING, ...report } })

test('a bounce belongs to the form of its secret, whether the header or the body has it', async () => {
  for (const part of ['header', 'body'] as const) {
    const { deliveries, expectation } = await expecting()
    const percent = expectation.secretsOf('percent-hack')
    await deliveries.arrived(bounce([percent[part]]))
    assert.equal((await expectation.seen('percent-hack', 0, NEVER))?.kind, 'bounce')
    assert.equal(await expectation.seen('outside-sender', 0, NEVER), null)
  }
})

test('a bounce without a secret changes nothing, even if only one message was sent', async () => {
  const { deliveries, expectation } = await expecting()
  assert.equal(await deliveries.arrived(bounce([])), false)
  assert.equal(await deliveries.arrived(bounce(['abcdefghijklmnopqrstuvwxyz'])), false)
  assert.equal(await expectation.seen('outside-sender', 0, NEVER), null)
})

for (const [says, report, ofPlain, ofAmbiguous] of [
  ['names a foreign server', { remote: true, foreign: true, outside: true }, 'tried-to-relay', 'tried-to-relay'],
  ['names a server of its own', { remote: true, outside: true }, 'unclear', 'tried-to-relay'],
  ['names the outside address', { outside: true, statuses: ['5.1.1'] }, 'unclear', 'tried-to-relay'],
  ['says that the local spelling is unknown', { local: true, statuses: ['5.1.1'] }, 'unclear', 'was-local'],
  [
    'says it in words',
    { local: true, statuses: ['5.0.0'], sentences: ['unrouteable address'] },
    'unclear',
    'was-local',
  ],
  ['names both spellings', { local: true, outside: true, statuses: ['5.1.1'] }, 'unclear', 'tried-to-relay'],
  ['names the local spelling only', { local: true, statuses: ['5.7.1'] }, 'unclear', 'unclear'],
  ['says nothing', {}, 'unclear', 'unclear'],
] as const) {
  test(`a report that ${says} is ${ofPlain} for a plain form and ${ofAmbiguous} for an ambiguous one`, async () => {
    const { deliveries, expectation, header } = await expecting()
    await deliveries.arrived(bounce([header], report))
    await deliveries.arrived(bounce([expectation.secretsOf('percent-hack').header], report))
    assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.report, ofPlain)
    assert.equal((await expectation.seen('percent-hack', 0, NEVER))?.report, ofAmbiguous)
  })
}

test('the report that says most counts, and a message counts more than any', async () => {
  const { deliveries, expectation } = await expecting()
  const { header, body } = expectation.secretsOf('percent-hack')
  const known: (string | undefined)[] = []
  for (const mail of [
    bounce([header]),
    bounce([header], { local: true, statuses: ['5.1.1'] }),
    bounce([header]),
    bounce([header], { remote: true, foreign: true }),
    arrival('percentpercentab', [body]),
    bounce([header], { remote: true, foreign: true }),
  ]) {
    await deliveries.arrived(mail)
    const seen = await expectation.seen('percent-hack', 0, NEVER)
    known.push(seen?.report ?? seen?.kind)
  }
  assert.deepEqual(known, ['unclear', 'was-local', 'was-local', 'tried-to-relay', 'message', 'message'])
})

test('an unclear report does not end the wait for the message', async () => {
  const { deliveries, expectation, header, body } = await expecting()
  const seen = expectation.seen('outside-sender', 60_000, NEVER)
  await deliveries.arrived(bounce([header]))
  await deliveries.arrived(arrival('outsideoutsideab', [body]))
  assert.equal((await seen)?.kind, 'message')
  const short = await expecting()
  await short.deliveries.arrived(bounce([short.header]))
  assert.equal((await short.expectation.seen('outside-sender', 10, NEVER))?.report, 'unclear')
})

test('a peer cannot show a secret in its names', async () => {
  const { deliveries, expectation, header, body } = await expecting()
  const names = { helo: `${body}.example`, received: [`from ${header.toUpperCase()} by mx`] }
  await deliveries.arrived(arrival('outsideoutsideab', [body], names))
  const seen = await expectation.seen('outside-sender', 0, NEVER)
  assert.deepEqual([seen?.helo, seen?.received], ['[withheld].example', 'from [withheld] by mx'])
})

test('a later test of the day hides the secrets of an earlier one on the same server', async () => {
  const secret = 'q7w3ertyuiopasdfghjklzxcv2'
  const { deliveries } = await expecting({ secretsOf: async (ids) => (ids.includes('test') ? [secret] : []) })
  const { withheld } = await deliveries.expect('second', TOKENS)
  assert.equal(withheld.mask(`Ok ${secret}`), 'Ok [withheld]')
})

test('an unknown token may be one that we have forgotten, for a day after the start', () => {
  assert.equal(deliveriesOn().mayHaveForgotten(), true)
})

test('a trouble of our mailbox is known to each test that waited during it', async () => {
  const { deliveries, expectation } = await expecting()
  const before = performance.now()
  assert.equal(await expectation.troubled(before), false)
  deliveries.trouble.note()
  assert.equal(await expectation.troubled(before), true)
  assert.equal(await expectation.troubled(performance.now() + 1), false)
})

test('mail that was turned away makes only the tests of its address doubt', async () => {
  const { deliveries, expectation } = await expecting()
  const other = await deliveries.expect('other', new Map([['otherotherothero', 'outside-sender']]))
  const before = performance.now()
  deliveries.turnedAway(['outsideoutsideab', 'nobodynobodynobo'])
  assert.equal(await expectation.troubled(before), true)
  assert.equal(await expectation.troubled(performance.now() + 1), false)
  assert.equal(await other.troubled(before), false)
})

test('the replica of another test is told once that its mail was turned away, by a signal without a secret', async () => {
  const sent: Signal[] = []
  const listening: ((signal: Signal) => void)[] = []
  const signals: Signals = {
    ...memorySignals(),
    async send(signal) {
      sent.push(signal)
    },
    listen: (heard) => void listening.push(heard),
  }
  const [here, there] = [deliveriesOn(signals), deliveriesOn(signals)]
  const expectation = await there.expect('test', TOKENS)
  const before = performance.now()
  for (let time = 0; time < 100; time += 1) here.turnedAway(['outsideoutsideab'])
  assert.deepEqual(
    sent.map(({ token, secrets }) => [token, secrets]),
    [['outsideoutsideab', []]],
  )
  assert.equal(await expectation.troubled(before), false)
  for (const signal of sent) for (const heard of listening) heard(signal)
  assert.equal(await expectation.troubled(before), true)
})

test('after its end, a test has the addresses of the messages that it sent, and of its sender', async () => {
  const signals = memorySignals()
  const expectation = await deliveriesOn(signals).expect('test', TOKENS)
  expectation.secretsOf('outside-sender')
  await expectation.handOver()
  const known = await Promise.all([...TOKENS.keys()].map((token) => deliveriesOn(signals).knows(token)))
  assert.deepEqual(known, ['recipient', null, 'sender'])
})

test('a trouble in another replica counts, and so does a store that cannot be asked', async () => {
  const answers: (number | null | Error)[] = [null, 100_000, 0, new Error('the store is down')]
  const signals: Signals = {
    ...memorySignals(),
    async msSinceTrouble() {
      const answer = answers.shift() ?? null
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const expectation = await deliveriesOn(signals).expect('test', TOKENS)
  const troubled: boolean[] = []
  for (let asked = 0; asked < 4; asked += 1) troubled.push(await expectation.troubled(performance.now()))
  assert.deepEqual(troubled, [false, false, true, true])
})

test('the other replicas are told of a trouble once the store is back', async () => {
  const told: number[] = []
  const isTold = new Promise<void>((resolve) => {
    let isDown = true
    const signals: Signals = {
      ...memorySignals(),
      async noteTrouble(agoMs) {
        if (isDown) {
          isDown = false
          throw new Error('the store is down')
        }
        told.push(agoMs)
        resolve()
      },
    }
    deliveriesOn(signals).trouble.note()
  })
  const patience = setTimeout(() => {}, 10_000)
  await isTold
  clearTimeout(patience)
  assert.ok((told[0] ?? 0) >= 900, `${told}`)
})

test('a wait ends when its time is over, and when the test is stopped', async () => {
  const { expectation } = await expecting()
  assert.equal(await expectation.seen('outside-sender', 10, NEVER), null)
  const stop = new AbortController()
  const seen = expectation.seen('outside-sender', 60_000, stop.signal)
  stop.abort()
  assert.equal(await seen, null)
})

/** Keeps what a finished test is told, as its dossier would. */
function told() {
  const late: string[] = []
  const add = async (id: string, seen: ReadonlyMap<string, ReceivedMail>) => {
    for (const [form, { kind }] of seen) late.push(`${id}: ${form} ${kind}`)
  }
  return { late, add }
}

test('a message that arrives after the test goes to its dossier, also if another replica sent the signal before', async () => {
  const taken: unknown[] = []
  const listening: ((signal: Signal) => void)[] = []
  const signals: Signals = { ...memorySignals(), listen: (heard) => void listening.push(heard) }
  const take: LateMail['take'] = async (ids, { token }) => {
    taken.push([ids, token])
    return true
  }
  const deliveries = deliveriesOn(signals, { take })
  const expectation = await deliveries.expect('test', TOKENS)
  const { body } = expectation.secretsOf('outside-sender')
  await expectation.handOver()
  await deliveries.arrived(arrival('outsideoutsideab', [body]))
  assert.deepEqual(taken, [[['test'], 'outsideoutsideab']])
  const { mailFrom: _, received: __, ...rest } = arrival('outsideoutsideab', [body])
  const late = { ...rest, secrets: [body], received: null, receivedAt: new Date(0).toISOString(), report: null }
  for (const heard of listening) heard(late)
  await until('the second look', () => taken.length === 2)
})

test('a message that arrived between the wait and the end of the test goes to its dossier at its end', async () => {
  const { late, add } = told()
  const { deliveries, expectation, secret } = await expecting({ add })
  await deliveries.arrived(arrival('outsideoutsideab', [secret]))
  assert.deepEqual(late, [])
  await expectation.handOver()
  assert.deepEqual(late, ['test: outside-sender message'])
})

test('mail of no running test goes to the finished tests of its token, in every replica', async () => {
  const asked: unknown[] = []
  const signals = memorySignals()
  const take: LateMail['take'] = async (ids, { secrets }) => {
    asked.push([ids, secrets])
    return secrets.includes('known')
  }
  const deliveries = deliveriesOn(signals, { take })
  await signals.announce('finished', new Map([['outsideoutsideab', 'recipient']]), 60_000)
  assert.equal(await deliveries.arrived(arrival('outsideoutsideab', ['known'])), true)
  assert.equal(await deliveries.arrived(arrival('outsideoutsideab', ['unknown'])), false)
  assert.deepEqual(asked, [
    [['finished'], ['known']],
    [['finished'], ['unknown']],
  ])
})

test('mail is refused for now while the stores are away', async () => {
  const take = async () => {
    throw new Error('the store is down')
  }
  const { deliveries } = await expecting({ take })
  await assert.rejects(deliveries.arrived(arrival('outsideoutsideab', ['unknown'])), /the store is down/)
})

test('a later visit that does not begin forgets nothing that an earlier one has sent', async () => {
  const signals = memorySignals()
  const deliveries = deliveriesOn(signals)
  const first = await deliveries.expect('test', TOKENS)
  const { body } = first.secretsOf('outside-sender')
  await first.handOver()
  const later = await deliveries.expect('test', TOKENS, first.mail.secrets)
  assert.equal(later.secretsOf('outside-sender').body, body, 'the secrets stay the same')
  assert.equal(later.withheld.mask(`Ok ${body}`), 'Ok [withheld]')
  later.forget()
  const known = await Promise.all([...TOKENS.keys()].map((token) => signals.kindOf(token)))
  assert.deepEqual(known, ['recipient', null, 'sender'])
})

test('a test whose tokens cannot be announced expects nothing', async () => {
  const announce = async () => {
    throw new Error('the store is down')
  }
  const deliveries = deliveriesOn({ ...memorySignals(), announce })
  await assert.rejects(deliveries.expect('test', TOKENS), /the store is down/)
  assert.equal(await deliveries.knows('outsideoutsideab'), null)
})

test('a test that sent nothing is forgotten, and its tokens with it', async () => {
  const { deliveries, expectation } = await expecting()
  const other = await deliveries.expect('other', new Map([['percentpercentab', 'percent-hack']]))
  expectation.forget()
  assert.equal(await deliveries.knows('outsideoutsideab'), null)
  assert.equal(await deliveries.knows('percentpercentab'), 'recipient')
  other.forget()
  assert.equal(await deliveries.knows('percentpercentab'), null)
})

test('a message counts more than its bounce, whichever comes first', async () => {
  const { deliveries, expectation, header, body } = await expecting()
  await deliveries.arrived(bounce([header]))
  await deliveries.arrived(arrival('outsideoutsideab', [body]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
  await deliveries.arrived(bounce([header]))
  assert.equal((await expectation.seen('outside-sender', 0, NEVER))?.kind, 'message')
})
