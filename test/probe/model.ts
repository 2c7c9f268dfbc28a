/**
 * Checks the verdicts on random model servers. Used by model.test.ts, and by `npm run prove:model` with more of them.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Verdict } from '../../src/contract/words.ts'
import { parseAddress } from '../../src/ip/address.ts'
import { FIGURES } from '../../src/probe/pace.ts'
import { probe } from '../../src/probe/probe.ts'
import type { Form } from '../../src/relay/forms.ts'
import { judge } from '../../src/relay/verdict.ts'
import { modelServer, type Traits } from './model-server.ts'

const ADDRESS = parseAddress('203.0.113.25') ?? assert.fail()
const addressesFor = (form: Form) => ({ sender: 'probe@isp.example', recipient: `${form.id}@isp.example` })
const OUTSIDE = /^[a-z-]+@isp\.example$/

/** A server that denies relaying and knows postmaster. */
export const HEALTHY: Traits = {
  extensions: ['PIPELINING'],
  mail: () => '250 2.1.0 ok',
  rcpt: (_sender, recipient) => (isLocalUser(recipient) ? '250 2.1.5 ok' : '554 5.7.1 Relay access denied'),
  dot: '250 2.0.0 queued',
  deliveryMs: 1_000,
  connections: 100,
  atOnce: 100,
  refusals: 100,
  recipients: 100,
  needsTls: false,
  acceptsAtMs: 0,
  deferral: '450 4.2.0 Greylisted, try again in 2 seconds',
  greetsAtMs: 0,
  tlsFirst: false,
  groups: 'answered',
  rset: '250 2.0.0 ok',
  ehloResets: true,
  nested: false,
}

export const isLocalUser = (recipient: string) => recipient === 'postmaster@example.com'

/** Tests a model server and judges it. */
export async function verdictOn(
  traits: Traits,
  options: { suite?: 'standard' | 'full'; proof?: 'message' | 'delivery' } = {},
) {
  const { server, witness } = modelServer(traits)
  const { observations } = await probe(
    {
      address: ADDRESS,
      suite: 'standard',
      proof: 'message',
      domain: { name: 'example.com', source: 'request' },
      knownMailbox: null,
      refusedBefore: false,
      vantage: ['198.51.100.7'],
      deliveryWaitMs: 10_000,
      addressesFor,
      messageFor: () => ({ lines: ['Subject: test', '', 'text'], secrets: [] }),
      ...options,
    },
    server,
  )
  return { ...judge(observations), witness }
}

/** What a server can relay, by name. */
const RELAYS: Readonly<Record<string, (sender: string, recipient: string) => boolean>> = {
  nobody: () => false,
  everyone: (_sender, recipient) => OUTSIDE.test(recipient),
  'own senders': (sender, recipient) => sender.endsWith('@example.com') && OUTSIDE.test(recipient),
  'existing senders': (sender, recipient) => sender === 'postmaster@example.com' && OUTSIDE.test(recipient),
  bounces: (sender, recipient) => sender === '' && OUTSIDE.test(recipient),
  percents: (_sender, recipient) => /%isp\.example@example\.com$/.test(recipient),
}

const DENIALS = [
  '554 5.7.1 Relay access denied',
  '550 relay not permitted',
  '550 5.7.1 Unable to relay',
  '454 4.7.1 Relay access denied',
  '530 5.7.0 Authentication required',
  '550 5.1.1 User unknown',
  '550 no',
  '554 5.7.1 Client host rejected: Access denied',
  '553 sorry, that domain is not in my list of allowed rcpthosts (#5.7.1)',
]

const anyTraits: fc.Arbitrary<{ relays: string; traits: Traits }> = fc
  .record({
    relays: fc.constantFrom(...Object.keys(RELAYS)),
    denial: fc.constantFrom(...DENIALS),
    unknown: fc.constantFrom('550 5.1.1 User unknown', '550 no', '250 ok'),
    dot: fc.constantFrom('250 queued', '550 5.7.1 spam', '554 5.7.1 Relay access denied', '451 later'),
    pipelining: fc.boolean(),
    needsTls: fc.boolean(),
    deliveryMs: fc.constantFrom(null, 100, 5_000),
    connections: fc.constantFrom(1, 3, 100, 100, 100),
    atOnce: fc.constantFrom(1, 2, 100, 100),
    refusals: fc.constantFrom(1, 3, 5, 100, 100, 100),
    recipients: fc.constantFrom(1, 2, 100, 100),
    acceptsAtMs: fc.constantFrom(0, 0, 0, 0, 1_500, 90_000),
    deferral: fc.constantFrom('450 4.2.0 Greylisted, try again in 2 seconds', '450 4.7.1 Rate limit exceeded'),
    greetsAtMs: fc.constantFrom(0, 0, 0, 0, 0, 4_000, 90_000),
    tlsFirst: fc.constantFrom(false, false, false, false, true),
    groups: fc.constantFrom<Traits['groups']>(
      ...(['answered', 'answered', 'answered', 'held back', 'only the first', 'hangs up'] as const),
    ),
    rset: fc.constantFrom('250 ok', '250 ok', '250 ok', '502 no such command', '550 no', null),
    ehloResets: fc.boolean(),
    nested: fc.constantFrom(false, false, false, true),
  })
  .map(({ relays, denial, unknown, pipelining, needsTls, ...others }) => ({
    relays,
    traits: {
      ...HEALTHY,
      ...others,
      needsTls,
      extensions: [...(pipelining ? ['PIPELINING'] : []), 'STARTTLS'],
      rcpt: (sender, recipient) => {
        if (RELAYS[relays]?.(sender, recipient) || isLocalUser(recipient)) return '250 2.1.5 ok'
        // If an invented sender gets the same words as a stranger, we cannot find this relay: docs/verdict.md, 4b.
        if (relays === 'existing senders' && sender === 'sender@example.com') return '550 5.1.0 sender unknown here'
        return recipient.endsWith('@example.com') && !recipient.includes('%') ? unknown : denial
      },
    },
  }))

/**
 * Tests `numRuns` random servers. No verdict may be wrong, and every test must keep to its limits. Returns how often
 * each verdict appeared.
 */
export async function checkModelServers(numRuns: number, seed?: number): Promise<Readonly<Record<Verdict, number>>> {
  const seen = { open: 0, closed: 0, inconclusive: 0 }
  const property = fc.asyncProperty(
    anyTraits,
    // Three of four tests use the standard suite.
    fc.constantFrom('standard' as const, 'standard' as const, 'standard' as const, 'full' as const),
    fc.constantFrom('message' as const, 'delivery' as const),
    async ({ relays, traits }, suite, proof) => {
      const { verdict, witness } = await verdictOn(traits, { suite, proof })
      seen[verdict] += 1
      if (verdict === 'open') assert.notEqual(relays, 'nobody')
      if (verdict === 'closed' && traits.dot.startsWith('250')) {
        // If a percent form is accepted and its message does not arrive, it may be a local mailbox.
        assert.ok(relays === 'nobody' || (relays === 'percents' && traits.deliveryMs === null), relays)
      }
      assert.ok(witness.connections <= FIGURES.connections, `${witness.connections} connections`)
      assert.ok(witness.accepted <= FIGURES.messages, `${witness.accepted} messages`)
      assert.ok(witness.dots <= FIGURES.dots, `${witness.dots} final dots`)
      assert.deepEqual(witness.dataFor.filter(isLocalUser), [])
    },
  )
  await fc.assert(property, { numRuns, endOnFailure: true, ...(seed === undefined ? {} : { seed }) })
  return seen
}
