/** Compares verdicts with the truth about model servers. `npm run prove:truth` does it a million times. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complaint, type Examined, examine, examinedAs, visit } from './truth/examine.ts'
import { examineOnSockets } from './truth/on-sockets.ts'
import { type Traits, traitsOf, USUAL_TRAITS } from './truth/traits.ts'
import { truthOf } from './truth/truth.ts'

const IN_MEMORY = 1_000
const ON_SOCKETS = 100
/** How many of these are tested at the same time. */
const AT_ONCE = 40

const complaintsOf = (all: readonly Examined[]): string[] =>
  all.filter(({ faults }) => faults.length > 0).map((one) => complaint(one))

const inMemory: Examined[] = []

test(`no verdict on ${IN_MEMORY} model servers is false, no test breaks its limits, and the full suite is never worse`, async () => {
  for (let seed = 0; seed < IN_MEMORY; seed += 1) inMemory.push(await examine(seed))
  assert.deepEqual(complaintsOf(inMemory), [])
})

/** Servers of `npm run prove:truth` that were judged wrongly once, or sent too many messages in their follow-ups. */
const ONCE_WRONG = [4_796, 89_632, 248_286, 881_091]

test('no server that was treated wrongly once is treated so again', async () => {
  const all = await Promise.all(ONCE_WRONG.map((seed) => examine(seed)))
  assert.deepEqual(complaintsOf(all), [])
  assert.ok(all.some(({ followedUp }) => followedUp !== null && followedUp.visits === 3))
})

test('each verdict appears often, and most servers can be known', () => {
  for (const verdict of ['open', 'closed', 'inconclusive']) {
    assert.ok(inMemory.filter((one) => one.verdict === verdict).length > IN_MEMORY / 10, verdict)
  }
  assert.ok(inMemory.filter(({ forgiven }) => forgiven !== null).length < IN_MEMORY / 10)
})

test(`no verdict on ${ON_SOCKETS} model servers is false when the real probe tests them through sockets`, async () => {
  const all: Examined[] = []
  const seeds = Array.from({ length: ON_SOCKETS }, (_, seed) => seed)
  const worker = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) all.push(await examineOnSockets(seed))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  assert.deepEqual(complaintsOf(all), [])
  assert.ok(all.some(({ verdict }) => verdict === 'open'))
  assert.ok(all.some(({ verdict }) => verdict === 'closed'))
})

test('a server is reproducible by its number, and neighbours differ', async () => {
  assert.deepEqual(traitsOf(123_456), traitsOf(123_456))
  assert.notDeepEqual(traitsOf(123_456), traitsOf(123_457))
  assert.deepEqual(await examine(123_456), await examine(123_456))
})

/** Servers with a few unusual traits, and the verdict on each. */
const SERVERS: readonly (readonly [string, Partial<Traits>, verdict: string])[] = [
  ['relays for nobody', {}, 'closed'],
  ['relays for everyone', { relays: 'everyone' }, 'open'],
  ['relays in TLS only, which the standard suite does not ask', { relays: 'TLS sessions', tls: 'offered' }, 'closed'],
  ['relays in TLS only', { relays: 'TLS sessions', tls: 'offered', suite: 'full' }, 'open'],
  ['relays percent forms, and its mailbox for all names hides it', { relays: 'percent', locals: 'any' }, 'open'],
  ['trusts senders that exist, and the known mailbox does not', { relays: 'existing senders', known: 'wrong' }, 'open'],
  [
    'trusts senders that exist, refuses the others as senders, and the known mailbox does not exist',
    { relays: 'existing senders', known: 'wrong', ownSenders: 'login at MAIL' },
    'open',
  ],
  [
    'relays percent forms at its host name, where its mailbox for all names is not',
    { relays: 'percent', relaysAt: 'at its host name', locals: 'any', localsAt: 'at its domain', suite: 'full' },
    'open',
  ],
  [
    'relays such percent forms, and mail never reaches us',
    {
      ...{ relays: 'percent', relaysAt: 'at its host name', delivery: 'never' },
      ...{ locals: 'any', localsAt: 'at its domain', suite: 'full' },
    },
    'ambiguous-accepted',
  ],
  [
    'bans us from the start, says that there is no such user, and spares postmaster',
    { ban: 'from the start', banBy: 'recipient refused', banSpares: 'postmaster', known: 'a person' },
    'vantage-blocked',
  ],
  ['has senders that need no login', { relays: 'senders without a login', known: 'a person' }, 'open'],
  [
    'bans us at RCPT without saying so, and denies relaying at MAIL',
    { relays: 'existing senders', deniesAt: 'MAIL', ban: 'from the start', banBy: 'unseen Chinese' },
    'vantage-blocked',
  ],
  ['refuses in unseen words, and a person is known', { denial: 'poem', known: 'a person' }, 'closed'],
  ['refuses in unseen words, and nobody is known', { denial: 'poem' }, 'words-unknown'],
  ['denies relaying at the dot', { deniesAt: 'dot' }, 'closed'],
  ['denies relaying at the dot, whatever the full suite asks', { deniesAt: 'dot', suite: 'full' }, 'closed'],
  [
    'denies relaying at the dot, and is silent before the full suite has its controls',
    {
      deniesAt: 'dot',
      ambiguous: 'as a syntax error',
      ban: 'after 4 refusals',
      banBy: 'silence',
      banSpares: 'roles',
      mailbox: 'refuses',
      suite: 'full',
    },
    'closed',
  ],
  ['takes any local part, whatever the full suite asks', { locals: 'any', suite: 'full' }, 'closed'],
  [
    'is a gateway whose inner server refuses unknown users',
    { locals: 'any, and the inner server refuses at the dot', suite: 'full' },
    'closed',
  ],
]

for (const [name, traits, expected] of SERVERS) {
  test(`a server that ${name}: ${expected}`, async () => {
    const { judgement } = await visit({ ...USUAL_TRAITS, ...traits })
    assert.equal(judgement.reason ?? judgement.verdict, expected)
  })
}

test('a false verdict is noticed, and is forgiven only if a rule says so', async () => {
  const closed = await visit(USUAL_TRAITS)
  const open: Traits = { ...USUAL_TRAITS, relays: 'everyone' }
  assert.equal(truthOf(open), 'open')
  assert.deepEqual(examinedAs(1, open, closed).faults, ['false closed: it is open'])
  const twoNodes: Traits = { ...open, nodes: 'two, the first is closed' }
  assert.deepEqual(examinedAs(1, twoNodes, closed).faults, [])
  assert.deepEqual(examinedAs(1, USUAL_TRAITS, await visit(open)).faults, ['false open: it is closed'])
})
