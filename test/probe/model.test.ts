/** Drives the whole engine against model servers in memory: what it says of them must be true, and it must end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formsOf } from '../../src/relay/forms.ts'
import { checkModelServers, HEALTHY, isLocalUser, verdictOn } from './model.ts'
import type { Traits } from './model-server.ts'

/** `npm run prove:model` tests a hundred thousand. */
const TESTS = 3_000

test(`of ${TESTS} model servers none is called open or closed that is not, and every test ends within its limits`, async () => {
  const seen = await checkModelServers(TESTS)
  assert.ok(Math.min(...Object.values(seen)) > TESTS / 100, `each verdict comes up: ${JSON.stringify(seen)}`)
})

/** Forms that may carry a message: a host name that only the greeting gave may not. */
const SENDABLE = formsOf('full').filter(
  ({ sender, recipient }) => sender.carriesMessage && sender.needs !== 'host' && recipient.kind === 'plain',
)

for (const form of SENDABLE) {
  // With fewer refusals a connection, eight connections do not hold the suite.
  for (const refusals of [5, 9, 100]) {
    test(`a server that relays by ${form.id} alone, and hangs up after ${refusals} refusals, is open: one connection is kept`, async () => {
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
