/** A test that used two vantages. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeYaml } from '../../harness/files.ts'
import { closed } from '../../harness/mail-scripts.ts'
import { scriptedServer } from '../../harness/mail-server.ts'
import { configFolder, startService } from '../../harness/service.ts'
import { violations } from '../axe.ts'
import { withBrowser } from '../browser.ts'
import { ask, fact, heading, unfold, visit } from '../visit.ts'

test('a test from two vantages says which attempt came from where', withBrowser, async (t) => {
  const server = await scriptedServer(t, {
    say(line, session) {
      if (!/^RCPT/i.test(line) || !session.bytes.includes('EHLO syd.isp.example')) return closed(line, session)
      return '554 5.7.1 Client host blocked using zen.spamhaus.org'
    },
  })
  const file = join(configFolder(t), 'vantages.yaml')
  const vantage = (name: string) => `  - { name: ${name}-1, ehlo: ${name}.isp.example, bind: 127.0.0.1 }\n`
  writeYaml(file, `vantages:\n${vantage('syd')}${vantage('mel')}`)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, VANTAGES_FILE: file } })
  const { page, faults } = await visit(t, service)
  await ask(page, '127.0.0.1')
  await heading(page, /^Closed/)
  for (const id of ['tried', 'talk', 'technical']) await unfold(page, id)
  assert.equal(await fact(page, 'Tested from').textContent(), 'syd-1, 127.0.0.1')
  assert.equal(await fact(page, 'Then from').textContent(), 'mel-1, 127.0.0.1')
  for (const name of ['syd-1', 'mel-1']) {
    await page
      .locator('#attempts > li', { hasText: `outside-sender, from ${name}` })
      .first()
      .waitFor()
  }
  await page.locator('#session li', { hasText: 'the test goes on from the vantage mel-1' }).waitFor()
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(faults, [])
})
