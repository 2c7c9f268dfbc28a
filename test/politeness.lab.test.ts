/** Real mail servers have nothing to say against the way we ask. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TranscriptLine } from '../src/contract/relay-test.ts'
import type { Suite } from '../src/contract/words.ts'
import { paceFor } from '../src/probe/pace.ts'
import { startCourier } from './lab/courier.ts'
import { startExim } from './lab/exim.ts'
import { startHaraka } from './lab/haraka.ts'
import type { LabServer } from './lab/instance.ts'
import { type LabNetwork, openNetwork } from './lab/network.ts'
import { startOpenSmtpd } from './lab/opensmtpd.ts'
import { patientClient } from './lab/patient-client.ts'
import { startPostfix } from './lab/postfix.ts'
import { startSendmail } from './lab/sendmail.ts'
import { ask, startStranger } from './lab/stranger.ts'
import { labUnavailable } from './lab/unavailable.ts'

/** The complaints of servers about clients that ask too much, too fast or out of turn. */
const COMPLAINTS =
  /too many|improper|pipelining (not|after)|lost connection|synchroni[sz]ation|rate limit|dropped|timeout|unexpected disconnect|protocol error/i

interface Stock {
  readonly suite: Suite
  /** How often we wait for an answer at most: in all, and on one connection. */
  readonly waits?: readonly [number, number]
  start(network: LabNetwork): Promise<LabServer>
}

const SERVERS: Readonly<Record<string, Stock>> = {
  Postfix: { suite: 'full', waits: [28, 9], start: (network) => startPostfix(network) },
  Exim: { suite: 'full', waits: [28, 9], start: (network) => startExim(network) },
  Sendmail: {
    suite: 'full',
    waits: [18, 9],
    start: (network) => startSendmail(network, { smarthost: network.exit }),
  },
  OpenSMTPD: {
    suite: 'full',
    waits: [80, 36],
    start: (network) => startOpenSmtpd(network, { smarthost: network.exit }),
  },
  Haraka: { suite: 'full', start: startHaraka },
  Courier: { suite: 'standard', start: (network) => startCourier(network, { smarthost: network.exit }) },
}

/** How often we waited for the server, the greeting included and the goodbye left out, by connection. */
function waitsOf(transcript: readonly TranscriptLine[]): Map<number, number> {
  const waits = new Map<number, number>()
  const last = new Map<number, string>()
  for (const { connection, from, line } of transcript) {
    if (from === 'event') continue
    // QUIT is said in the last group, unless another question could still have come; its answer decides nothing.
    if (from === 'client' && line === 'QUIT') continue
    if (from === 'server' && line.startsWith('221 ')) continue
    if (from === 'server' && last.get(connection) !== 'server') waits.set(connection, (waits.get(connection) ?? 0) + 1)
    last.set(connection, from)
  }
  return waits
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

const reason = labUnavailable()

test('no stock server has anything to say against us', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const service = await startStranger(t, network)
  for (const [name, { suite, waits, start }] of Object.entries(SERVERS)) {
    await t.test(`${name}, the ${suite} suite`, async () => {
      const server = await start(network)
      const ours = (log: string) => log.split('\n').filter((line) => !line.includes(network.exit))
      const before = ours(await server.log()).length
      const result = await ask(service, server.address, { suite })
      const unanswered = result.attempts
        .filter(({ outcome }) => outcome === 'not-run')
        .map(({ form, why }) => [form, why])
      assert.deepEqual(unanswered, [], 'every form was answered')
      assert.notEqual(result.verdict, 'open')
      const said = ours(await server.log()).slice(before)
      assert.deepEqual(
        said.filter((line) => COMPLAINTS.test(line)),
        [],
      )
      const [most = Number.POSITIVE_INFINITY, mostOfOne = Number.POSITIVE_INFINITY] = waits ?? []
      const waited = waitsOf(result.transcript)
      for (const [connection, count] of waited) {
        const lines = result.transcript.filter((line) => line.connection === connection)
        const said = lines.map(({ from, line }) => `${from}: ${line}`).join('\n')
        assert.ok(count <= mostOfOne, `${count} waits, ${mostOfOne} at most, in\n${said}`)
      }
      assert.ok(sum([...waited.values()]) <= most, `waits: ${[...waited.values()]}`)
      await server.stop()
    })
  }
})

test('servers that are known to be patient take three times as many refusals and syntax errors without a complaint', {
  skip: process.env.CI ? false : (reason ?? false),
}, async (t) => {
  const network = await openNetwork()
  t.after(() => network.close())
  for (const name of ['OpenSMTPD', 'Sendmail']) {
    await t.test(name, async () => {
      const server = (await SERVERS[name]?.start(network)) ?? assert.fail()
      const pace = paceFor({ name })
      // Too little time for a second's pause before each refusal.
      const client = patientClient(server, network.vantage, Date.now() + 20_000)
      t.after(() => client.close())
      assert.equal((await client.ask())?.code, 220)
      assert.equal((await client.ask('EHLO relaytest.isp.example'))?.code, 250)
      let refusals = 0
      let syntaxErrors = 0
      let transactions = 0
      while (refusals < 3 * pace.refusals || transactions < 3 * pace.transactions) {
        assert.equal((await client.ask('MAIL FROM:<probe@isp.example>'))?.code, 250)
        for (let recipient = 1; recipient <= pace.recipients; recipient += 1) {
          // OpenSMTPD calls the one a syntax error, and Sendmail neither.
          const to = recipient % 2 ? 'token@isp.example' : '"token@isp.example"'
          const reply = (await client.ask(`RCPT TO:<${to}>`)) ?? assert.fail(`after ${refusals} refusals`)
          assert.ok(reply.code >= 500, reply.text)
          refusals += 1
          syntaxErrors += Number(to.startsWith('"'))
        }
        assert.equal((await client.ask('RSET'))?.code, 250)
        transactions += 1
      }
      assert.ok(syntaxErrors >= 3 * pace.syntaxErrors)
      assert.equal((await client.ask('QUIT'))?.code, 221)
      await server.stop()
    })
  }
})
