/** YAML files: mistakes are reported with their line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { nameOf, readYamlFile, validate } from '../../src/files/yaml-file.ts'
import { contentsOf, faultsIn, yamlFile } from '../harness/files.ts'

const readAt = (path: string) => readYamlFile(contentsOf([path])[0] ?? assert.fail())

const NESTED = `# A comment on line 1

fleet:
  name: north
  ships:
    - name: one
      crew: [ann, bob,
        cid]
    - { name: two, crew: [] }
    - name: three
      crew:
        - dan
`

const fleetFile = z.strictObject({
  fleet: z.strictObject({
    name: z.string(),
    ships: z.array(z.strictObject({ name: z.string(), crew: z.array(z.string()) })),
  }),
})

test('the value of a file is that of its YAML', (t) => {
  const { fleet } = validate(readAt(yamlFile(t, NESTED)), fleetFile)
  assert.equal(fleet.name, 'north')
  assert.deepEqual(
    fleet.ships.map(({ crew }) => crew),
    [['ann', 'bob', 'cid'], [], ['dan']],
  )
})

test('a place in the value has the line where it is written', (t) => {
  const path = yamlFile(t, NESTED)
  const file = readAt(path)
  const places = [
    [['fleet', 'name'], 4],
    [['fleet', 'ships', 0], 6],
    [['fleet', 'ships', 0, 'name'], 6],
    [['fleet', 'ships', 0, 'crew'], 7],
    [['fleet', 'ships', 0, 'crew', 1], 7],
    [['fleet', 'ships', 0, 'crew', 2], 8],
    [['fleet', 'ships', 1], 9],
    [['fleet', 'ships', 1, 'crew'], 9],
    [['fleet', 'ships', 2, 'name'], 10],
    [['fleet', 'ships', 2, 'crew', 0], 12],
  ] as const
  for (const [place, line] of places) assert.equal(file.fault(place, 'why'), `${path}:${line}: why`, nameOf(place))
})

test('a missing member has the line of the object that should have it', (t) => {
  const path = yamlFile(t, NESTED)
  const file = readAt(path)
  assert.equal(file.fault(['fleet', 'ships', 2, 'port'], 'why'), `${path}:10: why`)
  assert.equal(file.fault(['fleet', 'ships', 2, 'port', 0, 'berth'], 'why'), `${path}:10: why`)
  assert.equal(file.fault([], 'why'), `${path}:3: why`)
})

test('lines are counted alike for CRLF and with a byte order mark', (t) => {
  const text = `\ufeff${NESTED.replaceAll('\n', '\r\n')}`
  const path = yamlFile(t, text)
  assert.equal(readAt(path).fault(['fleet', 'ships', 2, 'name'], 'why'), `${path}:10: why`)
})

const faults = (content: string, t: Parameters<typeof faultsIn>[0]) =>
  faultsIn(t, content, (path) => validate(readAt(path), fleetFile))

test('an unknown member is told with its own line, also where it has no value', (t) => {
  const text = `fleet:
  name: north
  flag: red
  motto:
  ships:
    - { name: one,
        crew: [],
        mast }
harbour: south
`
  assert.deepEqual(faults(text, t), [
    '8: fleet.ships[0].mast is unknown here',
    '3: fleet.flag is unknown here',
    '4: fleet.motto is unknown here',
    '9: harbour is unknown here',
  ])
})

test('an unknown member with a block below it is told with its own line', {}, (t) => {
  const text = `fleet:
  name: north
  ships: []
  flags:
    - red
`
  assert.deepEqual(faults(text, t), ['4: fleet.flags is unknown here'])
})

test('of many faults the first twenty are told', (t) => {
  const ships = Array.from({ length: 50 }, (_, index) => `    - { name: ${index}, crew: [] }`)
  const found = faults(`fleet:\n  name: north\n  ships:\n${ships.join('\n')}\n`, t)
  assert.equal(found.length, 20)
  assert.match(found[19] ?? '', /^23: fleet\.ships\[19\]\.name: /)
})

test('members that JavaScript knows by itself are unknown like others', (t) => {
  assert.deepEqual(faults('fleet: { name: a, ships: [] }\n__proto__: { name: b }\nconstructor: 1\n', t), [
    '2: __proto__ is unknown here',
    '3: constructor is unknown here',
  ])
})

test('tags and merge keys give no value beyond that of plain YAML', (t) => {
  assert.ok(faults("fleet: !!js/function 'function () {}'\n", t).length > 0)
  assert.ok(faults('fleet: { name: a, ships: [], <<: { name: b } }\n', t).some((fault) => fault.includes('<<')))
})

test('a place has a name that people write', () => {
  assert.equal(nameOf(['customers', 3, 'networks', 0]), 'customers[3].networks[0]')
  assert.equal(nameOf(['testing']), 'testing')
  assert.equal(nameOf([]), 'the file')
})

/** Returns the faults of a file with exactly this content, each as `LINE: reason`. */
const rawFaults = (content: string | Buffer, t: Parameters<typeof faultsIn>[0]) =>
  faultsIn(t, Buffer.from(content), (path) => validate(readAt(path), z.strictObject({ a: z.number() })))

