/** Says how a model server is visited: with which names, domain, known mailbox, suite and proof. */
import assert from 'node:assert/strict'
import { parseAddress } from '../../../src/ip/address.ts'
import type { ProbeOptions } from '../../../src/probe/probe.ts'
import type { Form } from '../../../src/relay/forms.ts'
import { NAMES } from './rules.ts'
import type { Traits } from './traits.ts'

const ADDRESS = parseAddress(NAMES.address) ?? assert.fail()

/** How long we wait for the message of a plain form, in milliseconds. */
export const DELIVERY_WAIT_MS = 10_000

/** Returns our addresses for a form. The recipient is named after it. */
export const addressesFor = (form: Form) => ({
  sender: `probe@${NAMES.outside}`,
  recipient: `${form.id}@${NAMES.outside}`,
})

/** Returns the domain that the test asks with; null if only the greeting gives one. */
export function domainOf({ domain }: Traits): ProbeOptions['domain'] {
  if (domain === 'greeting') return null
  const name = domain === 'customer, and wrong' ? NAMES.otherDomain : NAMES.domain
  return { name, source: domain === 'request' ? 'request' : 'customer' }
}

const LOCAL_PARTS: Readonly<Record<Exclude<Traits['known'], 'none'>, string>> = {
  'a person': 'jane',
  'a role': 'info',
  wrong: 'ghost',
}

/** Returns the known mailbox of the test; null if none is named. */
export function knownMailboxOf(traits: Traits): string | null {
  const domain = domainOf(traits)
  return traits.known === 'none' || domain === null ? null : `${LOCAL_PARTS[traits.known]}@${domain.name}`
}

const MESSAGE = { lines: ['Subject: Mail relay test', '', 'Text'], secrets: [] }

/** Returns the options of the test. */
export const optionsFor = (traits: Traits): ProbeOptions => ({
  address: ADDRESS,
  suite: traits.suite,
  proof: traits.proof,
  domain: domainOf(traits),
  knownMailbox: knownMailboxOf(traits),
  refusedBefore: false,
  vantage: [NAMES.us],
  deliveryWaitMs: DELIVERY_WAIT_MS,
  addressesFor,
  messageFor: () => MESSAGE,
})
