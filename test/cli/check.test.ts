/** The command check.js: it names every mistake with file and line. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { dnsServer } from '../harness/dns-server.ts'
import { writeYaml } from '../harness/files.ts'
import { listening } from '../harness/listening.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { runBuilt, runProgram } from '../harness/process.ts'
import { answering, SECRET, webhookReceiver } from '../harness/receiver.ts'
import { CUSTOMERS, configFolder, environmentFor, ROOT } from '../harness/service.ts'

const check = (env: Record<string, string>, ...args: string[]) => runBuilt('dist/cli/check.js', args, env)

const NO_VANTAGE = 'warning: VANTAGES_FILE is not set: EHLO gives an address literal, which many servers refuse'
const BETA_HAS_NONE = 'warning: customer beta has no domains: its servers can be found open, but never closed'

/** Adds a vantages file to the folder, and returns the environment that names all files. */
function withVantage(folder: string): Record<string, string> {
  const vantages = join(folder, 'vantages.yaml')
  writeYaml(vantages, 'vantages: [{ name: syd-1, ehlo: relaytest.isp.example }]\n')
  return { ...environmentFor(folder), VANTAGES_FILE: vantages }
}

test('a correct configuration gives a summary of one line', async (t) => {
  const customers = 'customers: [{ id: acme, name: Acme, networks: [127.0.0.0/24], domains: [example.com] }]\n'
  const callers = 'callers: [{ id: p, keys: [], customers: [acme] }, { id: desk, keys: [], customers: all }]\n'
  const ran = await check(withVantage(configFolder(t, { customers, callers })))
  assert.deepEqual(ran, { code: 0, stdout: 'ok: 1 customers, 2 callers, from vantage syd-1\n', stderr: '' })
})

test('each suspicious setting gives a line of warning before the summary', async (t) => {
  const ran = await check(environmentFor(configFolder(t)))
  const lines = [NO_VANTAGE, BETA_HAS_NONE, 'ok: 3 customers, 2 callers, without a vantages file', '']
  assert.deepEqual(ran, { code: 0, stdout: lines.join('\n'), stderr: '' })
})

test('a role address among the mailboxes of a customer gives a warning', async (t) => {
  const customers =
    'customers: [{ id: a, name: A, networks: [127.0.0.0/24], domains: [example.com], mailboxes: [abuse@example.com, jane@example.com] }]\n'
  const { code, stdout } = await check(withVantage(configFolder(t, { customers, callers: 'callers: []\n' })))
  assert.match(stdout, /^warning: customer a has the role address abuse@example\.com: .* proves less/m)
  assert.doesNotMatch(stdout, /jane/)
  assert.equal(code, 0)
})

test('a configuration without customers and callers gives warnings, and no fault', async (t) => {
  const { code, stdout } = await check(
    withVantage(configFolder(t, { customers: 'customers: []\n', callers: 'callers: []\n' })),
  )
  assert.deepEqual(stdout.split('\n'), [
    'warning: there are no customers: nothing can be tested',
    'warning: there are no callers: nobody can use the service',
    'ok: 0 customers, 0 callers, from vantage syd-1',
    '',
  ])
  assert.equal(code, 0)
})

