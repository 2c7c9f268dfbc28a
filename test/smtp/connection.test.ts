/** One SMTP connection against scripted servers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SmtpConnection } from '../../src/smtp/connection.ts'
import { Transcript } from '../../src/smtp/transcript.ts'
import { healthy, type Script, scriptedServer } from '../harness/mail-server.ts'

/** Longer than any machine needs: no test measures with it. */
const GREETING_MS = 30_000

async function open(t: TestContext, script: Script, patienceMs = 60_000) {
  const server = await scriptedServer(t, script)
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  t.after(() => socket.destroy())
  const transcript = new Transcript()
  const connection = new SmtpConnection({ socket, number: 1, transcript, deadline: performance.now() + patienceMs })
  const lines = () => transcript.entries.map(({ from, line }) => `${from[0]} ${line}`)
  return { server, connection, transcript, lines }
}

test('a greeting in parts is waited for as a whole', async (t) => {
  const { connection } = await open(t, { greeting: ['220-teaser', '220 mail.example.com'], say: healthy })
  const { reply } = await connection.greeting(GREETING_MS)
  assert.deepEqual(reply?.lines, ['teaser', 'mail.example.com'])
})

test('a group goes out in one write, and each reply is told from the others', async (t) => {
  const { connection, server, transcript } = await open(t, {
    say: (line) => (line.startsWith('RCPT') ? ['550-no', `550 ${line.slice(-3)}`] : healthy(line)),
  })
  await connection.greeting(GREETING_MS)
  const answers = await connection.group(['MAIL FROM:<>', 'RCPT TO:<1>', 'RCPT TO:<2>', 'RSET'])
  assert.deepEqual(
    answers.map(({ reply }) => reply?.code),
    [250, 550, 550, 250],
  )
  assert.equal(answers[2]?.reply?.lines[1], '<2>')
  assert.deepEqual(server.segments, ['MAIL FROM:<>\r\nRCPT TO:<1>\r\nRCPT TO:<2>\r\nRSET\r\n'])
  const [command, ...replies] = answers[2]?.at ?? []
  assert.equal(transcript.entries[command ?? -1]?.line, 'RCPT TO:<2>')
  for (const at of replies) assert.equal(transcript.entries[at]?.answers, command)
})

test('a message is dot-stuffed and ends with one dot', async (t) => {
  const { connection, server } = await open(t, { say: healthy })
  await connection.greeting(GREETING_MS)
  await connection.command('DATA')
  const { reply } = await connection.message(['Subject: x', '', '.', '..a', 'b'])
  assert.equal(reply?.code, 250)
  assert.deepEqual(server.lines, ['DATA', 'Subject: x', '', '..', '...a', 'b', '.'])
})

test('after the first fault, no further line of a flood is read', async (t) => {
  const floods = [
    ['220 hi', ...Array<string>(8_000).fill('250 yes')],
    ['220 hi', 'no reply', ...Array<string>(8_000).fill('250 yes')],
    ['220 hi', '250-one', '550 other', ...Array<string>(8_000).fill('250 yes')],
  ]
  for (const greeting of floods) {
    const server = await scriptedServer(t, { greeting, say: () => null })
    const socket = connect(server.port, '127.0.0.1')
    t.after(() => socket.destroy())
    const transcript = new Transcript()
    let read = 0
    const { withheld } = transcript
    const maskNext = withheld.maskNext.bind(withheld)
    withheld.maskNext = (line) => {
      read += 1
      return maskNext(line)
    }
    const connection = new SmtpConnection({ socket, number: 1, transcript, deadline: performance.now() + 60_000 })
    await connection.greeting(GREETING_MS)
    await connection.command('NOOP')
    assert.equal(connection.fault, 'protocol-error')
    assert.ok(read <= 3, `${read} lines were read`)
  }
})

test('a reply that nobody asked for ends the connection and answers nothing', async (t) => {
  const { connection, lines } = await open(t, { greeting: ['220 hi', '250 yes', '250 yes'], say: () => null })
  await connection.greeting(GREETING_MS)
  const { reply } = await connection.command('MAIL FROM:<>')
  assert.equal(reply, null)
  assert.equal(connection.fault, 'protocol-error')
  assert.ok(lines().includes('e the server answered before it was asked'))
})

test('an unasked 421 is the server ending the session', async (t) => {
  const { connection } = await open(t, { greeting: ['220 hi', '421 4.4.2 bye'], say: () => null })
  await connection.greeting(GREETING_MS)
  assert.equal((await connection.command('NOOP')).reply, null)
  assert.equal(connection.fault, 'dropped')
})

test('after a drop, earlier replies are kept, and later commands have none', async (t) => {
  const { connection } = await open(t, {
    say: (line, { socket }) => {
      if (line !== 'RCPT TO:<2>') return healthy(line)
      socket.end()
      return null
    },
  })
  await connection.greeting(GREETING_MS)
  const answers = await connection.group(['MAIL FROM:<>', 'RCPT TO:<1>', 'RCPT TO:<2>', 'RSET'])
  assert.deepEqual(
    answers.map(({ reply }) => reply?.code ?? null),
    [250, 250, null, null],
  )
  assert.equal(connection.fault, 'dropped')
})

test('a reset connection is a drop', async (t) => {
  const { connection } = await open(t, {
    say: (_line, { socket }) => {
      socket.resetAndDestroy()
      return null
    },
  })
  await connection.greeting(GREETING_MS)
  assert.equal((await connection.command('NOOP')).reply, null)
  assert.equal(connection.fault, 'dropped')
})

