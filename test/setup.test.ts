/** All faults of environment and files are told in one list. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setUp, warningsOf } from '../src/setup.ts'
import { faultsOfAsync, folderOf, writeYaml, yamlFolder } from './harness/files.ts'
import { configFolder, environmentFor } from './harness/service.ts'

test('environment and files make a set-up', async (t) => {
  const folder = configFolder(t)
  const audit = join(folder, 'audit.log')
  const setup = await setUp({ ...environmentFor(folder), AUDIT_FILE: audit })
  assert.equal(setup.config.MAILBOX_DOMAIN, 'relaytest.isp.example')
  assert.deepEqual([...setup.customers.current.all.keys()], ['acme', 'beta', 'gamma'])
  assert.deepEqual(
    setup.callers.current.all.map(({ id }) => id),
    ['partner', 'desk'],
  )
  assert.equal(setup.vantages, null)
  assert.equal(existsSync(audit), false, 'nothing is opened yet')
})

test('the vantages file is read where one is named', async (t) => {
  const folder = configFolder(t)
  const vantages = join(yamlFolder(t, { 'v.yaml': 'vantages: [{ name: a, ehlo: a.example }]\n' }), 'v.yaml')
  const { vantages: read } = await setUp({ ...environmentFor(folder), VANTAGES_FILE: vantages })
  assert.equal(read?.current[0]?.name, 'a')
})

test('faults of the environment and of every file come in one list', async (t) => {
  const folder = yamlFolder(t, {
    'customers.yaml': 'customers:\n  - { id: a, name: A, networks: [8.8.8.8], domains: [relaytest.isp.example] }\n',
    'callers.yaml': 'callers:\n  - { id: a, keys: [] }\n',
    'vantages.yaml': 'vantages: []\n',
  })
  mkdirSync(join(folder, 'audit'))
  const at = (name: string) => join(folder, name)
  const env = { ...environmentFor(folder), PORT: 'x', VANTAGES_FILE: at('vantages.yaml'), AUDIT_FILE: at('audit') }
  const places = [
    'PORT: ',
    `${at('customers.yaml')}:2: customers[0].domains[0]: `,
    `${at('customers.yaml')}:2: customers[0].networks[0]: `,
    `${at('callers.yaml')}:2: callers[0].customers: `,
    `${at('vantages.yaml')}:1: vantages: `,
    'AUDIT_FILE: ',
  ]
  const found = await faultsOfAsync(setUp(env))
  assert.equal(found.length, places.length)
  for (const [index, place] of places.entries()) assert.ok(found[index]?.startsWith(place), `${found[index]}`)
})

test('files that are not named are told once, by the environment', async () => {
  assert.deepEqual(
    (await faultsOfAsync(setUp({}))).map((fault) => fault.split(':')[0]),
    ['CUSTOMERS_FILE', 'CALLERS_FILE', 'MAILBOX_DOMAIN', 'PROVIDER_NAME', 'CONTACT'],
  )
})

test('files that are not there are told by their paths', async (t) => {
  const folder = folderOf(t)
  assert.deepEqual(
    await faultsOfAsync(setUp(environmentFor(folder))),
    ['customers', 'callers'].map((name) => `${join(folder, `${name}.yaml`)}: cannot be read (ENOENT)`),
  )
})

test('warnings are of what is in use now, and follow the files', async (t) => {
  const folder = configFolder(t, {
    customers: 'customers: [{ id: acme, name: Acme, networks: [127.0.0.0/24], domains: [example.com] }]\n',
    callers: 'callers: [{ id: desk, keys: [], customers: all }]\n',
  })
  const vantages = join(yamlFolder(t, { 'v.yaml': 'vantages: [{ name: a, ehlo: a.example }]\n' }), 'v.yaml')
  const env = environmentFor(folder)
  assert.deepEqual(warningsOf(await setUp({ ...env, VANTAGES_FILE: vantages })), [])
  const setup = await setUp(env)
  const noVantage = 'VANTAGES_FILE is not set: EHLO gives an address literal, which many servers refuse'
  assert.deepEqual(warningsOf(setup), [noVantage])

  const bare = '{ id: bare, name: B, networks: [127.1.0.0/24] }'
  const roles =
    '{ id: roles, name: R, networks: [127.2.0.0/24], domains: [a.example], mailboxes: [jo@a.example, Info@a.example] }'
  const expired = `{ sha256: ${'a'.repeat(64)}, expires: 2020-01-31 }, { sha256: ${'b'.repeat(64)}, expires: 2999-01-31 }`
  const scopes = `{ id: p, keys: [${expired}], customers: [bare, acme, gone] }, { id: q, keys: [], customers: [] }`
  writeYaml(join(folder, 'customers.yaml'), `customers: [${bare}, ${roles}]\n`)
  writeYaml(join(folder, 'callers.yaml'), `callers: [${scopes}]\n`)
  assert.deepEqual([await setup.customers.look(), await setup.callers.look()], [true, true])
  assert.deepEqual(warningsOf(setup), [
    noVantage,
    'caller p may test acme, but there is no such customer',
    'caller p may test gone, but there is no such customer',
    'caller q may test no customer',
    'caller p has an expired key: remove it',
    'customer bare has no domains: its servers can be found open, but never closed',
    'customer roles has the role address Info@a.example: servers often spare it from bans, so it proves less than the mailbox of a person',
  ])

  writeYaml(join(folder, 'customers.yaml'), 'customers: []\n')
  writeYaml(join(folder, 'callers.yaml'), 'callers: []\n')
  assert.deepEqual([await setup.customers.look(), await setup.callers.look()], [true, true])
  assert.deepEqual(warningsOf(setup), [
    'there are no customers: nothing can be tested',
    'there are no callers: nobody can use the service',
    noVantage,
  ])
})

test('loopback customers are a fault without the flag, and the flag is not taken for set by another word', async (t) => {
  const env = { ...environmentFor(configFolder(t)), AUDIT_FILE: '' }
  assert.deepEqual(await faultsOfAsync(setUp(env)), [])
  assert.equal((await faultsOfAsync(setUp({ ...env, ALLOW_LOOPBACK_TARGETS: 'false' }))).length, 3)
  assert.equal((await faultsOfAsync(setUp({ ...env, ALLOW_LOOPBACK_TARGETS: 'yes' }))).length, 4)
})
