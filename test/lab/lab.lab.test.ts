/** The lab itself: its servers answer as they should, and it leaves nothing behind. */
import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { until } from '../harness/waiting.ts'
import { dialogue } from './dialogue.ts'
import { startExim } from './exim.ts'
import type { LabServer } from './instance.ts'
import { type LabNetwork, openNetwork } from './network.ts'
import { startPostfix } from './postfix.ts'
import { labUnavailable } from './unavailable.ts'

const reason = labUnavailable()
const sender = 'MAIL FROM:<sender@example.com>'
const outside = 'RCPT TO:<rcpt@test.org.au>'

test('the lab can run here', { skip: process.env.CI ? false : (reason ?? false) }, () => {
  assert.equal(reason, null)
})

describe('the lab', { skip: reason ?? false }, () => {
  let network: LabNetwork
  let stock: LabServer
  let rejecting: LabServer
  let open: LabServer
  let exim: LabServer

  before(async () => {
    network = await openNetwork()
    ;[stock, rejecting, open, exim] = await Promise.all([
      startPostfix(network),
      startPostfix(network, { restrictions: 'reject' }),
      startPostfix(network, { mynetworks: '0.0.0.0/0 [::]/0' }),
      startExim(network),
    ])
  })
  after(() => network?.close())

  /** Returns the replies to the commands, without the greeting and the replies to HELO and QUIT. */
  const ask = async (server: LabServer, ...commands: string[]): Promise<string[]> => {
    const options = { host: server.address, from: network.vantage }
    const replies = await dialogue(options, ['HELO relay-test.example.net', ...commands, 'QUIT'])
    return replies.slice(2, -1)
  }

  test('refuses a network namespace that is in use', async () => {
    await assert.rejects(openNetwork(), /fresh network namespace.*lab/)
  })

  test('a stock Postfix refuses a stranger temporarily', async () => {
    const replies = await ask(stock, sender, outside)
    assert.deepEqual(replies, ['250 2.1.0 Ok', '454 4.7.1 <rcpt@test.org.au>: Relay access denied'])
    await logged(stock, /from unknown\[198\.51\.100\.7\]: 454 4\.7\.1/)
  })

  test('a rejecting Postfix refuses a stranger permanently', async () => {
    const replies = await ask(rejecting, sender, outside)
    assert.deepEqual(replies, ['250 2.1.0 Ok', '554 5.7.1 <rcpt@test.org.au>: Relay access denied'])
  })

  test('an open Postfix accepts mail from a stranger and discards it', async () => {
    const [, recipient, data, queued] = await ask(
      open,
      sender,
      outside,
      'DATA',
      'Subject: relay test\r\n\r\nHello\r\n.',
    )
    assert.equal(recipient, '250 2.1.5 Ok')
    assert.match(data ?? '', /^354 /)
    const id = /^250 2\.0\.0 Ok: queued as (\w+)$/.exec(queued ?? '')?.[1]
    assert.ok(id)
    await logged(open, new RegExp(`discard\\[\\d+\\]: ${id}: to=<rcpt@test\\.org\\.au>.* status=sent`))
  })

  test("Debian's Exim refuses a stranger", async () => {
    assert.deepEqual(await ask(exim, sender, outside), ['250 OK', '550 relay not permitted'])
    await logged(exim, /rejected RCPT <rcpt@test\.org\.au>: relay not permitted/)
  })

  test('a Postfix on IPv6 refuses a stranger too', async () => {
    const server = await startPostfix(network, { address: network.nextAddress(6) })
    const options = { host: server.address, from: network.vantage6 }
    const replies = await dialogue(options, ['HELO relay-test.example.net', sender, outside, 'QUIT'])
    assert.match(replies[3] ?? '', /^454 4\.7\.1 /)
    const refusal = /from unknown\[2001:db8:51::7\]: 454/
    await logged(server, refusal)
    await server.stop()
    assert.match(await server.log(), refusal, 'the log outlives the server')
    await assert.rejects(dialogue(options, ['QUIT']), /ECONNREFUSED/)
  })

  test('unknown local users are refused and postmaster is accepted', async () => {
    const commands = [sender, 'RCPT TO:<no-such-user@example.com>', 'RCPT TO:<postmaster@example.com>']
    const [, unknown, postmaster] = await ask(stock, ...commands)
    assert.match(unknown ?? '', /^550 5\.1\.1 .*User unknown/)
    assert.equal(postmaster, '250 2.1.5 Ok')
    assert.deepEqual(await ask(exim, ...commands), ['250 OK', '550 Unrouteable address', '250 Accepted'])
  })

  test('a server that cannot start says why', async () => {
    await assert.rejects(startPostfix(network, { extra: { inet_interfaces: '192.0.2.1' } }), /192\.0\.2\.1/)
  })

  test('no process of the lab remains after it is closed', async () => {
    const ours = readlinkSync('/proc/self/ns/net')
    const holder = network.spawnInside('sleep', ['infinity'])
    const inside = await until('the namespace', () => {
      const namespace = readlinkSync(`/proc/${holder.pid}/ns/net`)
      return namespace === ours ? null : namespace
    })
    assert.ok(processesIn(inside).length > 10)
    await network.close()
    assert.deepEqual(processesIn(inside), [])
    await network.close()
  })
})

/** Waits for a line in the log of a server: another process of the server may write it after the reply. */
const logged = (server: LabServer, pattern: RegExp): Promise<boolean> =>
  until(`${pattern} in the log`, async () => pattern.test(await server.log()))

function processesIn(namespace: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === namespace
    } catch {
      return false // it has ended, or we may not look at it
    }
  })
}