test('nonsense is a protocol error', async (t) => {
  const { connection, lines } = await open(t, { greeting: 'SSH-2.0-OpenSSH_9.2', say: () => null })
  assert.equal((await connection.greeting(GREETING_MS)).reply, null)
  assert.equal(connection.fault, 'protocol-error')
  assert.deepEqual(lines(), ['s SSH-2.0-OpenSSH_9.2', 'e a line is no SMTP reply'])
})

test('silence ends at the deadline, and QUIT is said all the same', async (t) => {
  const { connection, server } = await open(t, { say: (line) => (line === 'QUIT' ? '221 bye' : null) }, 1_000)
  await connection.greeting(GREETING_MS)
  assert.equal((await connection.command('MAIL FROM:<>')).reply, null)
  assert.equal(connection.fault, 'deadline')
  await connection.quit()
  assert.deepEqual(server.lines, ['MAIL FROM:<>', 'QUIT'])
})

test('before the greeting nothing is said, not even QUIT', async (t) => {
  const { connection, server } = await open(t, { greeting: null, say: healthy }, 200)
  assert.equal((await connection.greeting(100)).reply, null)
  await connection.quit()
  assert.equal(connection.fault, 'deadline')
  assert.deepEqual(server.lines, [])
})

test('within a message nothing is said, not even QUIT', async (t) => {
  const { connection, server } = await open(t, { say: (line) => (line === '.' ? null : healthy(line)) }, 1_000)
  await connection.greeting(GREETING_MS)
  await connection.command('DATA')
  await connection.message(['x'])
  assert.equal(connection.fault, 'deadline')
  await connection.quit()
  assert.deepEqual(server.lines, ['DATA', 'x', '.'])
})

test('a server that never closes after QUIT is left', async (t) => {
  const { connection } = await open(t, { say: (line) => (line === 'QUIT' ? null : healthy(line)) })
  await connection.greeting(GREETING_MS)
  await connection.quit()
  assert.notEqual(connection.fault, null)
  assert.equal((await connection.command('NOOP')).reply, null)
})

for (const [name, line] of [
  ['a line break', 'RCPT TO:<a>\r\nDATA'],
  ['a bare LF', 'RCPT TO:<a>\nDATA'],
  ['a NUL', 'RCPT TO:<\0>'],
  ['a letter beyond ASCII', 'RCPT TO:<é@b>'],
  ['too long a line', `RCPT TO:<${'a'.repeat(510)}>`],
] as const) {
  test(`${name} never reaches the wire`, async (t) => {
    const { connection, server } = await open(t, { say: healthy })
    await connection.greeting(GREETING_MS)
    await assert.rejects(async () => connection.command(line), /a line was not sent/)
    await assert.rejects(async () => connection.message([line]), /a line was not sent/)
    assert.deepEqual(server.segments, [])
  })
}

test('a transcript is bounded and says so', () => {
  const transcript = new Transcript()
  while (transcript.add('server', 1, 'x'.repeat(1_000)) !== null);
  assert.equal(transcript.truncated, true)
  assert.ok(transcript.entries.length <= 66)
})

test('two farewells at once both come to an end', async (t) => {
  const { connection } = await open(t, { say: healthy })
  await connection.greeting(GREETING_MS)
  await Promise.all([connection.quit(), connection.quit()])
  assert.notEqual(connection.fault, null)
})

test('a command that waits for its reply ends when we close the connection', async (t) => {
  const { connection } = await open(t, { say: () => null })
  await connection.greeting(GREETING_MS)
  const answer = connection.command('NOOP')
  connection.close()
  assert.equal((await answer).reply, null)
})

test('a group whose answers stop is given up, out of step, and the server still hears QUIT', async (t) => {
  const { connection, server, lines } = await open(t, {
    say: (line) => (line.startsWith('RCPT') ? null : healthy(line)),
  })
  await connection.greeting(GREETING_MS)
  const answers = await connection.group(['MAIL FROM:<>', 'RCPT TO:<1>', 'RSET'], { patience: () => 50 })
  assert.deepEqual(
    answers.map(({ reply }) => reply?.code),
    [250, 250, undefined],
  )
  assert.deepEqual([connection.fault, connection.outOfStep], ['protocol-error', true])
  await connection.quit()
  assert.equal(server.lines.at(-1), 'QUIT')
  assert.ok(lines().includes('e no answer for 0 seconds'))
})

test('a command that gets no answer in time leaves the answers before it certain', async (t) => {
  const { connection } = await open(t, { say: (line) => (line === 'RSET' ? null : healthy(line)) })
  await connection.greeting(GREETING_MS)
  await connection.command('MAIL FROM:<>')
  assert.equal((await connection.command('RSET', { patience: () => 50 })).reply, null)
  assert.deepEqual([connection.fault, connection.outOfStep], ['protocol-error', false])
})

test('patience is asked before each answer, and knows the slowest answer to a command', async (t) => {
  const { connection } = await open(t, {
    greeting: () => new Promise((resolve) => setTimeout(resolve, 200, '220 mail.example.com')),
    say: (line) => (line === 'NOOP' ? new Promise((resolve) => setTimeout(resolve, 20, '250 Ok')) : healthy(line)),
  })
  await connection.greeting(GREETING_MS)
  const slowest: number[] = []
  const patience = (ms: number) => {
    slowest.push(ms)
    return 1_000
  }
  await connection.group(['NOOP', 'RSET'], { patience })
  assert.equal(slowest[0], 0, 'the greeting does not count')
  assert.ok((slowest[1] ?? 0) >= 15, String(slowest))
})
