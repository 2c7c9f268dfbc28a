/** The command relay-test sweep, run as a user runs it, against a service with one sweep. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitCodeOf } from '../../../src/cli/ending.ts'
import { endingsOf } from '../../../src/cli/sweep/watch.ts'
import { folderOf } from '../../harness/files.ts'
import { keyOf } from '../../harness/http.ts'
import { closed, open } from '../../harness/mail-scripts.ts'
import { scriptedServer } from '../../harness/mail-server.ts'
import { runBuilt, runProgram } from '../../harness/process.ts'
import { SWEEP_ID, sweepResultWith, sweepService, sweepWith } from '../../harness/scripted-sweep.ts'
import { programAt, startService } from '../../harness/service.ts'
import { SECURITY, SWEEP_CALLERS } from '../../harness/sweeps.ts'
import { until } from '../../harness/waiting.ts'

const CLI = 'dist/cli/relay-test.js'

const environmentOf = ({ url }: { readonly url: string }) => ({ RELAY_TESTS_URL: url })

const since = '2026-12-24T03:05:06.789Z'
const RESULTS = [
  sweepResultWith({ ip: '203.0.113.1' }),
  sweepResultWith({ ip: '203.0.113.2', verdict: 'open', lastVerdict: 'open', openSince: since }),
  sweepResultWith({ ip: '203.0.113.3', change: 'closed' }),
  sweepResultWith({ ip: '203.0.113.4', change: 'new' }),
  sweepResultWith({ ip: '203.0.113.5', change: 'new', verdict: 'open', lastVerdict: 'open' }),
  sweepResultWith({ ip: '203.0.113.6', change: 'opened', verdict: 'open', lastVerdict: 'open', domain: 'example.com' }),
  sweepResultWith({
    ip: '203.0.113.7',
    change: 'lost',
    state: 'skipped',
    verdict: null,
    says: 'It may not be tested.',
  }),
  sweepResultWith({ ip: '203.0.113.8', verdict: 'inconclusive', lastVerdict: 'open', openSince: since }),
]
const SWEEP = sweepWith({
  progress: { targets: 8, tested: 7, skipped: 1, running: 0, waiting: 0 },
  verdicts: { open: 3, closed: 3, inconclusive: 1 },
  changes: { against: SWEEP_ID, opened: 1, closed: 1, new: 2, lost: 1, stillOpen: 1 },
})
const RUNNING = sweepWith({
  ...{ status: 'running', finishedAt: null },
  progress: { targets: 8, tested: 1, skipped: 0, running: 2, waiting: 5 },
  verdicts: { open: 0, closed: 1, inconclusive: 0 },
})

/** The line below an open server. */
const SEE = ` see relay-test ${sweepResultWith().testId}`

/** Returns the lines of a text without spaces at their ends, each with one space between columns. */
const linesIn = (text: string): string[] => text.split('\n').map((line) => line.trimEnd().replace(/ +/g, ' '))

test('a sweep that has ended is shown with what has changed: the worst first', async (t) => {
  const { code, stdout, stderr } = await runBuilt(
    CLI,
    ['sweep', 'show', SWEEP_ID],
    environmentOf(await sweepService(t, [SWEEP], RESULTS)),
  )
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(linesIn(stdout), [
    'FINISHED weekly',
    '7 of 8 tested: 3 open, 3 closed, 1 inconclusive; 1 skipped.',
    'Since the sweep before: 1 opened, 1 closed again, 1 lost, 2 new, 1 still open.',
    `2027-01-02 03:04 to 2027-01-02 04:05 UTC, suite standard, proof message, id ${SWEEP_ID}`,
    '',
    'Opened: 1',
    'OPEN opened 203.0.113.6:25 acme example.com',
    SEE,
    '',
    'New, and open: 1',
    'OPEN new 203.0.113.5:25 acme',
    SEE,
    '',
    'Closed again: 1',
    'CLOSED closed 203.0.113.3:25 acme',
    '',
    'Lost: 1',
    'SKIPPED lost 203.0.113.7:25 acme It may not be tested.',
    '',
    'New, and not open: 1',
    'CLOSED new 203.0.113.4:25 acme',
    '',
    'Still open: 1',
    'OPEN 203.0.113.2:25 acme open since 2026-12-24',
    SEE,
    '',
    'Open before, and no clear answer now',
    'INCONCLUSIVE 203.0.113.8:25 acme open since 2026-12-24',
    '',
  ])
})

