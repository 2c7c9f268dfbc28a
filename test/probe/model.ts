/** Tests and judges a model server whose replies a test writes itself. truth/ has servers that are made of traits. */
import assert from 'node:assert/strict'
import { parseAddress } from '../../src/ip/address.ts'
import { probe } from '../../src/probe/probe.ts'
import type { Form } from '../../src/relay/forms.ts'
import { judge } from '../../src/relay/verdict.ts'
import { modelServer, type Traits } from './model-server.ts'

const ADDRESS = parseAddress('203.0.113.25') ?? assert.fail()
const addressesFor = (form: Form) => ({ sender: 'probe@isp.example', recipient: `${form.id}@isp.example` })

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
  return { ...judge(observations), witness, observations }
}
