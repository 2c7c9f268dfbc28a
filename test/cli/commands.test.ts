/** The command does more than one test: show, list, limits, vantages, and batches that go on and are compared. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { timeOf } from '../../src/cli/values.ts'
import { RelayTestClient } from '../../src/client/client.ts'
import { dnsServer } from '../harness/dns-server.ts'
import { folderOf } from '../harness/files.ts'
import { listening } from '../harness/listening.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { everyAddress } from '../harness/many-addresses.ts'
import { type Ran, runBuilt, runProgram } from '../harness/process.ts'
import { resultWith } from '../harness/result.ts'
import { startSandbox } from '../harness/sandbox.ts'
import { KEYS, programAt, ROOT, startService } from '../harness/service.ts'

const CLI = 'dist/cli/relay-test.js'

const linesOf = ({ stdout }: Ran): string[] => stdout.trimEnd().split('\n')
const rowsOf = (ran: Ran): Record<string, unknown>[] => linesOf(ran).map((line) => JSON.parse(line))

test('the command in the sandbox', async (t) => {
  const { url, key, env } = await startSandbox(t)
  const command = (...args: string[]) => runBuilt(CLI, args, env)
  const client = new RelayTestClient({ url, key })
  const open = await client.create({ ip: '192.0.2.2', reference: 'R2' })
  const shut = await client.create({ ip: '192.0.2.1', reference: 'R1' })

  await t.test('shows an earlier test by its id, the verdict first, and exits as the test did', async () => {
    const { code, stdout, stderr } = await command(open.id)
    assert.deepEqual([code, stderr], [1, ''])
    assert.match(stdout, /^OPEN {2}192\.0\.2\.2:25 \(example\.com\)\n(.*\n)+\n-- connecting to .*\n<- 220 .*\n-> EHLO /)
    const json = await command(shut.id, '--json')
    assert.deepEqual([JSON.parse(json.stdout), json.code], [shut, 0])
  })

  await t.test('follows an earlier test that still runs', async () => {
    const { id } = await client.create({ ip: '192.0.2.5' }, { respondAsync: true })
    const { code, stdout } = await command(id)
    assert.match(stdout, /^-- connecting to 192\.0\.2\.5:25\n(.*\n)+\nCLOSED {2}192\.0\.2\.5:25/)
    assert.equal(code, 0)
  })

  await t.test('says that there is no test with an id', async () => {
    const { code, stderr } = await command('7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d')
    assert.match(stderr, /^relay-test: [^\n]+ \(not-found\)\n$/)
    assert.equal(code, 3)
  })

  await t.test('lists earlier tests in every format', async () => {
    const table = await command('list', '--ip', '192.0.2.2', '--format', 'table')
    assert.match(
      table.stdout,
      /^OPEN {10}\d{4}-\d\d-\d\d \d\d:\d\d {2}[\da-f-]{36} {2}192\.0\.2\.2:25 {11}example\.com R2 .*\n$/,
    )
    assert.ok(table.stdout.includes(`  ${open.id}  `))
    assert.deepEqual([table.code, table.stderr], [0, ''])
    const [listed] = rowsOf(await command('list', '--reference', 'R1'))
    assert.deepEqual([listed?.id, listed?.verdict], [shut.id, 'closed'])
    assert.match((await command('list', '--reference', 'R1', '--format', 'csv')).stdout, /^verdict,.*\r\n"closed",/)
  })

  await t.test('shows the limits of the key, and the vantages', async () => {
    const limits = await command('limits')
    assert.match(limits.stdout, /^portal may test: sandbox-portal\nPorts: 25\. /)
    assert.match(
      limits.stdout,
      /\n {2}tests-caller +60 in 1 h +5\d left, all again at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +tests of one caller\n/,
    )
    assert.match(limits.stdout, /\nTo see what is left of the other quotas, give an address, .*\n$/)
    assert.equal(JSON.parse((await command('limits', '--json')).stdout).caller, 'portal')
    const ofTarget = await command('limits', '192.0.2.1:25')
    assert.doesNotMatch(ofTarget.stdout, /give an address/)
    assert.match(ofTarget.stdout, /\n {2}tests-customer +30 in 1 h +\d+ left/)
    assert.equal((await command('vantages')).stdout, 'default  up  IPv4\n')
    assert.equal(JSON.parse((await command('vantages', '--json')).stdout).vantages[0].name, 'default')
  })
})

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  assert.deepEqual(await runBuilt(CLI, ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

test('a time can be a date, a time, or so long ago', () => {
  const now = new Date('2027-02-01T12:00:00Z')
  for (const [text, time] of [
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T10:00:00+02:00', '2027-01-31T08:00:00.000Z'],
    ['90m', '2027-02-01T10:30:00.000Z'],
    ['24h', '2027-01-31T12:00:00.000Z'],
    ['7d', '2027-01-25T12:00:00.000Z'],
  ] as const) {
    assert.equal(timeOf('--since', text, now), time)
  }
  for (const text of ['', '7', '7w', 'yesterday', '2027-13-01', '1']) {
    assert.throws(() => timeOf('--since', text, now), /--since: enter a date, a time or a duration/)
  }
})

test('the command says what it waits for while the service cannot test', async (t) => {
  let refusals = 2
  const server = createServer((_request, response) => {
    const refuses = refusals > 0
    refusals -= 1
    const type = 'urn:relay-tests:problem:limits-unavailable'
    response.writeHead(refuses ? 503 : 201, {
      'content-type': refuses ? 'application/problem+json' : 'application/json',
      'retry-after': '1',
    })
    const refusal = { type, status: 503, detail: 'The quotas cannot be counted.' }
    response.end(JSON.stringify(refuses ? refusal : resultWith()))
  })
  const env = {
    RELAY_TESTS_URL: `http://127.0.0.1:${await listening(t, server, new Set())}`,
    RELAY_TESTS_KEY: KEYS.desk,
  }
  const said = 'relay-test: waiting: The quotas cannot be counted. (limits-unavailable)\n'
  const one = await runBuilt(CLI, ['203.0.113.25', '--json'], env)
  assert.deepEqual([one.code, one.stderr], [0, said])
  refusals = 2
  const file = join(folderOf(t, { 'targets.txt': '203.0.113.25\n' }), 'targets.txt')
  const many = await runBuilt(CLI, ['--file', file], env)
  assert.equal(many.stderr, `${said}relay-test: 1/1  0 open, 1 closed, 0 inconclusive, 0 error\n`)
})

test('a batch', async (t) => {
  const mail = await everyAddress(t)
  const relay = await scriptedServer(t, {
    say: (line, session) => (/^RCPT/.test(line) ? '250 ok' : closed(line, session)),
  })
  const dns = await dnsServer(t, {
    'example.net': { mx: [[10, 'mx.example.net']] },
    'mx.example.net': { a: ['127.0.0.11', '127.0.0.12', '127.0.2.1'] },
    'xn--mller-kva.example.net': { a: ['127.0.0.13'] },
  })
  const env = { ALLOWED_PORTS: `${mail.port},${relay.port}`, DNS_SERVERS: dns.address }
  const service = await startService(t, { env })
  const environment = { RELAY_TESTS_URL: service.url, RELAY_TESTS_KEY: KEYS.partner }
  const folder = folderOf(t)
  const at = (name: string) => join(folder, name)
  const command = (text: string, ...args: string[]) => {
    writeFileSync(at('targets.txt'), text)
    return runBuilt(CLI, ['--file', at('targets.txt'), '--port', `${mail.port}`, ...args], environment)
  }
  const tests = () => service.logs().filter(({ audit }) => audit === 'intent').length

  await t.test('takes addresses, host names and mail domains, also with other letters', async () => {
    const ran = await command(
      '127.0.0.10 T-1\nexample.net T-2\nmüller.example.net jane@example.com T-3\nnobody.example.net\n',
    )
    const found = rowsOf(ran).map(({ target, ip, domain, reference, verdict }) => [
      target,
      ip,
      domain,
      reference,
      verdict,
    ])
    assert.deepEqual(found.sort(), [
      ['127.0.0.10', '127.0.0.10', 'example.com', 'T-1', 'closed'],
      ['example.net', '127.0.0.11', 'example.net', 'T-2', 'closed'],
      ['example.net', '127.0.0.12', 'example.net', 'T-2', 'closed'],
      ['müller.example.net', '127.0.0.13', 'example.com', 'T-3', 'closed'],
      ['nobody.example.net', undefined, undefined, undefined, undefined],
    ])
    assert.equal(ran.code, 3)
    assert.match(ran.stderr, /^relay-test: skipped: this key may not test 127\.0\.2\.1\nrelay-test: 5\/5 /)
  })

  await t.test('tests a line at the port that it names, and the others at --port', async () => {
    const ran = await command(`127.0.0.1:${relay.port} example.net\n127.0.0.14\n`)
    const found = rowsOf(ran).map(({ target, port, verdict }) => [target, port, verdict])
    assert.deepEqual(found.sort(), [
      ['127.0.0.1', relay.port, 'open'],
      ['127.0.0.14', mail.port, 'closed'],
    ])
  })

  await t.test('is continued with --resume: only what is missing is tested, and the output is whole', async () => {
    const kept = at('kept.ndjson')
    const before = tests()
    await command('127.0.0.20\n127.0.2.1\n', '--resume', kept)
    assert.equal(tests(), before + 1)
    const whole = '127.0.0.20\n127.0.0.21 example.net\nexample.net\n127.0.2.1\n'
    const ran = await command(whole, '--resume', kept, '--format', 'csv')
    assert.equal(tests(), before + 4)
    assert.deepEqual(
      linesOf(ran)
        .slice(1)
        .map((line) => line.split(',')[4])
        .sort(),
      ['"127.0.0.11"', '"127.0.0.12"', '"127.0.0.20"', '"127.0.0.21"', '"127.0.2.1"'],
    )
    const again = await command(whole, '--resume', kept)
    assert.deepEqual([tests(), rowsOf(again).length, again.code], [before + 4, 5, 3])
  })

  await t.test('is compared with --diff: opened, closed, new and gone', async () => {
    const last = (await command('127.0.0.30\n127.0.0.31\n', '--at-once', '1')).stdout
    // One server is open the next time: another one answers at its port.
    const port = `${mail.port}`
    writeFileSync(at('last.ndjson'), last.replaceAll(`"port":${port}`, `"port":${relay.port}`))
    const args = ['--port', `${relay.port}`, '--diff', at('last.ndjson')]
    const ran = await command('127.0.0.1 example.net\n', ...args)
    assert.deepEqual(
      rowsOf(ran).map(({ ip, verdict, change, before }) => [ip, verdict, change, before]),
      [
        ['127.0.0.1', 'open', 'new', null],
        ['127.0.0.30', 'not-tested', 'gone', 'closed'],
        ['127.0.0.31', 'not-tested', 'gone', 'closed'],
      ],
    )
    assert.match(ran.stderr, /\nrelay-test: since the last time: 0 opened, 0 closed, 0 lost, 1 new, 2 gone\n$/)
    assert.equal(ran.code, 1)
    writeFileSync(at('last.ndjson'), ran.stdout.replace('"verdict":"open"', '"verdict":"closed"'))
    const opened = await command('127.0.0.1 example.net\n', ...args, '--format', 'table')
    assert.match(opened.stdout, /^OPEN {10}opened {2}127\.0\.0\.1:\d+ +example\.net +was closed\. .*\n$/)
  })

  await t.test('is a table on a terminal, with the line of progress below it', async () => {
    writeFileSync(at('targets.txt'), '127.0.0.40\n')
    const line = `${process.execPath} ${programAt(CLI)} --file ${at('targets.txt')} --port ${mail.port}`
    const { stdout } = await runProgram('script', ['--quiet', '--command', line, '/dev/null'], environment)
    assert.match(stdout, /\r\x1b\[K\x1b\[1;32mCLOSED {6}\x1b\[0m {2}127\.0\.0\.40:\d+ [^\n]*\r\n\r\[/)
    const plain = await runProgram('script', ['--quiet', '--command', line, '/dev/null'], {
      ...environment,
      NO_COLOR: '1',
    })
    assert.match(plain.stdout, /\r\x1b\[KCLOSED {8}127\.0\.0\.40/)
  })
})

test('the command loads nothing but its own files and Node, so that it starts fast', () => {
  const met = new Set<string>()
  const visit = (file: string) => {
    if (met.has(file)) return
    met.add(file)
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b(?! type )[^'"]*?\bfrom '([^']+)'/gm)
    for (const [, name = ''] of imports) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name))
      else assert.match(name, /^node:/, relative(ROOT, file))
    }
  }
  visit(join(ROOT, 'src/cli/relay-test.ts'))
  assert.ok(met.size > 20)
})
