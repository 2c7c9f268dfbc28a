/** The command key.js: it prints a key and its entry, or the reason why not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, problemIn } from '../harness/http.ts'
import { runBuilt } from '../harness/process.ts'
import { startService } from '../harness/service.ts'

const makeKey = (...args: string[]) => runBuilt('dist/cli/key.js', args)

/** Runs the command, and returns the key and the callers.yaml entry of its output. */
async function printed(...args: string[]): Promise<{ key: string; entry: string }> {
  const { code, stdout, stderr } = await makeKey(...args)
  assert.deepEqual([code, stderr], [0, ''])
  const [key = ''] = stdout.match(/rtk_[A-Za-z0-9_-]+/g) ?? []
  assert.match(key, /^rtk_[A-Za-z0-9_-]{43}$/)
  const [, entry = ''] = stdout.split('Entry for callers.yaml:\n\n')
  return { key, entry }
}

test('the service accepts the printed key with the printed entry, and no other key', async (t) => {
  const forever = await printed('--caller', 'support-desk')
  const dated = await printed('--caller', 'portal.1', '--expires', '2099-12-31')
  const former = await printed('--caller', 'former', '--expires', '2099-12-31')
  const expired = { ...former, entry: former.entry.replace('2099-12-31', '2020-01-31') }
  const stranger = await printed('--caller', 'stranger')
  assert.equal(new Set([forever, dated, expired, stranger].map(({ key }) => key)).size, 4)
  const callers = `callers:\n${[forever, dated, expired].map(({ entry }) => entry).join('')}`
  const service = await startService(t, { callers })
  const limits = (key: string) => service.fetch('/limits', { headers: bearer(key) })
  for (const [{ key }, caller] of [
    [forever, 'support-desk'],
    [dated, 'portal.1'],
  ] as const) {
    const response = await limits(key)
    assert.equal(response.status, 200)
    assert.match(await response.text(), new RegExp(`"caller":"${caller}","customers":\\[\\]`))
  }
  for (const { key } of [expired, stranger]) await problemIn(await limits(key), 'unauthenticated')
})

test('the entry does not contain the key', async () => {
  const { key, entry } = await printed('--caller', 'a')
  assert.equal(entry.includes(key.slice(4, 16)), false)
  assert.match(
    entry,
    /^ {2}# If a is already in the file, add only .* keys\.\n {2}- id: a\n {4}keys:\n {6}- sha256: [0-9a-f]{64}\n {4}customers: \[\]/,
  )
})

const NO_CALLER = '--caller: is missing: enter the id of the caller'
const NO_ID = '--caller: must be an id of 1 to 64 letters, digits, dots, hyphens and underscores'
const NO_DATE = '--expires: must be a date, for example 2027-06-30'

const help = makeKey('--help')

/** Runs the command, and returns the reasons that it prints before the usage. Checks that it prints no key. */
async function reasonsFor(...args: string[]): Promise<string[]> {
  const { stdout: usage } = await help
  assert.match(usage, /^Usage: node dist\/cli\/key\.js --caller ID/)
  const { code, stdout, stderr } = await makeKey(...args)
  assert.deepEqual([code, stdout], [1, ''])
  assert.ok(stderr.endsWith(`\n\n${usage}`), stderr)
  return stderr.slice(0, -`\n\n${usage}`.length).split('\n')
}

const MISTAKES: readonly (readonly [args: readonly string[], ...reasons: string[]])[] = [
  [[], NO_CALLER],
  [['--caller', ''], NO_ID],
  [['--caller', 'a b'], NO_ID],
  [['--caller', 'a\nkeys: []'], NO_ID],
  [['--caller', 'a'.repeat(65)], NO_ID],
  [['--expires', 'tomorrow'], NO_CALLER, NO_DATE],
]
for (const [args, ...reasons] of MISTAKES) {
  test(`${JSON.stringify(args)} is answered with the reason, the usage and no key`, async () => {
    assert.deepEqual(await reasonsFor(...args), reasons)
  })
}

/** Arguments that are not valid options. Node's own message names the fault. */
const UNREADABLE: readonly (readonly [args: readonly string[], what: RegExp])[] = [
  [['--caller'], /--caller/],
  [['--caller', '-a'], /--caller/],
  [['support-desk'], /support-desk/],
  [['--caller', 'a', 'b'], /'b'/],
  [['--caller', 'a', '--colour', 'red'], /--colour/],
]
for (const [args, what] of UNREADABLE) {
  test(`${JSON.stringify(args)} is answered with a reason, the usage and no key`, async () => {
    const [reason = ''] = await reasonsFor(...args)
    assert.match(reason, what)
  })
}

for (const date of ['tomorrow', '2027-02-30', '2027-1-1', '2027-06-30\n    customers: all', '']) {
  test(`${JSON.stringify(date)} is not accepted as an expiry date`, async () => {
    assert.deepEqual(await reasonsFor('--caller', 'a', '--expires', date), [NO_DATE])
  })
}

test('a key cannot expire on a day that is over, but it can today', async () => {
  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
  assert.deepEqual(await reasonsFor('--caller', 'a', '--expires', day(-1)), ['--expires: must be today or later'])
  assert.equal((await makeKey('--caller', 'a', '--expires', day(0))).code, 0)
})

test('a caller that is already in the file needs only the lines below keys', async (t) => {
  const [first, second] = [await printed('--caller', 'a'), await printed('--caller', 'a')]
  const underKeys = /keys:\n(.*\n)/.exec(second.entry)?.[1] ?? assert.fail(second.entry)
  const service = await startService(t, {
    callers: `callers:\n${first.entry.replace('keys:\n', `keys:\n${underKeys}`)}`,
  })
  for (const { key } of [first, second]) {
    assert.equal((await service.fetch('/limits', { headers: bearer(key) })).status, 200)
  }
})
