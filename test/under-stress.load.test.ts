/** The service at its limits: nothing is lost, mixed up or left behind. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertNothingLost, endInMidLoad } from './harness/ending-in-mid-load.ts'
import { whole } from './harness/files.ts'
import { bearer, keyOf, resultOf } from './harness/http.ts'
import { everyAddress } from './harness/many-addresses.ts'
import { CALLERS, CUSTOMERS, KEYS, startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const WIDE = `
customers:
  - id: acme
    name: Acme
    networks: [{ cidr: 127.0.0.0/8, allowWide: true }]
    domains: [example.com]
`

/** How many files and sockets a process holds open. */
const openFiles = ({ process: { pid } }: TestService): number => readdirSync(`/proc/${pid}/fd`).length

// Most of it is waiting, so the tests run side by side.
describe('under stress', { concurrency: 3 }, () => {
  // `npm run prove:life` does it twenty times.
  test('an end in mid-load loses no answer and refuses none in the drain', async (t) => {
    assertNothingLost(await endInMidLoad(t))
  })

  test('200 callers that leave at any time leave nothing behind', async (t) => {
    const mail = await everyAddress(t)
    // One caller gets a quarter: a slot for each that leaves, or one without would be told so before.
    const env = { ALLOWED_PORTS: `${mail.port}`, MAX_CONCURRENT_TESTS: '800' }
    const service = await startService(t, { env, customers: WIDE })
    const ipOf = (index: number) => `127.1.${index >> 8}.${index & 255}`
    const post = (index: number, signal?: AbortSignal) =>
      service.fetch('/relay-tests', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(KEYS.desk) },
        body: JSON.stringify({ ip: ipOf(index), port: mail.port }),
        ...(signal ? { signal } : {}),
      })
    await resultOf(await post(0))
    const before = openFiles(service)
    mail.hold()
    // On a busy machine, others may have left before they were tested. Each eighth stays until enough are tested.
    const enough = until('tests to run', () => mail.held > 20)
    const leaving = Array.from({ length: 200 }, async (_, index) => {
      const caller = new AbortController()
      const answer = post(index + 1, caller.signal)
      void (index % 8 === 0 ? enough : sleep(Math.random() * 400)).then(() => caller.abort())
      await assert.rejects(answer)
    })
    await Promise.all(leaving)
    mail.release()
    const audit = (kind: string) => service.logs().filter((line) => line.audit === kind)
    await until('a result for each intent', () => audit('result').length === audit('intent').length)
    await until('the connections to end', () => mail.connections === 0)
    await until('the sockets to close', () => openFiles(service) <= before)
    assert.ok(audit('intent').length > 20, `${audit('intent').length} were tested at all`)
    const ids = (kind: string) =>
      audit(kind)
        .map(({ id }) => id)
        .sort()
    assert.deepEqual(ids('result'), ids('intent'))
    // Slots and leases are free again: all of them at once, each address.
    const again = await Promise.all(Array.from({ length: 200 }, (_, index) => post(index + 1)))
    for (const answer of again) await resultOf(answer)
  })

  test('500 tests at once see each its own server, and nothing of another', async (t) => {
    const mail = await everyAddress(t)
    const env = { ALLOWED_PORTS: `${mail.port}`, MAX_CONCURRENT_TESTS: '2000' }
    const service = await startService(t, { env, customers: WIDE })
    mail.hold()
    const ips = Array.from({ length: 500 }, (_, index) => `127.2.${index >> 8}.${index & 255}`)
    const answers = ips.map((ip) => service.post({ ip, port: mail.port }, bearer(KEYS.desk)))
    await until('all of them to run', () => mail.held === ips.length, 60_000)
    mail.release()
    for (const [index, answer] of answers.entries()) {
      const { ip, verdict, transcript } = await resultOf(await answer)
      assert.deepEqual([ip, verdict], [ips[index], 'closed'])
      const marks = new Set(transcript.filter(({ from }) => from === 'server').map(({ line }) => line.split(' at ')[1]))
      assert.deepEqual([...marks], [ip])
    }
  })

  test('no key, good or bad, gets into a log or an answer', async (t) => {
    const mail = await everyAddress(t)
    const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}` } })
    const bad = keyOf('z')
    const said: string[] = []
    for (const key of [KEYS.desk, KEYS.partner, bad]) {
      for (const scheme of ['Bearer ', 'bearer  ', 'Basic ', '', `Bearer ${key} `]) {
        for (const [path, body] of [
          ['/limits', null],
          ['/relay-tests', { ip: '127.0.0.1', port: mail.port, reference: 'T' }],
          ['/relay-tests', { ip: key, [key]: key }],
          [`/relay-tests/${key}`, null],
          [`/${key}?key=${key}`, null],
        ] as const) {
          const init = body === null ? {} : { method: 'POST', body: JSON.stringify(body) }
          const headers = { authorization: `${scheme}${key}`, 'content-type': 'application/json', 'x-key': key }
          const answer = await service.fetch(path, { ...init, headers })
          if (body === null || !('ip' in body) || body.ip !== key) said.push(await answer.text())
          said.push(JSON.stringify([...answer.headers]))
        }
      }
    }
    assert.ok(service.logs().some(({ msg }) => msg === 'relay test'))
    said.push(await (await fetch(service.metricsUrl)).text())
    for (const key of [KEYS.desk, KEYS.partner, bad]) {
      assert.deepEqual(
        service.output.filter((line) => line.includes(key)),
        [],
        'log',
      )
      assert.deepEqual(
        said.filter((text) => text.includes(key)),
        [],
        'answer',
      )
    }
  })

  test('15 broken files, one after the other, leave the last good ones in use', async (t) => {
    const mail = await everyAddress(t)
    const files = { 'customers.yaml': whole(CUSTOMERS), 'callers.yaml': whole(CALLERS) }
    const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}` } })
    const names = ['customers.yaml', 'callers.yaml'] as const
    /** Each breaks any of the files. */
    const broken = [
      () => '',
      (good: string) => good.slice(0, -20),
      (good: string) => `${good}\n\tx: [`,
      (good: string) => good.replace('id:', 'ids:'),
      () => '\x00\xff\xfe',
      (good: string) => `${good}\n${good}`,
      () => '[]',
      () => `a: &a [*a, *a]\n`,
    ]
    let refused = 0
    for (const breakIt of broken) {
      for (const name of names) writeFileSync(join(service.folder, name), breakIt(files[name]), 'latin1')
      refused += names.length
      const told = () => service.logs().filter(({ msg }) => `${msg}`.includes('not reloaded')).length
      await until('the refusals', () => told() >= refused)
      assert.equal((await resultOf(await service.post({ ip: '127.0.0.1', port: mail.port }))).customerId, 'acme')
      // The same fault twice is told once, so the good files come back in between.
      for (const name of names) writeFileSync(join(service.folder, name), files[name])
      const back = () => service.logs().filter(({ msg }) => `${msg}`.endsWith(' reloaded')).length
      await until('the good files', () => back() >= refused)
    }
    assert.ok(refused >= 15)
    assert.equal(await service.stop(), 0)
  })
})
