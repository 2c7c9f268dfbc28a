/** The configurations of the lab are what their names say, measured by real mail. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { cases } from '../harness/mass.ts'
import { type MailRecorder, startMailRecorder } from '../harness/recorder.ts'
import type { Configuration } from './configuration.ts'
import { configurations } from './configurations.ts'
import { eachAtOnce } from './each-at-once.ts'
import { type LabNetwork, openNetwork } from './network.ts'
import { measureTruth } from './truth.ts'
import { labUnavailable } from './unavailable.ts'

const reason = labUnavailable()

const expected = (id: string): boolean | undefined => ({ open: true, closed: false })[id.split('-')[0] ?? '']

describe('the configurations of the lab', { skip: reason ?? false }, () => {
  let network: LabNetwork
  let exit: MailRecorder
  const endings: (() => unknown)[] = []

  before(async () => {
    network = await openNetwork()
    endings.push(() => network.close())
    const ending = { after: (work: () => unknown) => void endings.unshift(work) }
    exit = await startMailRecorder(ending, { hosts: [network.exit], port: 25 })
  })
  after(async () => {
    for (const end of endings) await end()
  })

  test('are named once each, by what is true of them', () => {
    const ids = configurations.map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id, /^(open|closed|unsure)-/)
  })

  test('the quick ones start, and are what their names say', async (t) => {
    const quick = configurations.filter((configuration) => configuration.quick)
    assert.ok(quick.length >= 20)
    // Some of them, spread over the list; `npm run prove:mass` and `npm run prove:accuracy` measure all.
    const step = Math.max(1, Math.floor(quick.length / cases(4)))
    const measured = quick.filter((_configuration, index) => index % step === 0)
    const check = async ({ id, start, also }: Configuration) => {
      const server = await start(network)
      const truth = await measureTruth(network, server, { recorder: exit, also })
      await server.stop()
      await t.test(`${id}: ${truth.how}`, () => {
        const relays = expected(id)
        if (relays === undefined) assert.notEqual(truth.relays, true)
        else assert.equal(truth.relays, relays)
      })
    }
    await eachAtOnce(measured, 4, check)
  })
})
