/** The command relay-test, run as a user runs it, against the built service. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { relayTest } from '../../src/contract/relay-test.ts'
import { dnsServer } from '../harness/dns-server.ts'
import { folderOf } from '../harness/files.ts'
import { keyOf } from '../harness/http.ts'
import { closed, deadPort, gatedServer, open } from '../harness/mail-scripts.ts'
import { healthy, scriptedServer } from '../harness/mail-server.ts'
import { everyAddress } from '../harness/many-addresses.ts'
import { type Ran, runBuilt, runProgram } from '../harness/process.ts'
import { KEYS, programAt, ROOT, startService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

const CLI = 'dist/cli/relay-test.js'

/** Returns the environment for the command: the address of a service, and a key. */
const environmentOf = (url: string, key: string = KEYS.partner) => ({ RELAY_TESTS_URL: url, RELAY_TESTS_KEY: key })

/** Runs a shell command on a terminal, and returns what it shows. */
async function onTerminal(line: string, env: Readonly<Record<string, string>>): Promise<string> {
  return (await runProgram('script', ['--quiet', '--command', line, '/dev/null'], env)).stdout
}

/** Returns a function that runs the command against a service. */
const commandFor =
  (url: string, key: string = KEYS.partner) =>
  (...args: string[]): Promise<Ran> =>
    runBuilt(CLI, args, environmentOf(url, key))

/** Checks that the command printed one line on standard error, nothing else, and ended with 3. */
function assertOneLine({ code, stdout, stderr }: Ran, what: RegExp): void {
  assert.match(stderr, /^relay-test: [^\n]+\n$/)
  assert.match(stderr, what)
  assert.deepEqual([code, stdout], [3, ''])
}

