/** Compares the service's decisions about addresses with those of a second implementation in Python. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadCustomers } from '../harness/customers.ts'
import { faultsOf, writeYaml, yamlFile, yamlFolder } from '../harness/files.ts'
import { type Random, randomFrom } from '../harness/random.ts'
import { casesFrom, take, VECTORS } from './cases.ts'
import { agree, decider } from './decisions.ts'
import { FILES, type Network } from './installation.ts'
import { expectedOf, networksJudged, oracleUnavailable } from './oracle.ts'

const SEED = 20270101
const missing = oracleUnavailable()
const skip = missing !== null && process.env.CI === undefined ? missing : false

test('Python agrees about the known special addresses and their neighbours', { skip }, async () => {
  const cases = VECTORS.map(({ text }) => ({ caller: 'none', body: JSON.stringify({ ip: text }) }))
  const expected = await expectedOf(cases)
  const wrong = VECTORS.filter((vector, index) => {
    const said = expected[index]
    // A mapped address is denied as a syntax fault.
    const denied = said !== undefined && 'deny' in said && ['special', 'syntax'].includes(said.deny)
    return denied !== (vector.expected === 'deny')
  })
  assert.ok(VECTORS.length > 300)
  assert.deepEqual(wrong, [])
})

test('20,000 decisions are the same as in Python', { skip }, async (t) => {
  const folder = yamlFolder(t, { 'customers.yaml': FILES.customers, 'callers.yaml': FILES.callers })
  const decideAs = decider({ customers: join(folder, 'customers.yaml'), callers: join(folder, 'callers.yaml') })
  const cases = take(casesFrom(SEED), 20_000)
  const expected = await expectedOf(cases)
  const allowed = expected.filter((one) => 'allow' in one).length
  assert.ok(allowed > 1_000 && allowed < 10_000, `${allowed} are allowed`)
  const wrong = cases.flatMap((one, index) => {
    const [said, decided] = [expected[index], decideAs(one)]
    return said && agree(said, decided) ? [] : [{ ...one, said, decided }]
  })
  assert.deepEqual(wrong.slice(0, 10), [])
})

const RULES = { allowLoopback: false, mailboxDomain: 'relaytest.isp.example' }

/** Makes an entry of a customers file: any length, in or beside a special range, sometimes with host bits set. */
function anyNetwork(random: Random): Network {
  const heads = [
    '0',
    '10',
    '100.64',
    '127',
    '169.254',
    '169.254.169.254',
    '192.0.2',
    '198.18',
    '203.0.113',
    '224',
    '240',
    '93.184',
    '8.8.8.8',
  ]
  const heads6 = [
    '::',
    '::1',
    '::ffff:0:0',
    '64:ff9b::',
    '2001::',
    '2001:db8::',
    '2002::',
    '2606:2800::',
    '2000::',
    '3fff::',
    'fe80::',
    'ff00::',
    '4000::',
    '2400:cb00:1::5efe:0:0',
    '2400:cb00:1:0:200:5efe::',
  ]
  const v4 = random.chance(0.5)
  const bits = v4 ? 32 : 128
  const head = v4 ? [...random.pick(heads).split('.'), '0', '0', '0'].slice(0, 4).join('.') : random.pick(heads6)
  const length = random.int(bits + 1)
  return {
    cidr: `${head}/${length}`,
    ...(random.chance(0.5) ? { allowSpecial: true } : {}),
    ...(random.chance(0.5) ? { allowWide: true } : {}),
  }
}

test('a network that is too wide, or overlaps a special range, is refused at load exactly when Python refuses it', {
  skip,
}, async (t) => {
  const random = randomFrom(SEED)
  const networks = Array.from({ length: 4_000 }, () => anyNetwork(random))
  const judged = await networksJudged(networks)
  const path = yamlFile(t, '')
  const counts: Record<string, number> = {}
  const wrong = networks.flatMap((network, index) => {
    writeYaml(path, `customers: [{ id: a, name: A, networks: [${JSON.stringify(network)}] }]\n`)
    const faults = faultsOf(() => loadCustomers([path], RULES))
    const said = judged[index] ?? ''
    counts[said] = (counts[said] ?? 0) + 1
    return (said === 'allow') === (faults.length === 0) ? [] : [{ network, said, faults }]
  })
  assert.deepEqual(wrong.slice(0, 10), [])
  for (const said of ['allow', 'never', 'special', 'wide', 'syntax'])
    assert.ok((counts[said] ?? 0) > 20, `${said}: ${counts[said]}`)
})