const NOT_WHOLE =
  /^[1-3]: the file must end in a line with three dots \(\.\.\.\)\. Without that line, .* add the line at its end$/

test('a file must end in the end marker, on a line of its own', (t) => {
  const whole = ['a: 1\n...\n', 'a: 1\n...', 'a: 1\r\n...\r\n', 'a: 1\n...  \n\n\n', '# a\n\na: 1\n\n...\n']
  for (const text of whole) assert.deepEqual(rawFaults(text, t), [], text)
  const cut = [
    'a: 1\n',
    'a: 1',
    '',
    'a: 1\n..',
    'a: 1...',
    'a: 1\n ...',
    'a: 1\n...\n# more\n',
    'a: 1\n... # end\n',
    'a: 1\n....\n',
  ]
  for (const text of cut) {
    const [fault = '', ...more] = rawFaults(text, t)
    assert.match(fault, NOT_WHOLE, text)
    assert.deepEqual(more, [])
  }
})

test('a file has one part: what comes after an end marker would not be read', (t) => {
  const reason = 'the file has a second part after --- or ..., which would not be read'
  for (const text of ['a: 1\n...\na: 2\n...\n', 'a: 1\n...\n...\n', 'a: 1\n---\nb: 2\n...\n']) {
    assert.match(rawFaults(text, t).join(), new RegExp(`^[23]: ${reason.replaceAll('.', '\\.')}$`), text)
  }
})

test('an end marker inside a text ends the file there, or is a fault', (t) => {
  for (const text of ['a: "1\n...\n', 'a: [1,\n...\n', "a: '\n...\n", 'a: |\n  1\n...\n']) {
    assert.notDeepEqual(rawFaults(text, t), [], text)
  }
})

test('a damaged file is told with its line', (t) => {
  assert.deepEqual(rawFaults('a: 1\n# \0\0\n...\n', t), ['2: the file is damaged: it has the character U+0000'])
  assert.deepEqual(rawFaults('a: 1 # \u007f\n...\n', t), ['1: the file is damaged: it has the character U+007F'])
  const [fault] = rawFaults(Buffer.concat([Buffer.from('a: 1 # '), Buffer.from([0xff]), Buffer.from('\n...\n')]), t)
  assert.equal(fault, '1: the file: must be UTF-8 text')
})

test('a file that is nested without end, grows without end or repeats a mistake gives short lines', (t) => {
  const deep = [
    '['.repeat(100_000),
    '{a: '.repeat(50_000),
    '- '.repeat(50_000),
    '? '.repeat(50_000),
    '[{a: '.repeat(30_000),
  ]
  const nested = Array.from({ length: 500 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')
  for (const text of [...deep, nested, `a: ${'['.repeat(1_000)}${']'.repeat(1_000)}`]) {
    const [fault = '', ...more] = rawFaults(`${text}\n...\n`, t)
    assert.match(fault, /^\d+: the file is nested too deeply$/, text.slice(0, 20))
    assert.deepEqual(more, [])
  }
  const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  const bomb = names.map(
    (name, level) =>
      `${name}: &${name} [${Array(9)
        .fill(level ? `*${names[level - 1]}` : 'x')
        .join()}]`,
  )
  for (const text of [
    bomb.join('\n'),
    '}\n'.repeat(5_000),
    `a: ${'x'.repeat(100_000)}`,
    `"${'\\n'.repeat(50_000)}": 1`,
  ]) {
    const found = rawFaults(`${text}\n...\n`, t)
    assert.ok(found.length > 0 && found.length <= 20, `${found.length}`)
    for (const fault of found) {
      assert.match(fault, /^.{1,510}$/u)
      assert.doesNotMatch(fault, /call stack/)
    }
  }
})
