/**
 * A file that is cut off, damaged, swapped or half copied is refused, or it may only deny more: every example is cut at
 * each byte and each line, and files change places in every order.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CallerTable } from '../../src/access/callers.ts'
import { readCallers } from '../../src/access/callers-file.ts'
import { CustomerTable, loadCustomers } from '../../src/access/customers.ts'
import { readCustomers } from '../../src/access/customers-file.ts'
import { lostDenial } from '../../src/access/losses.ts'
import { FileFaults } from '../../src/files/faults.ts'
import { Reloading } from '../../src/files/reloading.ts'
import { loadVantages } from '../../src/vantage/vantages-file.ts'
import { folderOf, whole } from '../harness/files.ts'
import { ROOT } from '../harness/service.ts'
import { addedTo, permissionsIn } from './permissions.ts'

const RULES = { allowLoopback: true, mailboxDomain: 'relaytest.isp.example' }

/** Every kind of denial: a nested customer, opt-outs in a block, and a customer without callers. */
const NESTED = `testing: true
customers:
  - id: wide
    name: Wide
    networks: [8.8.0.0/16]
  - id: inner
    name: Inner
    networks:
      - 8.8.8.0/24
      - 8.8.9.0/24
neverTest:
  - 8.8.1.1/32
  - 8.8.8.8/32
...
`
const CALLERS = whole(`callers:
  - id: partner
    keys: []
    customers: [wide]
  - id: desk
    keys: []
    customers: all
`)

const TARGETS = [
  ...['127.0.0.1', '127.9.9.9', '203.0.113.1', '203.0.113.250', '203.0.113.251', '2001:db8:25::1'],
  ...['8.8.0.1', '8.8.1.1', '8.8.8.7', '8.8.8.8', '8.8.9.1', '9.9.9.9'],
]

const customersIn = (bytes: Buffer): CustomerTable => {
  const table = new CustomerTable()
  for (const row of readCustomers([{ path: 'customers.yaml', bytes }], RULES)) table.add(row)
  return table
}
const callersIn = (bytes: Buffer): CallerTable => {
  const table = new CallerTable()
  for (const row of readCallers([{ path: 'callers.yaml', bytes }], { allowLoopback: true, isReachable: false }))
    table.add(row)
  return table
}
const EVERYONE = callersIn(
  Buffer.from(`${CALLERS.replace('...\n', '')}  - { id: demo, keys: [], customers: [demo] }\n...\n`),
)
const ALL = customersIn(Buffer.from(NESTED))

/** Returns what a customers file permits, or null if it is refused. Each fault must be one line of a fair length. */
const ofCustomers = (bytes: Buffer) => unlessRefused(() => permissionsIn(customersIn(bytes), EVERYONE, TARGETS))
const ofCallers = (bytes: Buffer) => unlessRefused(() => permissionsIn(ALL, callersIn(bytes), TARGETS))
const ofVantages = (bytes: Buffer) =>
  unlessRefused(() => new Set(loadVantages([{ path: 'vantages.yaml', bytes }]).map(({ name }) => name)))

function unlessRefused<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    assert.ok(error instanceof FileFaults, String(error))
    for (const fault of error.faults) assert.match(fault, /^.{1,501}$/u)
    return null
  }
}

const example = (folder: string, name: string) => readFileSync(join(ROOT, folder, `${name}.yaml`))

const FILES = [
  ['the nested customers', Buffer.from(NESTED), ofCustomers],
  ['the callers of this test', Buffer.from(CALLERS), ofCallers],
  ...['examples', 'k8s/base/config'].flatMap((folder) => [
    [`${folder}/customers.yaml`, example(folder, 'customers'), ofCustomers] as const,
    [`${folder}/callers.yaml`, example(folder, 'callers'), ofCallers] as const,
    [`${folder}/vantages.yaml`, example(folder, 'vantages'), ofVantages] as const,
  ]),
] as const

