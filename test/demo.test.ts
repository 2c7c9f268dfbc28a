/** The demo shows what README promises, and ends. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { ROOT } from './harness/service.ts'
import { until } from './harness/waiting.ts'

function startDemo(...options: string[]) {
  const args = ['--import', 'tsx', join(ROOT, 'demo/demo.ts'), ...options]
  const demo = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  return { demo, exited: once(demo, 'exit'), lines: createInterface({ input: demo.stdout }) }
}

/** The rows of the table: name, address, verdict, and why. */
const rowsIn = (text: string): string[][] =>
  [...text.matchAll(/^ {2}(an? .*?) {2,}(\S+) +(OPEN|CLOSED) +(.+)$/gm)].map((row) => row.slice(1))

test('the demo ends with a table of its servers with their verdicts, and without sessions', async () => {
  const { exited, lines } = startDemo('--once')
  const shown: string[] = []
  for await (const line of lines) shown.push(line)
  assert.deepEqual(await exited, [0, null])
  const rows = rowsIn(shown.join('\n'))
  assert.deepEqual(
    rows.map(([name, , verdict, why]) => [name, verdict, why]),
    [
      ['a closed one', 'CLOSED', 'It refused every attempt to relay.'],
      ['an open relay', 'OPEN', 'The server relays for anyone who uses a sender address at example.com.'],
      [
        'a catch-all',
        'CLOSED',
        'It accepts mail for any name at example.com, whether the mailbox exists or not. Other testers call it open.',
      ],
    ],
  )
  for (const [, address] of rows) assert.match(address ?? '', /^127\.0\.0\.1:\d+$/)
  assert.ok(shown.length <= 10, `${shown.length} lines`)
})

test('with --sessions the demo shows both reference dialogues and a catch-all, and ends', async () => {
  const { exited, lines } = startDemo('--once', '--sessions')
  const shown: string[] = []
  for await (const line of lines) shown.push(line)
  assert.deepEqual(await exited, [0, null])
  const text = shown.join('\n')
  const [, closed = '', open = '', catchAll = ''] = text.split(/^\d\. /m)
  assert.match(closed, /^CLOSED {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  assert.match(
    closed,
    /^-> MAIL FROM:<sender@example\.com>\n<- 250 .*\n-> RCPT TO:<([a-z2-7]{16}@test\.org\.au)>\n<- 554 5\.7\.1 <\1>: Relay access denied$/m,
  )
  assert.match(open, /^OPEN {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  assert.match(open, /^The server relays for anyone who uses a sender address at example\.com\.$/m)
  assert.match(
    open,
    /^-> MAIL FROM:<sender@example\.com>\n<- 250 .*\n-> RCPT TO:<[a-z2-7]{16}@test\.org\.au>\n<- 250 .*\n-> DATA\n<- 354 .*\n(-> .*\n)+-> \.\n<- 250 Ok: queued as \w+$/m,
  )
  assert.match(open, /^evidence delivered, cause own-domain-sender/m)
  assert.match(catchAll, /^CLOSED {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  assert.match(
    catchAll,
    /^The server does not relay\. It accepts mail for any name at example\.com, whether the mailbox exists or not\.$/m,
  )
  assert.doesNotMatch(text, /\x1b/, 'no colours for a pipe')
})

test('the page, the keys and the command that the demo prints work as written, until the demo is ended', async (t) => {
  const { demo, exited, lines } = startDemo()
  t.after(() => demo.kill('SIGKILL'))
  const shown: string[] = []
  for await (const line of lines) {
    shown.push(line)
    if (line.startsWith('The service and')) break
  }
  const text = shown.join('\n')
  const [, page = '', key = ''] = /open (\S+) and paste the key (\S+);/.exec(text) ?? []
  assert.match(await (await fetch(page)).text(), /<title>/)
  const [, sandboxKey = ''] = /^ {2}sandbox +the key (\S+) /m.exec(text) ?? []
  for (const bearer of [key, sandboxKey]) {
    const { status } = await fetch(new URL('/customers', page), { headers: { authorization: `Bearer ${bearer}` } })
    assert.equal(status, 200, bearer)
  }
  const [, command = ''] = /^ {2}in a terminal +(.*)$/m.exec(text) ?? []
  const ran = spawnSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' })
  assert.equal(ran.status, 1, 'the exit code for an open relay')
  assert.match(ran.stdout, /^OPEN {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  demo.kill('SIGINT')
  assert.deepEqual(await exited, [0, null])
})

test('the demo says where the service is if port 3000 is in use, and not only in its table', async (t) => {
  const stranger = createServer()
  t.after(() => stranger.close())
  // Fails if another program of this machine has the port already.
  await Promise.allSettled([once(stranger.listen(3000, '127.0.0.1'), 'listening')])
  const { demo, exited, lines } = startDemo()
  t.after(() => demo.kill('SIGKILL'))
  const shown: string[] = []
  for await (const line of lines) {
    shown.push(line)
    if (line.startsWith('The service and')) break
  }
  const [, said = ''] =
    /^Port 3000 is in use, so the service is at (\S+)\. .* http:\/\/127\.0\.0\.1:3000\.$/m.exec(shown.join('\n')) ?? []
  assert.equal((await fetch(`${said}/livez`)).status, 200)
  demo.kill('SIGINT')
  assert.deepEqual(await exited, [0, null])
})

test('the demo refuses an option that it does not have, and names those that it has', () => {
  const args = ['--import', 'tsx', join(ROOT, 'demo/demo.ts'), '--sesions']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  assert.deepEqual(
    [status, stdout, stderr],
    [2, '', "Unknown option '--sesions'. The options of the demo are --once and --sessions.\n"],
  )
})

/** The service that a demo has started. */
async function serviceOf({ pid }: ChildProcess): Promise<string> {
  return until('the service', () => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []
    return children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('dist/server.js'))
  })
}

test('a signal ends the demo and its service, even before the service is ready', async (t) => {
  const { demo, exited } = startDemo()
  t.after(() => demo.kill('SIGKILL'))
  const service = await serviceOf(demo)
  demo.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
  await until('the end of the service', () => !existsSync(`/proc/${service}`))
})

test('npm run demo is the demo itself, so that a signal to npm reaches it and not only a shell', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  assert.match(scripts.demo, /&& exec tsx demo\/demo\.ts$/)
})

test('the demo leaves no service behind when nobody reads on', async (t) => {
  const { demo, exited, lines } = startDemo('--once')
  t.after(() => demo.kill('SIGKILL'))
  await once(lines, 'line')
  const service = await serviceOf(demo)
  demo.stdout.destroy()
  await exited
  await until('the end of the service', () => !existsSync(`/proc/${service}`))
})
