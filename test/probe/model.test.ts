/** Runs the whole engine against model servers in memory that relay one form, or whose dialogue is broken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formsOf } from '../../src/relay/forms.ts'
import { HEALTHY, isLocalUser, verdictOn } from './model.ts'
import type { Traits } from './model-server.ts'

/** Plain forms that a message is sent for. The host name is in the own domain, so its forms are among them. */
const SENDABLE = formsOf('full').filter(({ sender, recipient }) => sender.carriesMessage && recipient.kind === 'plain')

for (const form of SENDABLE) {
  // With fewer refusals on a connection, eight connections are not enough for the suite.
  for (const refusals of [5, 9, 100]) {
    test(`a server that relays only ${form.id}, and hangs up after ${refusals} refusals, is open: a connection was kept for it`, async () => {
      const traits: Traits = {
        ...HEALTHY,
        refusals,
        rcpt: (sender, recipient) =>
          isLocalUser(recipient) || recipient.startsWith(`${form.id}@`) ? '250 ok' : HEALTHY.rcpt(sender, recipient),
      }
      const { verdict, cause } = await verdictOn(traits, { suite: 'full' })
      assert.equal(verdict, 'open', String(cause))
    })
  }
}

const GROUPS = ['held back', 'only the first', 'hangs up'] as const
const RESETS: Readonly<Record<string, Partial<Traits>>> = {
  'RSET works': {},
  'RSET is unknown, EHLO ends a transaction': { rset: '502 5.5.2 what?' },
  'RSET is unknown, nothing ends a transaction': { rset: '502 5.5.2 what?', ehloResets: false },
  'RSET is refused, nothing ends a transaction': { rset: '550 no', ehloResets: false },
  'RSET gets no answer, EHLO ends a transaction': { rset: null },
  'RSET gets no answer, nothing ends a transaction': { rset: null, ehloResets: false },
  'RSET is accepted and ends nothing, but EHLO does': { nested: true },
  'RSET is accepted, and nothing ends a transaction': { nested: true, ehloResets: false },
}

/** Servers whose dialogue is broken in one or two ways. */
const BROKEN: readonly (readonly [string, Partial<Traits>])[] = [
  ...GROUPS.map((groups) => [`groups are ${groups}`, { groups }] as const),
  ...Object.entries(RESETS).flatMap(([name, traits]) => [
    [name, traits] as const,
    [`${name}, no PIPELINING`, { ...traits, extensions: [] }] as const,
    [`${name}, groups are held back`, { ...traits, groups: 'held back' }] as const,
  ]),
]

for (const [name, traits] of BROKEN) {
  for (const suite of ['standard', 'full'] as const) {
    test(`${name}: a closed server is closed, and an open one is open (${suite})`, async () => {
      const closed = await verdictOn({ ...HEALTHY, ...traits }, { suite })
      // If nothing ends a transaction, the full suite needs more connections than a test may open.
      const isTooMuch = suite === 'full' && name.includes('nothing ends')
      const words = isTooMuch ? ['closed', 'connection-limit'] : ['closed']
      assert.ok(words.includes(closed.reason ?? closed.verdict), String(closed.reason))
      const rcpt = () => '250 ok'
      assert.equal((await verdictOn({ ...HEALTHY, ...traits, rcpt }, { suite })).verdict, 'open')
      const ownSenders: Traits['rcpt'] = (sender, recipient) =>
        sender.endsWith('@example.com') ? '250 ok' : HEALTHY.rcpt(sender, recipient)
      const own = await verdictOn({ ...HEALTHY, ...traits, rcpt: ownSenders }, { suite })
      assert.deepEqual([own.verdict, own.cause], ['open', 'own-domain-sender'], String(own.reason))
      assert.ok(closed.witness.connections <= 8)
    })
  }
}
