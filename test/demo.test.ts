/** The demo shows what README promises, and ends. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
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

test('the demo shows both reference dialogues and a catch-all with their verdicts, and ends', async () => {
  const { exited, lines } = startDemo('--once')
  const shown: string[] = []
  for await (const line of lines) shown.push(line)
  assert.deepEqual(await exited, [0, null])
  const text = shown.join('\n')
  const [, closed = '', open = '', catchAll = ''] = text.split(/^\d\. /m)
  assert.match(closed, /^CLOSED {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  assert.match(
    closed,
    /^MAIL FROM:<sender@example\.com>\n250 .*\nRCPT TO:<([a-z2-7]{16}@test\.org\.au)>\n554 5\.7\.1 <\1>: Relay access denied$/m,
  )
  assert.match(open, /^OPEN {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  assert.match(open, /^The server relays for anyone who uses a sender address at example\.com\.$/m)
  assert.match(
    open,
    /^MAIL FROM:<sender@example\.com>\n250 .*\nRCPT TO:<[a-z2-7]{16}@test\.org\.au>\n250 .*\nDATA\n354 .*\n(.*\n)+\.\n250 Ok: queued as \w+$/m,
  )
  assert.match(open, /^evidence delivered, cause own-domain-sender/m)
  assert.match(catchAll, /^CLOSED {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  assert.match(
    catchAll,
    /^The server does not relay\. It accepts mail for any name at example\.com, whether the mailbox exists or not\.$/m,
  )
  assert.doesNotMatch(text, /\x1b/, 'no colours for a pipe')
})

test('the curl line that the demo prints works as written, until the demo is ended', async (t) => {
  const { demo, exited, lines } = startDemo()
  t.after(() => demo.kill('SIGKILL'))
  const shown: string[] = []
  for await (const line of lines) {
    shown.push(line)
    if (line.startsWith('The closed one')) break
  }
  const text = shown.join('\n')
  const command = text.slice(text.indexOf('  curl '), text.indexOf('The closed one'))
  const answer = execFileSync('sh', ['-c', command], { encoding: 'utf8' })
  assert.match(answer, /^OPEN {2}127\.0\.0\.1:\d+ \(example\.com\)$/m)
  demo.kill('SIGINT')
  assert.deepEqual(await exited, [0, null])
})

test('the demo leaves no service behind when nobody reads on', async (t) => {
  const { demo, exited, lines } = startDemo('--once')
  t.after(() => demo.kill('SIGKILL'))
  await once(lines, 'line')
  const children = readFileSync(`/proc/${demo.pid}/task/${demo.pid}/children`, 'utf8').match(/\d+/g) ?? []
  const service = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/server.js'))
  assert.ok(service)
  demo.stdout.destroy()
  await exited
  await until('the end of the service', () => !existsSync(`/proc/${service}`))
})
