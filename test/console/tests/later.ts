/** Later answers: the service asks again by itself, and the page shows it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closed } from '../../harness/mail-scripts.ts'
import { scriptedServer } from '../../harness/mail-server.ts'
import { startService } from '../../harness/service.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { ask, heading, visit } from '../visit.ts'

test('greylisting: a countdown to the next visit, and its answer appears by itself', withBrowser, async (t) => {
  let isOver = false
  const server = await scriptedServer(t, {
    say: (line, session) =>
      line.startsWith('RCPT') && !isOver ? '451 4.7.1 Greylisted, please try again later' : closed(line, session),
  })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, FOLLOW_UPS: '10s,1s,1s' } })
  const { page, faults } = await visit(t, service)
  await ask(page, '127.0.0.1')
  await heading(page, /^No clear answer/)
  await page.locator('#waits', { hasText: /We ask again by ourselves .*, in 0:\d\d/ }).waitFor()
  isOver = true
  assert.deepEqual(await violations(page), [])
  await heading(page, /^Closed/)
  await page.locator('#status', { hasText: 'The service has asked again: closed.' }).waitFor()
  await page.locator('#waits', { hasText: 'Asked again' }).waitFor()
  assert.equal(await page.locator('#waits .count').count(), 0)
  assert.deepEqual(faults, [])
})