test('the first sweep of a name shows its open servers, and where the others of a long list are', async (t) => {
  const results = Array.from({ length: 21 }, (_, n) => sweepResultWith({ ip: `203.0.113.${n}`, verdict: 'open' }))
  const sweep = sweepWith({ verdicts: { open: 21, closed: 0, inconclusive: 0 } })
  const { stdout } = await runBuilt(
    CLI,
    ['sweep', 'show', SWEEP_ID],
    environmentOf(await sweepService(t, [sweep], results)),
  )
  assert.match(stdout, /\n\nOpen: 21\nOPEN .*\n/)
  assert.equal(stdout.match(/^OPEN /gm)?.length, 20)
  assert.match(stdout, new RegExp(`\nMore: relay-test sweep results ${SWEEP_ID} --verdict open\n$`))
})

test('on a terminal, what was opened is red, and what is closed again is green', async (t) => {
  const line = `${process.execPath} ${programAt(CLI)} sweep show ${SWEEP_ID}`
  const shown = await runProgram(
    'script',
    ['--quiet', '--command', line, '/dev/null'],
    environmentOf(await sweepService(t, [SWEEP], RESULTS)),
  )
  assert.match(shown.stdout, /\x1b\[1;31mOpened: 1\x1b\[0m\r\n\x1b\[1;31mOPEN {8}\x1b\[0m {2}opened {2}203\.0\.113\.6/)
  assert.match(shown.stdout, /\x1b\[1;32mClosed again: 1\x1b\[0m\r\n\x1b\[1;32mCLOSED {6}\x1b\[0m {2}closed/)
})

test('--wait waits for the end, and exits as the worst server did', async (t) => {
  const service = await sweepService(t, [RUNNING, { ...RUNNING, says: 'Testing is switched off.' }, SWEEP], RESULTS)
  const ran = await runBuilt(CLI, ['sweep', 'show', SWEEP_ID, '--wait', '--json'], environmentOf(service))
  assert.deepEqual([ran.code, JSON.parse(ran.stdout)], [1, SWEEP])
  assert.deepEqual(ran.stderr.split('\n'), [
    'relay-test: Testing is switched off.',
    'relay-test: 8/8  3 open, 3 closed, 1 inconclusive; 1 skipped',
    '',
  ])
  const line = `${process.execPath} ${programAt(CLI)} sweep show ${SWEEP_ID} --wait`
  const again = await sweepService(t, [RUNNING, RUNNING, SWEEP], RESULTS)
  const shown = await runProgram('script', ['--quiet', '--command', line, '/dev/null'], environmentOf(again))
  assert.match(shown.stdout, /\r\[###\.{21}\] 1\/8 {2}0 open, 1 closed, 0 inconclusive; 2 running; 5 waiting\x1b\[K/)
  assert.match(shown.stdout, /\r\[#{24}\] 8\/8 [^\r]*\r\nFINISHED {2}weekly\r\n/)
})

test('--wait goes on when the service was away for a moment, and says so', async (t) => {
  const service = await sweepService(t, [RUNNING, RUNNING, 'away', 'away', SWEEP], RESULTS)
  const ran = await runBuilt(CLI, ['sweep', 'show', SWEEP_ID, '--wait', '--json'], environmentOf(service))
  assert.deepEqual([ran.code, JSON.parse(ran.stdout)], [1, SWEEP])
  assert.match(ran.stderr, /^relay-test: waiting: http:\S+ cannot be reached: [^\n]+\nrelay-test: 8\/8 /)
})

test('a server that was not tested is worse than one without a clear answer, and better than an open one', () => {
  const codeOf = (open: number, skipped: number, inconclusive: number, closed: number) =>
    exitCodeOf(
      endingsOf(
        sweepWith({
          progress: { targets: 9, tested: 9, skipped, running: 0, waiting: 0 },
          verdicts: { open, closed, inconclusive },
        }),
      ),
    )
  assert.deepEqual([codeOf(0, 0, 0, 1), codeOf(0, 0, 1, 1), codeOf(0, 1, 1, 1), codeOf(1, 1, 1, 1)], [0, 2, 3, 1])
  const stopped = sweepWith({ progress: { targets: 3, tested: 2, skipped: 0, running: 0, waiting: 1 } })
  assert.equal(exitCodeOf(endingsOf(stopped)), 3)
})

test('Ctrl-C ends the wait alone, and says how to see the sweep again', async (t) => {
  const service = await sweepService(t, [RUNNING])
  const child = spawn(process.execPath, [programAt(CLI), 'sweep', 'show', SWEEP_ID, '--wait'], {
    env: environmentOf(service),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    said += chunk
  })
  const ended = once(child, 'close')
  await until('the wait', () => service.asked.length >= 2)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [130, null])
  const [see, stop] = [`relay-test sweep show ${SWEEP_ID} --wait`, `relay-test sweep stop ${SWEEP_ID}`]
  assert.equal(said, `relay-test: the sweep goes on. See it: ${see}. Stop it: ${stop}\n`)
  assert.deepEqual([...new Set(service.asked)], [`GET /sweeps/${SWEEP_ID}`])
})

test('results are NDJSON or a table, and sweeps are lines', async (t) => {
  const env = environmentOf(await sweepService(t, [SWEEP], RESULTS, 3))
  const ndjson = await runBuilt(CLI, ['sweep', 'results', SWEEP_ID, '--verdict', 'open'], env)
  assert.deepEqual(
    ndjson.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    RESULTS.filter(({ verdict }) => verdict === 'open'),
  )
  const table = await runBuilt(CLI, ['sweep', 'results', SWEEP_ID, '--change', 'lost', '--format', 'table'], env)
  assert.deepEqual(linesIn(table.stdout), ['SKIPPED lost 203.0.113.7:25 acme It may not be tested.', ''])
  const list = await runBuilt(CLI, ['sweep', 'list', 'weekly'], env)
  assert.match(list.stdout, /^FINISHED {2}weekly .* 8\/8 .*\n$/)
  assert.deepEqual(JSON.parse((await runBuilt(CLI, ['sweep', 'list', '--json'], env)).stdout), SWEEP)
})

test('relay-test sweep --help prints its own help', async () => {
  const { code, stdout, stderr } = await runBuilt(CLI, ['sweep', 'start', '--help'])
  assert.deepEqual([code, stderr], [0, ''])
  const words = [
    'start NAME',
    'list [NAME]',
    'show ID',
    'results ID',
    'stop ID',
    '--customers all|ID,ID',
    '--file FILE',
  ]
  for (const word of [...words, '--spread', '--suite', '--proof', '--wait', '--change', '--state', 'Ctrl-C (130)']) {
    assert.ok(stdout.includes(word), word)
  }
  assert.match((await runBuilt(CLI, ['--help'])).stdout, /see relay-test sweep --help/)
})

test('sweeps of real servers', async (t) => {
  const hosts = ['127.0.0.1', '127.0.1.1', '127.0.2.1']
  const opened = new Set(['127.0.1.1'])
  const server = await scriptedServer(
    t,
    { say: (line, session) => (opened.has(session.address) ? open : closed)(line, session) },
    { hosts },
  )
  const { port } = server
  const servers = hosts.map((ip) => `{ ip: ${ip}, port: ${port} }`).join(', ')
  const service = await startService(t, {
    callers: SWEEP_CALLERS,
    customers: `customers: [{ id: acme, name: Acme, networks: [127.0.0.0/16], domains: [example.com], servers: [${servers}] }]`,
    env: { ALLOWED_PORTS: `${port}` },
  })
  const folder = folderOf(t)
  const file = join(folder, 'targets.txt')
  const commandOf =
    (key: string) =>
    (...args: string[]) =>
      runBuilt(CLI, ['sweep', ...args], { RELAY_TESTS_URL: service.url, RELAY_TESTS_KEY: key })
  const command = commandOf(SECURITY)
  const idOf = async (name: string): Promise<string> =>
    JSON.parse((await command('list', name, '--json')).stdout.split('\n')[0] ?? '').id

  await t.test('can be awaited: the first one shows what is open', async () => {
    const { code, stdout, stderr } = await command('start', 'weekly', '--customers', 'all', '--wait')
    assert.match(
      stdout,
      /^FINISHED {2}weekly\n3 of 3 tested: 1 open, 2 closed, 0 inconclusive\.\n[^\n]* all customers, /,
    )
    assert.match(
      stdout,
      /\n\nOpen: 1\nOPEN {18}127\.0\.1\.1:\d+ +acme +open since \d{4}-\d\d-\d\d\n {2}see relay-test \S+\n$/,
    )
    assert.match(stderr, /^relay-test: the sweep has begun; its id is \S+\n(relay-test: .*\n)*$/)
    assert.equal(code, 1)
  })

  await t.test('are compared with the one before, also with targets of a file', async () => {
    opened.clear()
    opened.add('127.0.0.1')
    writeFileSync(file, `127.0.0.1:${port} T-1\n127.0.1.1:${port}\n`)
    const { code, stdout } = await command('start', 'weekly', '--file', file, '--wait')
    const facts = ['Opened: 1', 'OPEN opened 127.0.0.1', 'Closed again: 1', 'CLOSED closed 127.0.1.1', 'Lost: 1']
    const lines = linesIn(stdout).filter((line) => /^[A-Z].*( \d+\.\d+\.|: \d$)/.test(line))
    assert.deepEqual(
      lines.slice(0, 5).map((line, index) => line.slice(0, facts[index]?.length)),
      facts,
    )
    assert.match(lines.at(-1) ?? '', /^SKIPPED lost 127\.0\.2\.1:\d+ acme \w/)
    assert.equal(code, 1)
  })

  await t.test('have results as NDJSON and as CSV', async () => {
    const id = await idOf('weekly')
    const { stdout } = await command('results', id, '--change', 'opened')
    const { ip, reference, verdict } = JSON.parse(stdout)
    assert.deepEqual([ip, reference, verdict], ['127.0.0.1', 'T-1', 'open'])
    const csv = await command('results', id, '--verdict', 'open', '--format', 'csv')
    assert.match(csv.stdout, /^ip,port,.*\r\n"?127\.0\.0\.1"?,.*\r\n$/)
    assert.deepEqual([csv.code, csv.stderr], [0, ''])
  })

  await t.test('are refused with what to do: wrong lines, a sweep that runs, a key without sweeps', async () => {
    writeFileSync(file, `# two\n127.0.0.1:${port}\n192.0.2.1:${port}\n127.0.0.2:${port + 1}\n`)
    const wrong = await command('start', 'wrong', '--file', file)
    assert.match(wrong.stderr, /^relay-test: \S+targets\.txt:4: port: [^\n]+; see relay-test sweep --help\n$/)
    writeFileSync(file, `# two\n127.0.0.1:${port}\n192.0.2.1:${port}\n`)
    const foreign = await command('start', 'wrong', '--file', file)
    assert.match(foreign.stderr, /^relay-test: \S+targets\.txt:3: ip: [^\n]+; see relay-test sweep --help\n$/)
    const name = await command('start', 'no name', '--customers', 'all')
    assert.match(
      name.stderr,
      /^relay-test: the name of the sweep must be a name [^\n]+; see relay-test sweep --help\n$/,
    )
    const customer = await command('start', 'wrong', '--customers', 'acme,beta')
    assert.match(
      customer.stderr,
      /^relay-test: --customers: this key may not test for customer beta; see relay-test sweep --help\n$/,
    )
    const unknown = await command('show', SWEEP_ID)
    assert.match(unknown.stderr, /^relay-test: There is no such sweep[^\n]* \(not-found\)\n$/)
    const denied = await commandOf(keyOf('d'))('start', 'weekly', '--customers', 'all')
    assert.match(denied.stderr, /^relay-test: This key may not [^\n]+ \(sweeps-not-allowed\)\n$/)
    assert.deepEqual(
      [wrong, foreign, name, customer, unknown, denied].map(({ code }) => code),
      [3, 3, 3, 3, 3, 3],
    )
  })

  await t.test('can be stopped: what was not tested is an error', async () => {
    opened.clear()
    const started = await command('start', 'slow', '--customers', 'acme', '--spread', '7d', '--json')
    const { id, status, spread } = JSON.parse(started.stdout)
    assert.deepEqual([started.code, status, spread], [0, 'running', '7d'])
    const again = await command('start', 'slow', '--customers', 'acme')
    assert.equal(
      again.stderr,
      `relay-test: a sweep of this name runs already (sweep-running). See it: relay-test sweep show ${id} --wait. Stop it: relay-test sweep stop ${id}\n`,
    )
    const stopped = await command('stop', id)
    assert.match(stopped.stdout, /^STOPPED {2}slow\n/)
    const shown = await command('show', id, '--wait')
    assert.deepEqual([stopped.code, shown.code], [0, 3])
  })
})
