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

test('what is missing has the line of what should hold it', (t) => {
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