for (const [name, bytes, read] of FILES) {
  const before = read(bytes) ?? assert.fail(`${name} is refused`)

  test(`${name}: a file without its end is refused, wherever it is cut`, () => {
    // Without its last line break, the marker is still whole.
    assert.deepEqual(read(bytes.subarray(0, -1)), before)
    for (let length = 0; length < bytes.length - 1; length += 1) {
      assert.equal(read(bytes.subarray(0, length)), null, `cut to ${length} of ${bytes.length} bytes`)
    }
  })

  test(`${name}: a file without its beginning only denies more, wherever it is cut`, () => {
    for (let from = 1; from < bytes.length; from += 1) {
      const after = read(bytes.subarray(from)) ?? new Set<string>()
      assert.deepEqual(addedTo(before, after), [], `without its first ${from} bytes`)
    }
  })

  test(`${name}: a part that was never written is refused`, () => {
    for (let from = 0; from < bytes.length; from += 16) {
      const holed = Buffer.from(bytes)
      holed.fill(0, from, Math.min(from + 16, bytes.length))
      assert.equal(read(holed), null, `zeros from byte ${from} on`)
    }
  })

  test(`${name}: a line that is written twice or in half, it may only deny more`, () => {
    const lines = bytes.toString().split('\n')
    for (const [index, line] of lines.entries()) {
      for (const damaged of [`${line}\n${line}`, line.slice(0, line.length / 2)]) {
        const after = read(Buffer.from(lines.with(index, damaged).join('\n'))) ?? new Set<string>()
        if (!isKnown(name, line)) assert.deepEqual(addedTo(before, after), [], `line ${index + 1}: ${damaged}`)
      }
    }
  })

  test(`${name}: a line that is taken out may only deny more`, () => {
    const lines = bytes.toString().split('\n')
    for (const [index, line] of lines.entries()) {
      const after = read(Buffer.from(lines.filter((_, at) => at !== index).join('\n'))) ?? new Set<string>()
      const added = addedTo(before, after)
      if (isKnown(name, line)) assert.notDeepEqual(added, [], line)
      else assert.deepEqual(added, [], `without line ${index + 1}: ${line}`)
    }
  })
}

/**
 * The lines that nothing can miss: each is a whole entry of a list of denials, and the file without it is a file that
 * somebody could have meant. docs/configuration.md says so.
 */
function isKnown(name: string, line: string): boolean {
  return name === 'the nested customers' && /^ +- 8\./.test(line)
}

/** A service's files, followed as the service follows them. */
const following = (path: string) =>
  Reloading.open(path, { load: (files) => loadCustomers(files, RULES), lost: lostDenial, settle: turn })

const permitted = (file: { readonly current: CustomerTable }) => permissionsIn(file.current, EVERYONE, TARGETS)

/** Returns every order of some things. */
function ordersOf<T>(things: readonly T[]): T[][] {
  if (things.length < 2) return [[...things]]
  return things.flatMap((first, index) =>
    ordersOf(things.filter((_, at) => at !== index)).map((rest) => [first, ...rest]),
  )
}

test('if a file is replaced by anything else, in every order, the last good version stays in use', async (t) => {
  const path = join(folderOf(t, { 'customers.yaml': NESTED }), 'customers.yaml')
  const file = await following(path)
  const before = permitted(file)
  const intruders: readonly ((path: string) => void)[] = [
    () => {},
    (at) => writeFileSync(at, NESTED.slice(0, NESTED.indexOf('neverTest'))),
    (at) => writeFileSync(at, CALLERS),
    (at) => execFileSync('mkfifo', [at]),
    (at) => mkdirSync(at),
    (at) => symlinkSync('/dev/zero', at),
  ]
  for (const order of ordersOf(intruders.slice(0, 5)).concat(ordersOf(intruders.slice(1)))) {
    for (const put of order) {
      rmSync(path, { recursive: true, force: true })
      put(path)
      await file.look()
      assert.notEqual(file.error, null, String(put))
      assert.deepEqual(permitted(file), before)
    }
  }
  rmSync(path, { recursive: true })
  writeFileSync(path, NESTED)
  assert.equal(await file.look(), true)
  assert.deepEqual([file.error, permitted(file)], [null, before])
})

/** The denials and customers of a folder, in a file each. */
const PARTS = {
  'a.yaml': 'testing: true\ncustomers: [{ id: wide, name: Wide, networks: [8.8.0.0/16] }]\n',
  'b.yaml': 'customers: [{ id: inner, name: Inner, networks: [8.8.8.0/24, 8.8.9.0/24] }]\n',
  'c.yaml': 'neverTest: [8.8.1.1/32]\n',
  'd.yaml': 'neverTest: [8.8.8.8/32]\n',
}
const NAMES = Object.keys(PARTS)

/** Makes a folder with the parts, and does not add what they leave out: other files have it. */
const partsOf = (t: TestContext) =>
  folderOf(t, Object.fromEntries(Object.entries(PARTS).map(([name, text]) => [name, `${text}...\n`])))

/** Looks at a folder after each step, and checks that it permits nothing more than before. */
async function walk(t: TestContext, steps: (folder: string) => readonly (() => void)[]): Promise<void> {
  const folder = partsOf(t)
  const file = await following(folder)
  const before = permitted(file)
  for (const [number, step] of steps(folder).entries()) {
    step()
    await file.look()
    assert.deepEqual(addedTo(before, permitted(file)), [], `after step ${number + 1}: ${file.error}`)
  }
}

test('files of a folder that go, in every order, take no denial with them', async (t) => {
  for (const order of ordersOf(NAMES)) {
    await walk(t, (folder) => order.map((name) => () => rmSync(join(folder, name))))
  }
})