test('one target', async (t) => {
  const shut = await gatedServer(t, closed)
  const relay = await scriptedServer(t, { say: open })
  const pipelining = await scriptedServer(t, {
    say: (line) => (/^RCPT/.test(line) ? '554 5.7.1 Relay access denied' : healthy(line)),
  })
  const dead = await deadPort()
  const ports = [shut.server.port, relay.port, pipelining.port, dead]
  const dns = await dnsServer(t, {
    'example.net': {
      mx: [
        [20, 'mx2.example.net'],
        [10, 'mx1.example.net'],
      ],
    },
    'mx1.example.net': { a: ['127.0.0.1'] },
    'mx2.example.net': { a: ['127.0.0.2'] },
    'mail.example.net': { a: ['127.0.2.1', '127.0.0.1'] },
    'foreign.example.net': { a: ['127.0.2.1'] },
    'shared.example.net': { a: ['127.0.1.1', '127.0.0.1'] },
    'failing.example.net': 'failing',
  })
  const service = await startService(t, { env: { ALLOWED_PORTS: ports.join(','), DNS_SERVERS: dns.address } })
  const relayTestCommand = commandFor(service.url)
  const at = (port: number) => ['127.0.0.1', '--port', `${port}`]

  await t.test('that is closed exits with 0, and shows the session before the verdict', async () => {
    const { code, stdout, stderr } = await relayTestCommand(...at(shut.server.port), '--reference', 'TICKET-4711')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^-- connecting to 127\.0\.0\.1:\d+\n<- 220 mail\.example\.com ESMTP\n-> EHLO .*\n<- 250 mail/)
    assert.match(
      stdout,
      /\n-> RCPT TO:<.*>\n<- 554 5\.7\.1 .*\n(.*\n)+\nCLOSED {2}127\.0\.0\.1:\d+ \(example\.com\)\n(.*\n)+\nDecided by\n/,
    )
    assert.match(stdout, /TICKET-4711/)
    assert.doesNotMatch(stdout, /\x1b/)
  })

  await t.test('that is open exits with 1', async () => {
    const { code, stdout } = await relayTestCommand(...at(relay.port))
    assert.match(stdout, /^OPEN {2}/m)
    assert.equal(code, 1)
  })

  await t.test('with a known mailbox: the facts name it', async () => {
    const { code, stdout } = await relayTestCommand(...at(shut.server.port), '--known-mailbox', 'jane@example.net')
    assert.match(
      stdout,
      /\nCLOSED {2}127\.0\.0\.1:\d+ \(example\.net\)\n(.*\n)+.*, known mailbox jane@example\.net, id /,
    )
    assert.equal(code, 0)
  })

  await t.test(
    'with its port after it, and a mail address: its domain is tested, and the mailbox is known',
    async () => {
      const { code, stdout } = await relayTestCommand(`127.0.0.1:${relay.port}`, '--json')
      assert.deepEqual([JSON.parse(stdout).port, code], [relay.port, 1])
      const mail = await relayTestCommand('jane@mail.example.net', '--port', `${shut.server.port}`, '--json')
      const { ip, domain, knownMailbox } = JSON.parse(mail.stdout)
      assert.deepEqual([ip, domain, knownMailbox], ['127.0.0.1', 'mail.example.net', 'jane@mail.example.net'])
    },
  )

  await t.test('that does not answer exits with 2, and says so', async () => {
    const { code, stdout } = await relayTestCommand(...at(dead))
    assert.match(stdout, /^-- no connection: connection-refused/m)
    assert.match(stdout, /^INCONCLUSIVE {2}/m)
    assert.equal(code, 2)
  })

  await t.test('shows each reply under its command, also with pipelining', async () => {
    const { stdout } = await relayTestCommand(...at(pipelining.port))
    assert.match(stdout, /\n-> MAIL FROM:<.+>\n<- 250 .*\n-> RCPT TO:<.+>\n<- 554 .*\n-> RSET\n<- 250 .*\n-> MAIL FROM/)
  })

  await t.test('is shown while the test runs', async () => {
    const stalled = shut.hold(/^RCPT/)
    const child = spawn(process.execPath, [programAt(CLI), ...at(shut.server.port)], {
      env: environmentOf(service.url),
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      shown += chunk
    })
    const ended = once(child, 'close')
    await inTime('the command', stalled)
    await until('the command on the screen', () => /\n-> RCPT TO:<.*>\n$/.test(shown))
    shut.release()
    assert.deepEqual(await ended, [0, null])
  })

  await t.test('is no longer tested when the command is interrupted', async () => {
    const stalled = shut.hold(/^RCPT/)
    const options = { env: environmentOf(service.url), stdio: 'ignore' } as const
    const child = spawn(process.execPath, [programAt(CLI), ...at(shut.server.port)], options)
    await inTime('the command', stalled)
    const told = shut.server.lines.length
    const ended = once(child, 'close')
    child.kill('SIGINT')
    assert.deepEqual(await ended, [130, null])
    for (let round = 0; round < 3; round += 1) await service.fetch('/livez')
    shut.release()
    await until('QUIT', () => shut.server.lines.slice(told).includes('QUIT'))
    assert.deepEqual(shut.server.lines.slice(told), ['QUIT'])
  })

  await t.test('is printed as one line of JSON with --json', async () => {
    const options = [
      '--domain',
      'example.net',
      '--suite',
      'standard',
      '--proof',
      'recipient',
      '--reference',
      'R 1',
      '--vantage',
      'default',
    ]
    const { code, stdout } = await relayTestCommand(...at(relay.port), '--json', ...options)
    assert.equal(stdout.split('\n').length, 2)
    const result = relayTest.parse(JSON.parse(stdout))
    assert.deepEqual(
      [result.verdict, result.domain, result.suite, result.proof, result.reference, code],
      ['inconclusive', 'example.net', 'standard', 'recipient', 'R 1', 2],
    )
  })

  await t.test('is shown in colour on a terminal, unless NO_COLOR is set', async () => {
    const line = `${process.execPath} ${programAt(CLI)} ${at(relay.port).join(' ')}`
    const shown = await onTerminal(line, { ...environmentOf(service.url), NO_COLOR: '' })
    assert.match(shown, /\x1b\[1m-> EHLO /)
    assert.match(shown, /\x1b\[3m<- 250 /)
    assert.match(shown, /\x1b\[1;31mOPEN {2}127/)
    assert.match(shown, /Decided by\r\n\x1b\[1;31m-> RCPT TO/)
    assert.doesNotMatch(await onTerminal(line, { ...environmentOf(service.url), NO_COLOR: '1' }), /\x1b/)
  })

  await t.test(
    'that is a host name: each address that may be tested is tested; the worst sets the exit code',
    async () => {
      const { code, stdout, stderr } = await relayTestCommand('mail.example.net', '--port', `${relay.port}`, '--json')
      const { ip, domain, domainSource } = JSON.parse(stdout)
      assert.deepEqual([code, ip, domain, domainSource], [1, '127.0.0.1', 'example.com', 'customer'])
      assert.equal(stderr, 'relay-test: skipped: this key may not test 127.0.2.1\n')
    },
  )

  await t.test('that is a host name: the other addresses are tested if one is refused', async () => {
    // Customer beta owns 127.0.1.1 and has no domain.
    const options = ['--port', `${relay.port}`, '--domain', 'example.com', '--json']
    const { code, stdout, stderr } = await relayTestCommand('shared.example.net', ...options)
    const { ip, verdict } = JSON.parse(stdout)
    assert.deepEqual([ip, verdict, code], ['127.0.0.1', 'open', 1])
    assert.match(stderr, /^relay-test: --domain: [^\n]+ \(domain-not-listed\)\n$/)
  })

  await t.test('that is a mail domain: each of its mail servers is tested, with that domain', async () => {
    for (const [options, expected] of [
      [[], 'example.net'],
      [['--domain', 'sub.example.com'], 'sub.example.com'],
    ] as const) {
      const { code, stdout } = await relayTestCommand('example.net', '--port', `${dead}`, '--json', ...options)
      const results = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.deepEqual(
        results.map(({ ip, domain, domainSource }) => [ip, domain, domainSource]),
        [
          ['127.0.0.1', expected, 'request'],
          ['127.0.0.2', expected, 'request'],
        ],
      )
      assert.equal(code, 2)
    }
  })

  await t.test('that is a name of several addresses: the last line counts the verdicts', async () => {
    const { stdout } = await relayTestCommand('example.net', '--port', `${dead}`)
    assert.match(stdout, /\n\nexample\.net: 2 addresses: 0 open, 0 closed, 2 inconclusive, 0 error\n$/)
    const { stdout: one } = await relayTestCommand('mail.example.net', '--port', `${dead}`)
    assert.doesNotMatch(one, /addresses:/)
  })

  await t.test('that is a name without a testable address: the error says why', async () => {
    for (const [name, why] of [
      ['foreign.example.net', /has no address that can be tested: this key may not test 127\.0\.2\.1$/m],
      ['no-such.example.net', /no-such\.example\.net has no address that can be tested$/m],
      [
        'failing.example.net',
        /: no DNS answer for failing\.example\.net \(MX\); no DNS answer for failing\.example\.net \(A\); /,
      ],
      ['no_name.example.net', /^relay-test: enter an IP address, a host name .*, not "no_name\.example\.net"; see /m],
    ] as const) {
      assertOneLine(await relayTestCommand(name), why)
    }
  })

  await t.test('that is refused: one line names the wrong option', async () => {
    for (const [args, what] of [
      [['127.0.0.1', '--port', '26'], /: --port: .* \(invalid-request\)/],
      [
        [...at(dead), '--domain', 'no domain'],
        /: --domain: must be a mail domain of letters, digits and hyphens, such as "example\.com" \(invalid-request\)/,
      ],
      [[...at(dead), '--domain', 'example.org'], /: --domain: .* \(domain-not-listed\)/],
      [
        [...at(dead), '--known-mailbox', 'jane'],
        /: --known-mailbox: must be a mailbox, .* with exactly one @ \(invalid-request\)/,
      ],
      [[...at(dead), '--known-mailbox', 'jane@example.org'], /: --known-mailbox: .* \(domain-not-listed\)/],
      [[...at(dead), '--reference', 'é\n\x1b[31m'], /: --reference: .* \(invalid-request\)/],
      [
        [...at(dead), '--vantage', 'per-1'],
        /: --vantage: there is no vantage per-1: relay-test vantages lists them \(vantage-unknown\)/,
      ],
      [['127.0.2.1', '--port', `${dead}`], /relay-test: this key may not test 127\.0\.2\.1 \(not-allowed\)/],
      [['::ffff:127.0.0.1'], /relay-test: the address: .* \(invalid-request\)/],
      [['127.0.0.99', '--port', `${dead}`], /\(opted-out\)/],
      [['169.254.169.254', '--port', `${dead}`, '--json'], /\(address-special\)/],
    ] as const) {
      assertOneLine(await relayTestCommand(...args), what)
    }
    const noKey = /^relay-test: RELAY_TESTS_KEY: .* \(unauthenticated\)$/m
    assertOneLine(await commandFor(service.url, keyOf('x'))('127.0.0.1'), noKey)
    assertOneLine(await runBuilt(CLI, ['127.0.0.1'], { RELAY_TESTS_URL: service.url }), noKey)
  })
})

test('a command with a mistake says why in one line, and names --help', async () => {
  for (const [args, what] of [
    [[], /enter an IP address, a host name or a mail domain/],
    [[''], /enter an IP address, a host name or a mail domain/],
    [['999.1.1.1'], /: enter an IP address, a host name or a mail domain, not "999\.1\.1\.1"/],
    [['http://192.0.2.1/'], /: enter an IP address, .*, not "http:\/\/192\.0\.2\.1\/"/],
    [['jane@192.0.2.1'], /: enter an IP address, .*, not "jane@192\.0\.2\.1"/],
    [['127.0.0.1:0'], /: a port is a number from 1 to 65535, not 0/],
    [['127.0.0.1:25', '--port', '25'], /: write the port after the address or use --port, not both/],
    [['limits', 'mail.example.com'], /limits: enter an IP address, .*, not "mail\.example\.com"/],
    [['limits', '--port', '25'], /--port: enter an address too, for example relay-test limits 203\.0\.113\.25/],
    [['limits', '--customer', 'acme'], /--customer: enter an address too/],
    [['limits', '127.0.0.1', 'x'], /limits: enter one address; remove x/],
    [['list', '--ip', 'foo'], /--ip: enter an IP address, .*, not "foo"/],
    [['list', 'foo'], /list: to choose tests, use --ip foo or --reference foo/],
    [['vantages', 'x'], /vantages: it takes no address and no name; remove x/],
    [['--file', 'x', '--json', '--format', 'csv'], /use --json or --format csv, not both/],
    [['list', '--json', '--format', 'table'], /use --json or --format table, not both/],
    [
      ['sweep', 'results', '7f1c1a52-6d3c-4b0e-9c5e-0d9a1f2b3c4d', '--json', '--format', 'csv'],
      /use --json or --format csv/,
    ],
    [['list', '--suite', 'full'], /--suite does not go with list/],
    [['127.0.0.1', '--format', 'csv'], /--format does not go with a target/],
    [['127.0.0.1', '--resume', 'x'], /--resume does not go with a target/],
    [['--file', 'x', '--format', 'xml'], /--format: choose one of table, ndjson, csv, junit, html/],
    [['list', '--since', 'yesterday'], /--since: enter a date, a time or a duration/],
    [['list', '--limit', '0'], /--limit: enter a whole number/],
    [['list', '--verdict', 'shut'], /--verdict: choose one of open, closed, inconclusive/],
    [['127.0.0.1', '127.0.0.2'], /127\.0\.0\.2: only one target .* --file/],
    [['127.0.0.1', '--file', 'x'], /use a target or --file, not both/],
    [['127.0.0.1', '--suite', 'loud'], /--suite: choose one of standard, full/],
    [['127.0.0.1', '--proof', ''], /--proof: choose one of recipient, message, delivery/],
    [['127.0.0.1', '--port', '0'], /--port: enter a whole number from 1 to 65535/],
    [['127.0.0.1', '--port', '1e3'], /--port: enter a whole number from 1 to 65535/],
    [['--file', 'x', '--at-once', '33'], /--at-once: enter a whole number from 1 to 32/],
    [['127.0.0.1', '--colour'], /--colour/],
    [['127.0.0.1', '--domain'], /--domain/],
    [['--file', '/nonexistent/targets.txt'], /targets\.txt cannot be read: no such file/],
    [['--file', ROOT], /cannot be read: it is a folder/],
  ] as const) {
    const ran = await runBuilt(CLI, args)
    assertOneLine(ran, what)
    assert.match(ran.stderr, /; see relay-test (sweep )?--help\n$/)
  }
})

test('a command whose output nobody reads does not exit with the code of an open server', async () => {
  const line = `{ ${process.execPath} ${programAt(CLI)} --nonsense; echo $? >&3; } 2>&1 >/dev/null | true`
  const { stdout } = await runProgram('sh', ['-c', `{ ${line}; } 3>&1`])
  assert.equal(stdout, '3\n')
})

test('a wrong environment is reported in one line', async () => {
  const dead = `http://127.0.0.1:${await deadPort()}`
  for (const [env, what] of [
    [{ RELAY_TESTS_URL: 'relay.example' }, /RELAY_TESTS_URL: set a web address, .* not "relay\.example"/],
    [{ RELAY_TESTS_URL: 'file:///etc' }, /RELAY_TESTS_URL/],
    [{ RELAY_TESTS_URL: '' }, /RELAY_TESTS_URL/],
    [{ RELAY_TESTS_URL: dead.replace('//', '//me:two words@') }, /RELAY_TESTS_URL: remove the name and password/],
    [{ RELAY_TESTS_URL: dead, RELAY_TESTS_KEY: 'two words' }, /RELAY_TESTS_KEY/],
    [{ RELAY_TESTS_URL: dead }, /cannot be reached: .*ECONNREFUSED/],
  ] as const) {
    const ran = await runBuilt(CLI, ['127.0.0.1'], env)
    assertOneLine(ran, what)
    assert.doesNotMatch(ran.stderr, /two words/)
  }
})

test('--help prints the help, whatever else is on the command line', async () => {
  const { code, stdout, stderr } = await runBuilt(CLI, ['127.0.0.1', '--help'])
  assert.equal((await runBuilt(CLI, ['-h'])).stdout, stdout)
  assert.deepEqual([code, stderr], [0, ''])
  for (const word of [
    ...[
      '--domain',
      '--known-mailbox',
      '--suite',
      '--proof',
      '--vantage',
      '--reference',
      '--port',
      '--json',
      '--file',
      '--at-once',
      '--format',
      '--resume',
      '--diff',
    ],
    ...['relay-test ID', 'list', 'limits', 'vantages', '--version', '-h', '--since', 'ndjson', 'junit'],
    ...['Retry-After', 'Ctrl-C', '130'],
    ...['RELAY_TESTS_URL', 'RELAY_TESTS_KEY', 'NO_COLOR', 'inconclusive', 'TARGET[:PORT] [DOMAIN|MAILBOX] [REFERENCE]'],
  ]) {
    assert.ok(stdout.includes(word), word)
  }
  for (const line of stdout.split('\n')) assert.ok(line.length <= 120, line)
})

test('many targets', async (t) => {
  const mail = await everyAddress(t)
  const env = { ALLOWED_PORTS: `${mail.port}`, QUOTA_TARGET: '1/3s' }
  const service = await startService(t, { env })
  const folder = folderOf(t)
  const fileWith = (text: string): string => {
    writeFileSync(join(folder, 'targets.txt'), text)
    return join(folder, 'targets.txt')
  }
  const command = commandFor(service.url)
  const testFile = (text: string, ...args: string[]) =>
    command('--file', fileWith(text), '--port', `${mail.port}`, ...args)
  const rows = ({ stdout }: Ran): Record<string, unknown>[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  await t.test('are printed as one line of JSON each, also refused ones; the worst sets the exit code', async () => {
    const ran = await testFile(
      '# customers of today\n127.0.0.1 example.com TICKET-1\n\n  127.0.0.2\texample.net\r\n127.0.0.3 # no domain\n127.0.2.1 example.com\n127.0.0.6 jane@example.net TICKET-2\n',
    )
    const found = rows(ran).sort((a, b) => String(a.ip).localeCompare(String(b.ip)))
    assert.deepEqual(
      found
        .slice(0, 4)
        .map(({ ip, domain, knownMailbox, reference, verdict }) => [ip, domain, knownMailbox, reference, verdict]),
      [
        ['127.0.0.1', 'example.com', null, 'TICKET-1', 'closed'],
        ['127.0.0.2', 'example.net', null, null, 'closed'],
        ['127.0.0.3', 'example.com', null, null, 'closed'],
        ['127.0.0.6', 'example.net', 'jane@example.net', 'TICKET-2', 'closed'],
      ],
    )
    const { ip, domain, error } = found[4] ?? {}
    assert.deepEqual([ip, domain], ['127.0.2.1', 'example.com'])
    assert.deepEqual(error, { slug: 'not-allowed', status: 403, detail: 'this key may not test 127.0.2.1' })
    assert.deepEqual([found.length, ran.code], [5, 3])
    assert.equal(ran.stderr, 'relay-test: 5/5  0 open, 4 closed, 0 inconclusive, 1 error\n')
  })

  await t.test('wait when a quota is used up', async () => {
    const ran = await testFile('127.0.0.4\n127.0.0.4\n127.0.0.4\n', '--at-once', '3')
    assert.deepEqual(
      rows(ran).map(({ verdict }) => verdict),
      ['closed', 'closed', 'closed'],
    )
    assert.equal(ran.code, 0)
  })

  await t.test('do not wait for a quota that resets in days', async () => {
    // This is longer than a timer of Node.js can be: such a timer ends at once.
    const strict = await startService(t, { env: { ...env, QUOTA_TARGET: '1/30d' } })
    const file = fileWith('127.0.0.5\n127.0.0.5\n')
    const args = ['--file', file, '--port', `${mail.port}`, '--at-once', '1']
    const ran = await inTime('the end', commandFor(strict.url)(...args))
    const [first, second] = rows(ran)
    assert.deepEqual([first?.verdict, Object(second?.error).slug, ran.code], ['closed', 'quota-exceeded', 3])
    const asked = strict.logs().filter(({ problem }) => problem === 'quota-exceeded')
    assert.equal(asked.length, 1)
  })

  await t.test('are tested at most --at-once at a time', async () => {
    mail.hold()
    const ran = testFile(Array.from({ length: 5 }, (_, index) => `127.0.0.${10 + index}\n`).join(''), '--at-once', '2')
    await until('two tests', () => mail.held === 2)
    for (let round = 0; round < 10; round += 1) await service.fetch('/livez')
    assert.equal(mail.held, 2)
    mail.release()
    assert.equal((await ran).code, 0)
  })

  await t.test('can come from standard input', async () => {
    const script = `printf '127.0.0.20\\n' | ${process.execPath} ${programAt(CLI)} --file - --port ${mail.port}`
    const { stdout } = await runProgram('sh', ['-c', script], environmentOf(service.url))
    assert.equal(JSON.parse(stdout).ip, '127.0.0.20')
  })

  await t.test('show their progress on a terminal', async () => {
    const line = `${process.execPath} ${programAt(CLI)} --file ${fileWith('127.0.0.30\n127.0.0.31\n')} --port ${mail.port}`
    const shown = await onTerminal(`${line} > /dev/null`, environmentOf(service.url))
    assert.match(shown, /\r\[\.{24}\] 0\/2 {2}0 open, 0 closed, 0 inconclusive, 0 error/)
    assert.match(shown, /\r\[#{12}\.{12}\] 1\/2/)
    const narrow = await onTerminal(`stty columns 40; ${line} > /dev/null`, environmentOf(service.url))
    assert.match(narrow, /\r\[#{24}\] 2\/2 {2}0 open,\x1b\[K\r\n$/)
    assert.match(shown, /\r\[#{24}\] 2\/2 {2}0 open, 2 closed, 0 inconclusive, 0 error\x1b\[K\r\n$/)
  })

  await t.test('end when the command is interrupted, and the progress line ends too', async () => {
    mail.hold()
    const file = fileWith('127.0.0.32\n')
    const line = `${process.execPath} ${programAt(CLI)} --file ${file} --port ${mail.port} & echo $! > ${folder}/pid; wait $!; echo $?`
    const shown = onTerminal(`sh -mc '${line}'`, environmentOf(service.url))
    await until('the test', () => mail.held === 1)
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGINT')
    assert.match(await shown, /0 error\x1b\[K\r\n130\r\n$/)
    mail.release()
  })

  await t.test('are not tested at all if lines are wrong: the error names the lines, ten at most', async () => {
    const before = service.logs().filter(({ audit }) => audit === 'intent').length
    for (const [text, what] of [
      ['127.0.0.40\nmail_example.com\n', /targets\.txt:2: .*"mail_example\.com"/],
      ['127.0.0.40\n127.1\n', /targets\.txt:2/],
      [
        '127.0.0.40 a.b b c\n',
        /targets\.txt:1: too many words; write TARGET\[:PORT\] \[DOMAIN\|MAILBOX\] \[REFERENCE\]/,
      ],
      ['127.0.0.40 TICKET 4711\n', /targets\.txt:1: "TICKET" is no mail domain and no mailbox; write TARGET/],
      ['\x1b[31mred\n', /targets\.txt:1/],
      ['# nobody\n\n', /contains no target/],
      ['', /contains no target/],
    ] as const) {
      assertOneLine(await testFile(text), what)
    }
    const { stdout, stderr } = await testFile('a\n127.0.0.40\n127.1\n')
    assert.equal(stdout, '')
    assert.match(stderr, /^relay-test: \S+:1: .*"a"\nrelay-test: \S+:3: .*"127\.1"; see relay-test --help\n$/)
    const lines = (await testFile('a\n'.repeat(15))).stderr.trimEnd().split('\n')
    assert.equal(lines.length, 11)
    assert.match(lines[10] ?? '', /targets\.txt: 5 more lines are wrong/)
    assert.equal(service.logs().filter(({ audit }) => audit === 'intent').length, before)
  })

  await t.test('end silently when nobody reads the output', async () => {
    const line = `${process.execPath} ${programAt(CLI)} --file ${fileWith('127.0.0.50\n127.0.0.51\n127.0.0.52\n')} --port ${mail.port} --at-once 1 | true`
    const { stdout } = await runProgram('sh', ['-c', `(${line}) 2>&1`], environmentOf(service.url))
    assert.equal(stdout, '')
  })
})
