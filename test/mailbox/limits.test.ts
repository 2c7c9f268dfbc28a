/** One visitor of our mailbox costs little, and cannot harm the tests of others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSecret } from '../../src/mailbox/secret.ts'
import type { Client } from './client.ts'
import { DOMAIN, deliver, RECIPIENT, SECOND, SENDER, testMailbox } from './mailbox.ts'

const at = (local: string): string => `${local}@${DOMAIN}`

/** Sends a group of commands again and again, all at once, and returns the codes of all replies. */
async function flood(client: Client, commands: readonly string[], times: number): Promise<string[]> {
  client.write(`${commands.join('\r\n')}\r\n`.repeat(times))
  const lines = (await client.hungUp()).split('\r\n').filter((line) => /^\d{3} /.test(line))
  return lines.map((line) => line.slice(0, 3))
}

for (const [name, commands] of Object.entries({
  NOOP: ['NOOP'],
  RSET: ['RSET'],
  EHLO: ['EHLO again'],
  'unknown ones': ['XYZZY', 'NOOP'],
  VRFY: ['VRFY someone'],
  'MAIL and RSET': ['MAIL FROM:<>', 'RSET'],
  'a recipient that is accepted, and no DATA': ['MAIL FROM:<>', `RCPT TO:<${at('postmaster')}>`, 'RSET'],
  'DATA to postmaster': ['MAIL FROM:<>', 'RCPT TO:<postmaster>', 'DATA', 'RSET'],
})) {
  test(`a connection that sends only ${name} is hung up on with 421 after 100 commands at most`, async (t) => {
    const { counted, turnedAway, logged, greeted } = await testMailbox(t)
    const codes = await flood(await greeted(), commands, 300)
    // EHLO was the first of the hundred.
    assert.ok(codes.length <= 100, `${codes.length} replies`)
    assert.equal(codes.at(-1), '421')
    if (name !== 'unknown ones') assert.deepEqual([codes.length, turnedAway], [100, ['commands']])
    assert.deepEqual([counted, logged], [[], []], 'and no test doubts its result')
  })
}

test('a connection that names a test address and brings no message makes only the tests of that address doubt', async (t) => {
  const { counted, turnedAway, greeted } = await testMailbox(t)
  await flood(await greeted(), ['MAIL FROM:<>', `RCPT TO:<${at(SENDER)}>`, 'RSET'], 100)
  assert.deepEqual([counted, turnedAway], [[], [`commands ${SENDER}`]])
})

test('a smarthost sends any number of commands over one connection, as long as messages come', async (t) => {
  const { arrivals, turnedAway, greeted } = await testMailbox(t)
  const client = await greeted()
  for (let message = 0; message < 30; message += 1) {
    for (let noop = 0; noop < 10; noop += 1) await client.say('NOOP')
    const [token = RECIPIENT] = [RECIPIENT, SECOND].slice(message % 2)
    const replies = await deliver(client, { from: 'a@b.example', to: [at(token)], message: `\n${makeSecret()}` })
    assert.match(replies.at(-1) ?? '', /^250 /)
  }
  assert.deepEqual([arrivals.length, turnedAway], [30, []])
})

test('a smarthost with much mail that we may have forgotten is asked to come later, each time', async (t) => {
  const { arrivals, logged, turnedAway, greeted } = await testMailbox(t, { mayHaveForgotten: () => true })
  const client = await greeted()
  for (let message = 0; message < 60; message += 1) {
    await client.say('MAIL FROM:<a@b.example>')
    assert.match(await client.say(`RCPT TO:<${at('nobody2222222222')}>`), /^451 /)
    await client.say('RSET')
  }
  await deliver(client, { from: 'a@b.example', to: [at(RECIPIENT)], message: '' })
  assert.deepEqual([arrivals.length, logged, turnedAway], [1, [], []])
})

test('one test address takes 20 messages in ten minutes; more are asked to come later, before they are sent', async (t) => {
  const { arrivals, counted, turnedAway, greeted } = await testMailbox(t)
  const client = await greeted()
  const bring = async (token: string) => {
    await client.say('MAIL FROM:<a@b.example>')
    await client.say(`RCPT TO:<${at(token)}>`)
    const answer = await client.say('DATA')
    return answer.startsWith('354') ? client.say('\r\n.') : client.say('RSET').then(() => answer)
  }
  for (let message = 0; message < 20; message += 1) assert.match(await bring(RECIPIENT), /^250 /)
  assert.match(await bring(RECIPIENT), /^451 4\.\d\.\d too many messages to this test address, try again later$/)
  assert.match(await bring(SECOND), /^250 /, 'another address takes its own')
  assert.equal(arrivals.length, 21)
  assert.deepEqual([counted, turnedAway], [[], [`messages ${RECIPIENT}`]])
})

test('a message full of texts like secrets brings 32 of them', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const message = Array.from({ length: 3_000 }, makeSecret).join('\n')
  await deliver(await greeted(), { from: '', to: [at(RECIPIENT)], message })
  assert.equal(arrivals[0]?.secrets.length, 32)
})

test('a source that is turned away makes every test doubt, once it has named a test address', async (t) => {
  const { counted, greeted } = await testMailbox(t)
  const name = async () => {
    const client = await greeted()
    await client.say('MAIL FROM:<>')
    await client.say(`RCPT TO:<${at(RECIPIENT)}>`)
    return client
  }
  const guess = async () => {
    const client = await greeted()
    await flood(client, ['MAIL FROM:<>', ...Array(25).fill(`RCPT TO:<${at('nobody')}>`)], 1)
  }
  await guess()
  assert.deepEqual(counted, [], 'a stranger is no smarthost')
  const known = await name()
  assert.deepEqual(counted, ['troubled'], 'a smarthost that was turned away a moment ago')
  await known.say('RSET')
  await known.say('QUIT')
  await guess()
  assert.deepEqual(counted, ['troubled', 'troubled'], 'one that is known')
})

test('a flood on many connections keeps no other visitor waiting', async (t) => {
  const { arrivals, connect, greeted } = await testMailbox(t)
  const strangers = await Promise.all(
    Array.from({ length: 60 }, (_, n) => connect({ localAddress: `127.0.2.${1 + (n % 4)}` })),
  )
  await Promise.all(strangers.map((client) => client.reply()))
  for (const client of strangers) client.write('NOOP\r\nRSET\r\n'.repeat(10_000))
  const ours = await greeted()
  await deliver(ours, { from: '', to: [at(RECIPIENT)], message: '' })
  assert.equal(arrivals.length, 1)
  // Each gets its hundred replies, and not one more.
  for (const client of strangers) assert.equal((await client.hungUp()).split('\r\n').length, 102)
})
