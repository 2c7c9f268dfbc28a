/** Which folder may import which, and that there are no circles. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './harness/service.ts'

/**
 * Which room may import which. A room is a folder under src; `http/routes` is one too, and so is each file at the top.
 * `contract`, `ip` and `files` import nothing of ours. CONTRIBUTING.md has the same map.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  ip: [],
  files: [],
  version: [],
  'open-files': [],
  access: ['contract', 'files', 'ip'],
  smtp: ['ip'],
  vantage: ['contract', 'files', 'ip', 'smtp'],
  mailbox: ['ip', 'smtp'],
  zone: ['contract', 'ip'],
  store: ['contract'],
  queue: ['store'],
  relay: ['contract', 'ip'],
  probe: ['contract', 'ip', 'relay', 'smtp'],
  render: ['contract'],
  client: ['contract'],
  console: ['contract'],
  service: [
    ...['access', 'contract', 'ip', 'mailbox', 'probe', 'queue', 'relay', 'smtp', 'store', 'vantage', 'version'],
    'zone',
  ],
  sandbox: ['access', 'contract', 'probe', 'relay', 'service', 'smtp'],
  sweeps: ['access', 'contract', 'files', 'ip', 'queue', 'service', 'store'],
  webhooks: ['access', 'contract', 'ip', 'queue', 'service', 'store', 'version'],
  http: ['contract', 'ip', 'queue', 'render', 'service', 'store', 'version'],
  'http/routes': ['contract', 'http', 'render', 'service', 'store', 'sweeps'],
  config: ['contract', 'ip'],
  setup: ['access', 'config', 'contract', 'files', 'ip', 'service', 'sweeps', 'vantage'],
  app: [
    ...['access', 'config', 'files', 'http', 'http/routes', 'open-files', 'queue', 'sandbox', 'service', 'store'],
    ...['sweeps', 'vantage', 'webhooks'],
  ],
  cli: [
    ...['access', 'client', 'config', 'contract', 'ip', 'render', 'service', 'setup', 'store', 'vantage'],
    ...['webhooks', 'zone'],
  ],
  server: [
    'app',
    'config',
    'http',
    'ip',
    'mailbox',
    'open-files',
    'queue',
    'render',
    'service',
    'setup',
    'store',
    'version',
    'zone',
  ],
}

const SRC = join(ROOT, 'src')
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))

const roomOf = (file: string): string =>
  file.startsWith('http/routes/') ? 'http/routes' : (file.replace(/\.tsx?$/, '').split('/')[0] ?? '')

const importsOf = (file: string): string[] =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    normalize(join(dirname(file), path ?? '')),
  )

test('every room is on the map', () => {
  assert.deepEqual([...new Set(files.map(roomOf))].sort(), Object.keys(ARROWS).sort())
})

for (const file of files) {
  test(`src/${file} imports only what its room may`, () => {
    const allowed = [roomOf(file), ...(ARROWS[roomOf(file)] ?? [])]
    const others = importsOf(file).filter((path) => !allowed.includes(roomOf(path)))
    assert.deepEqual(others, [])
  })
}

/** The files of a circle of imports, beginning and ending with the same file; null if there is no circle. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return null
  }
  for (const file of graph.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return null
}

test('no file imports itself through other files', () => {
  const graph = (arrows: Record<string, string[]>) => new Map(Object.entries(arrows))
  assert.deepEqual(circleIn(graph({ a: ['b', 'c'], b: ['c'], c: [] })), null)
  assert.deepEqual(circleIn(graph({ a: ['b'], b: ['c'], c: ['d', 'b'], d: [] })), ['b', 'c', 'b'])
  assert.deepEqual(circleIn(new Map(files.map((file) => [file, importsOf(file)]))), null)
})

test('the client takes no more than types from the contract, and nothing from Node or from a package', () => {
  for (const file of files.filter((name) => roomOf(name) === 'client')) {
    const text = readFileSync(join(SRC, file), 'utf8')
    assert.doesNotMatch(text, /^(import|export) (?!type ).*'\.\.\//m, file)
    assert.doesNotMatch(text, /from '(?!\.)/, file)
  }
})

test('every arrow on the map is used, and none runs in a circle', () => {
  const used = (room: string) =>
    new Set(
      files
        .filter((file) => roomOf(file) === room)
        .flatMap(importsOf)
        .map(roomOf),
    )
  const order = Object.keys(ARROWS)
  for (const [room, targets] of Object.entries(ARROWS)) {
    for (const target of targets) {
      assert.ok(used(room).has(target), `${room} → ${target} is not used`)
      assert.ok(order.indexOf(target) < order.indexOf(room), `${room} → ${target} points the wrong way`)
    }
  }
})
