/** Runs the whole engine against model servers in memory: its verdicts must be true, and every test must end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formsOf } from '../../src/relay/forms.ts'
import { checkModelServers, HEALTHY, isLocalUser, verdictOn } from './model.ts'
import type { Traits } from './model-server.ts'

/** `npm run prove:model` tests a hundred thousand. */
const TESTS = 3_000

test(`none of ${TESTS} model servers gets a wrong verdict, and every test keeps to its limits`, async () => {
  const seen = await checkModelServers(TESTS)
  assert.ok(Math.min(...Object.values(seen)) > TESTS / 100, `each verdict appears: ${JSON.stringify(seen)}`)
})

/** Plain forms that a message is sent for. Forms with the host name are not, because only the greeting gave it. */
const SENDABLE = formsOf('full').filter(
  ({ sender, recipient }) => sender.carriesMessage && sender.needs !== 'host' && recipient.kind === 'plain',
)

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