test('a wrong command line is answered with what is wrong, before the usage', async () => {
  for (const [args, what] of [
    [['--foo'], "Unknown option '--foo'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--webhook'], "Option '--webhook <value>' argument missing"],
  ] as const) {
    const { code, stdout, stderr } = await check({}, ...args)
    assert.deepEqual([code, stdout], [1, ''])
    assert.ok(stderr.startsWith(`${what}\n\nUsage: node dist/cli/check.js`), stderr)
  }
})

test('a vantage that is in a network of a customer gives a warning, except on loopback', async (t) => {
  const customers =
    'customers: [{ id: acme, name: A, networks: [93.184.216.0/24, 127.0.0.0/24], domains: [example.com] }]\n'
  const folder = configFolder(t, { customers, callers: 'callers: [{ id: desk, keys: [], customers: all }]\n' })
  const vantages = join(folder, 'vantages.yaml')
  const entries = ['93.184.216.9', '198.51.100.7', '127.0.0.9'].map(
    (ip, index) => `{ name: v${index}, ehlo: a.example, publicIps: ['${ip}'] }`,
  )
  writeYaml(vantages, `vantages: [${entries.join(', ')}]\n`)
  const { code, stdout } = await check({ ...environmentFor(folder), VANTAGES_FILE: vantages })
  assert.deepEqual(stdout.match(/^warning: .*$/gm), [
    'warning: vantage v0 has 93.184.216.9, which is in a network of customer acme: it cannot test this customer, because a test must come from outside',
  ])
  assert.equal(code, 0)
})

test('an unknown member that is like a known one gives its name', async (t) => {
  const customers =
    'customers: [{ id: acme, name: A, networks: [203.0.113.0/24], domain: [example.com], colour: red }]\n'
  const { stderr } = await check(environmentFor(configFolder(t, { customers })))
  assert.match(stderr, /: customers\[0\]\.domain is unknown here; did you mean domains\?$/m)
  assert.match(stderr, /: customers\[0\]\.colour is unknown here$/m)
})

test('the summary names the vantage, and says that testing is off', async (t) => {
  const folder = configFolder(t, { customers: `testing: false\n${CUSTOMERS}` })
  const { code, stdout } = await check(withVantage(folder))
  assert.equal(stdout, `${BETA_HAS_NONE}\nok: 3 customers, 2 callers, from vantage syd-1; testing is switched off\n`)
  assert.equal(code, 0)
})

test('a caller gives a warning if its customers do not exist, or if it has none', async (t) => {
  const callers =
    'callers: [{ id: p, keys: [], customers: [acme, nobody, none] }, { id: q, keys: [], customers: [] }]\n'
  const folder = configFolder(t, { callers })
  const { code, stdout } = await check(environmentFor(folder))
  assert.equal(code, 0)
  assert.deepEqual(stdout.split('\n'), [
    NO_VANTAGE,
    'warning: caller p may test nobody, but there is no such customer',
    'warning: caller p may test none, but there is no such customer',
    'warning: caller q may test no customer',
    BETA_HAS_NONE,
    'ok: 3 customers, 2 callers, without a vantages file',
    '',
  ])
})

test('each fault of environment and files is one line, and the exit code is 1', async (t) => {
  const folder = configFolder(t, { customers: 'customers: 5\n', callers: 'callers: [\n' })
  const { code, stdout, stderr } = await check({ ...environmentFor(folder), PORT: 'x', MAILBOX_DOMAIN: '' })
  assert.deepEqual([code, stdout], [1, ''])
  const lines = stderr.trimEnd().split('\n')
  const starts = [
    'PORT: ',
    'MAILBOX_DOMAIN: is needed',
    `${folder}/customers.yaml:1: customers: `,
    `${folder}/callers.yaml:2: `,
  ]
  for (const start of starts) assert.equal(lines.filter((line) => line.startsWith(start)).length, 1, stderr)
  assert.equal(lines.length, starts.length)
})

test('the faults of all files in a folder are listed together', async (t) => {
  const folder = join(configFolder(t), 'customers')
  mkdirSync(folder)
  for (const name of ['customers.yaml', 'more.yaml']) writeYaml(join(folder, name), 'customers: 5\n')
  const { stderr } = await check({ ...environmentFor(configFolder(t)), CUSTOMERS_FILE: folder })
  assert.match(stderr, /customers\.yaml:1: /)
  assert.match(stderr, /more\.yaml:1: /)
})

test('the examples have no fault', async () => {
  const example = (name: string) => join(ROOT, 'examples', `${name}.yaml`)
  const { code, stderr } = await check({
    CUSTOMERS_FILE: example('customers'),
    CALLERS_FILE: example('callers'),
    VANTAGES_FILE: example('vantages'),
    MAILBOX_DOMAIN: 'relaytest.isp.example',
    ALLOW_LOOPBACK_TARGETS: 'true',
  })
  assert.deepEqual([code, stderr], [0, ''])
})

test('--help prints the usage', async () => {
  const help = await check({}, '--help')
  assert.equal(help.code, 0)
  assert.match(help.stdout, /^Usage: node dist\/cli\/check\.js \[--live\] \[--webhook CALLER\]\n/)
})

test('a check creates no file', async (t) => {
  const folder = configFolder(t)
  const audit = join(folder, 'audit.log')
  assert.equal((await check({ ...environmentFor(folder), AUDIT_FILE: audit })).code, 0)
  assert.equal(existsSync(audit), false)
})

/** Makes a certificate for an address and a name, and returns the paths of its key and of itself. */
async function certificateFor(t: TestContext) {
  const folder = configFolder(t)
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const names = 'subjectAltName=DNS:portal.example,IP:127.0.0.1'
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30']
  const made = await runProgram('openssl', [
    ...request,
    ...['-subj', '/CN=portal.example', '-addext', names, '-keyout', key, '-out', certificate],
  ])
  assert.equal(made.code, 0, made.stderr)
  return { key, certificate }
}

test('--webhook sends a ping and says what came back', async (t) => {
  const callersFor = (url: string) =>
    `callers: [{ id: portal, keys: [], customers: all, webhook: { url: '${url}', secret: ${SECRET} } }, { id: desk, keys: [], customers: all }]\n`
  const pinged = async (url: string, env: Record<string, string> = {}, caller = 'portal') => {
    const folder = configFolder(t, { callers: callersFor(url) })
    const { code, stdout, stderr } = await check({ ...withVantage(folder), ...env }, '--webhook', caller)
    assert.ok(!`${stdout}${stderr}`.includes(SECRET.slice(6, 18)))
    return [code, code === 0 ? stdout.trimEnd().split('\n').at(-1) : stderr.trimEnd()]
  }

  await t.test('when the webhook takes it, and when it does not', async (t) => {
    const receiver = await webhookReceiver(t, answering(200))
    assert.deepEqual(await pinged(receiver.url), [0, 'the webhook took the ping: it answered 200: "an answer"'])
    assert.equal(receiver.taken[0]?.event.type, 'ping')
    const broken = await webhookReceiver(t, answering(500))
    const [code, says] = await pinged(broken.url)
    assert.equal(code, 1)
    assert.match(`${says}`, /^the webhook did not take the ping: it answered 500; .*: "an answer"$/)
    const gone = await webhookReceiver(t, answering(410))
    assert.match(`${(await pinged(gone.url))[1]}`, /^the webhook answered 410: the service would switch it off/)
    const nobody = `http://127.0.0.1:${await deadPort()}/`
    assert.deepEqual(await pinged(nobody), [1, 'the webhook did not take the ping: nothing listens there'])
  })

  await t.test('over TLS, with the certificate checked', async (t) => {
    const { key, certificate } = await certificateFor(t)
    const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
      names.push(request.headers.host ?? '')
      response.end()
    })
    const names: string[] = []
    const port = await listening(t, server, new Set())
    const trusted = { NODE_EXTRA_CA_CERTS: certificate }
    const dns = await dnsServer(t, { 'portal.example': { a: ['127.0.0.1'] }, 'other.example': { a: ['127.0.0.1'] } })
    const took = [0, 'the webhook took the ping: it answered 200']
    assert.deepEqual(await pinged(`https://127.0.0.1:${port}/`, trusted), took)
    const named = { ...trusted, DNS_SERVERS: dns.address }
    assert.deepEqual(await pinged(`https://portal.example:${port}/`, named), took)
    assert.deepEqual(names, [`127.0.0.1:${port}`, `portal.example:${port}`])
    const refused = async (host: string, env: Record<string, string>) =>
      `${(await pinged(`https://${host}:${port}/`, env))[1]}`.replace('the webhook did not take the ping: ', '')
    assert.equal(await refused('other.example', named), 'its certificate is for another name')
    assert.equal(await refused('portal.example', { DNS_SERVERS: dns.address }), 'its certificate is self-signed')
    assert.match(
      await refused('unknown.example', named),
      /^unknown\.example has no address, or no name server answers$/,
    )
    const closed = { ...named, ALLOW_LOOPBACK_TARGETS: 'false' }
    const customers = 'customers: [{ id: acme, name: A, networks: [93.184.216.0/24], domains: [example.com] }]\n'
    const folder = configFolder(t, { customers, callers: callersFor(`https://portal.example:${port}/`) })
    const { stderr } = await check({ ...withVantage(folder), ...closed }, '--webhook', 'portal')
    assert.match(stderr, /127\.0\.0\.1 is in 127\.0\.0\.0\/8 \(loopback\), where no webhook is sent/)
    assert.equal(names.length, 2)
  })

  await t.test('and that a caller has none, or does not exist', async () => {
    const url = 'https://portal.example/'
    assert.deepEqual(await pinged(url, {}, 'desk'), [1, 'caller desk has no webhook'])
    assert.deepEqual(await pinged(url, {}, 'nobody'), [1, 'there is no caller nobody'])
  })
})