test('files of a folder that go and come back, in every order, take no denial with them', async (t) => {
  for (const order of ordersOf(NAMES)) {
    await walk(t, (folder) => {
      const away = (name: string) => () => renameSync(join(folder, name), join(folder, `.${name}`))
      const back = (name: string) => () => renameSync(join(folder, `.${name}`), join(folder, name))
      return [...order.map(away), ...order.map(back)]
    })
  }
})

const PAIRS = NAMES.flatMap((one) => NAMES.filter((other) => other !== one).map((other) => [one, other] as const))

test('files of a folder that change places by renaming take no denial with them', async (t) => {
  for (const [one, other] of PAIRS) {
    await walk(t, (folder) => {
      const move = (from: string, to: string) => () => renameSync(join(folder, from), join(folder, to))
      return [move(one, '.spare'), move(other, one), move('.spare', other)]
    })
  }
})

test('files of a folder that change places by copying take no denial with them', async (t) => {
  for (const [one, other] of PAIRS) {
    await walk(t, (folder) => {
      const texts = new Map(NAMES.map((name) => [name, readFileSync(join(folder, name))]))
      const write = (name: string, from: string) => () => writeFileSync(join(folder, name), texts.get(from) ?? '')
      return [write(one, other), write(other, one)]
    })
  }
})

test('a folder whose files a link swaps, as Kubernetes does, follows each whole version', async (t) => {
  const folder = folderOf(t)
  const version = (name: string, texts: Readonly<Record<string, string>>) => {
    mkdirSync(join(folder, name))
    for (const [file, text] of Object.entries(texts)) writeFileSync(join(folder, name, file), `${text}...\n`)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  version('..1', PARTS)
  for (const name of NAMES) symlinkSync(`..data/${name}`, join(folder, name))
  const file = await following(folder)
  const before = permitted(file)

  await t.test('entries that move from one file to another are followed', async () => {
    version('..2', { ...PARTS, 'c.yaml': 'neverTest: []\n', 'd.yaml': 'neverTest: [8.8.8.8/32, 8.8.1.1/32]\n' })
    assert.equal(await file.look(), true)
    assert.deepEqual([file.error, permitted(file)], [null, before])
  })

  await t.test('a file without denials may go', async () => {
    const { 'c.yaml': _, ...rest } = PARTS
    version('..3', { ...rest, 'd.yaml': 'neverTest: [8.8.8.8/32, 8.8.1.1/32]\n' })
    // The link of the file that is gone leads nowhere until it is removed too.
    assert.equal(await file.look(), true)
    assert.equal(file.error, `${join(folder, 'c.yaml')}: cannot be read (ENOENT)`)
    rmSync(join(folder, 'c.yaml'))
    assert.equal(await file.look(), true)
    assert.deepEqual([file.error, permitted(file)], [null, before])
  })

  await t.test('a file whose denials are nowhere else may not go', async () => {
    const { 'a.yaml': first, 'd.yaml': last } = PARTS
    version('..4', { 'a.yaml': first, 'd.yaml': last })
    rmSync(join(folder, 'b.yaml'))
    assert.equal(await file.look(), true)
    assert.match(
      `${file.error}`,
      /b\.yaml: the file is gone, and with it the neverTest entry 8\.8\.1\.1\/32\. Put the /,
    )
    assert.deepEqual(permitted(file), before)
  })
})

test('a customer that goes with its file is gone, unless its network falls to another customer', async (t) => {
  const folder = partsOf(t)
  const file = await following(folder)
  rmSync(join(folder, 'a.yaml'))
  writeFileSync(join(folder, 'c.yaml'), 'testing: true\nneverTest: [8.8.1.1/32]\n...\n')
  assert.equal(await file.look(), true)
  assert.deepEqual([file.error, [...file.current.all.keys()]], [null, ['inner']])

  const other = partsOf(t)
  const wider = await following(other)
  rmSync(join(other, 'b.yaml'))
  assert.equal(await wider.look(), true)
  const gone =
    'the file is gone, and with it the network 8.8.8.0/24 of customer inner, which would fall to customer wide'
  assert.ok(wider.error?.startsWith(`${join(other, 'b.yaml')}: ${gone}. `), `${wider.error}`)

  // An entry that was removed on purpose may disappear with the file afterwards.
  writeFileSync(join(other, 'b.yaml'), 'customers: []\n...\n')
  assert.equal(await wider.look(), true)
  rmSync(join(other, 'b.yaml'))
  assert.equal(await wider.look(), true)
  assert.equal(wider.error, null)
})

test('testing: false does not go with its file', async (t) => {
  const folder = partsOf(t)
  writeFileSync(join(folder, 'off.yaml'), 'testing: false\n...\n')
  const file = await following(folder)
  rmSync(join(folder, 'off.yaml'))
  assert.equal(await file.look(), true)
  assert.equal(file.current.testing, false)
  assert.match(`${file.error}`, /off\.yaml: the file is gone, and with it testing: false\. /)
})
