/** Sweeps that begin by themselves: their file, and their times in memory and on Redis. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../src/access/callers.ts'
import { bullQueue } from '../../src/queue/bullmq.ts'
import { memoryQueue } from '../../src/queue/memory.ts'
import type { OpenQueue } from '../../src/queue/queue.ts'
import { RequestProblem } from '../../src/service/problem.ts'
import { Schedules } from '../../src/sweeps/schedules.ts'
import { loadSchedules, type ScheduledSweep } from '../../src/sweeps/schedules-file.ts'
import { contentsOf, faultsOfAsync, whole, yamlFile } from '../harness/files.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { until } from '../harness/waiting.ts'

const SECURITY: Caller = { id: 'security', customers: 'all', quota: null, sandbox: false, sweeps: true, webhook: null }
const WEEKLY: ScheduledSweep = {
  ...{ name: 'weekly', caller: 'security', cron: '0 3 * * 1', customers: 'all' },
  ...{ suite: 'standard', proof: null, spread: '6h' },
}

test('the file says who gets which sweep, and when', async (t) => {
  const path = yamlFile(
    t,
    `sweeps:
  - { name: weekly, caller: security, cron: "0 3 * * 1", customers: all, spread: 6h }
  - { name: acme-daily, caller: desk, cron: "30 2 * * *", customers: [acme], suite: full, proof: message }
`,
  )
  assert.deepEqual(await loadSchedules(contentsOf([path])), [
    WEEKLY,
    {
      ...{ name: 'acme-daily', caller: 'desk', cron: '30 2 * * *', customers: ['acme'] },
      ...{ suite: 'full', proof: 'message', spread: null },
    },
  ])
})

test('each mistake is named with its line', async (t) => {
  for (const [entry, fault] of [
    ['{ name: weekly, caller: a, cron: "0 3 * *" }', /^2: sweeps\[0\]\.cron: must be a cron expression of five fields/],
    ['{ name: weekly, caller: a, cron: "0 25 * * 1" }', /^2: sweeps\[0\]\.cron: must be a cron expression/],
    ['{ name: weekly, caller: a, cron: "* * * * * *" }', /^2: sweeps\[0\]\.cron: must be a cron expression/],
    ['{ name: weekly, caller: a, cron: "H H * * *" }', /^2: sweeps\[0\]\.cron: must be a cron expression/],
    ['{ name: weekly, caller: a, cron: "0 3 L * *" }', /^2: sweeps\[0\]\.cron: must be a cron expression/],
    ['{ name: weekly, caller: a, cron: every monday }', /^2: sweeps\[0\]\.cron: must be a cron expression/],
    ['{ name: weekly, caller: a }', /^2: sweeps\[0\]\.cron: must be a cron expression/],
    ['{ name: a b, caller: a, cron: "0 3 * * 1" }', /^2: sweeps\[0\]\.name: must be a name of 1 to 64 letters/],
    ['{ name: weekly, caller: a, cron: "0 3 * * 1", spread: 8d }', /^2: sweeps\[0\]\.spread: must be a time such as/],
    ['{ name: weekly, caller: a, cron: "0 3 * * 1", customers: acme }', /^2: sweeps\[0\]\.customers: must be "all"/],
    ['{ name: weekly, caller: a, cron: "0 3 * * 1", often: true }', /^2: sweeps\[0\]\.often is unknown here/],
  ] as const) {
    const path = yamlFile(t, `sweeps:\n  - ${entry}\n`)
    const [found = ''] = await faultsOfAsync(loadSchedules(contentsOf([path])))
    assert.match(found.slice(path.length + 1), fault, entry)
  }
  const twice = yamlFile(
    t,
    'sweeps:\n  - &one { name: a, caller: b, cron: "0 3 * * 1" }\n  - { name: a, caller: b, cron: "0 4 * * 1" }\n',
  )
  const [found = ''] = await faultsOfAsync(loadSchedules(contentsOf([twice])))
  assert.match(found, /3: sweeps\[1\]\.name: a is used twice$/)
})

test('a file that was cut off is refused', async (t) => {
  const text = whole('sweeps:\n  - { name: a, caller: b, cron: "0 3 * * 1" }\n')
  for (let length = 0; length < text.length - 1; length += 1) {
    const content = [{ path: 'sweeps.yaml', bytes: Buffer.from(text.slice(0, length)) }]
    assert.ok((await faultsOfAsync(loadSchedules(content))).length > 0, text.slice(0, length))
  }
  assert.ok(t)
})

for (const [where, options, openQueues] of [
  ['in memory', {}, async () => memoryQueue],
  [
    'on Redis',
    withRedis,
    async (t) => {
      // It ends after the queue, because a queue without its Redis keeps timers for a while.
      const ends: (() => unknown)[] = []
      const { url } = await startRedis({ after: (work) => void ends.push(work) })
      const open: OpenQueue = (given) => {
        const queue = bullQueue(url, given)
        t.after(async () => {
          await queue.close()
          for (const work of ends) await work()
        })
        return queue
      }
      return open
    },
  ],
] as const satisfies readonly (readonly [
  string,
  object,
  (t: Parameters<typeof startRedis>[0]) => Promise<OpenQueue>,
])[]) {
  test(`a sweep begins at its times, and follows a change of the file (${where})`, options, async (t) => {
    const open = await openQueues(t)
    const begun: string[] = []
    // Every second: the file has minutes only, so that nobody tests all servers that often.
    let schedules: readonly ScheduledSweep[] = [{ ...WEEKLY, cron: '* * * * * *' }]
    const scheduler = new Schedules({
      openQueue: open,
      callerNow: (id) => (id === 'security' ? SECURITY : null),
      sweeps: {
        async startScheduled(sweepRequest, { id }) {
          begun.push(`${sweepRequest.name} for ${id}, ${sweepRequest.proof}`)
          if (begun.length > 1) throw new RequestProblem('sweep-running', 'A sweep with the name weekly runs.')
          throw new Error('the first attempt fails')
        },
      },
      schedules: () => schedules,
      defaultProof: 'delivery',
      log: { info() {}, error() {} },
    })
    if (where === 'in memory') t.after(() => scheduler.close())
    scheduler.work()
    await until('two sweeps', () => begun.length >= 2)
    assert.deepEqual([...new Set(begun)], ['weekly for security, delivery'])
    schedules = [
      { ...WEEKLY, name: 'other', cron: '* * * * * *' },
      { ...WEEKLY, name: 'nobody', caller: 'nobody' },
    ]
    await scheduler.follow()
    await until('the other sweep', () => begun.includes('other for security, delivery'))
    const weekly = () => begun.filter((one) => one.startsWith('weekly')).length
    const before = weekly()
    const now = begun.length
    await until('two more', () => begun.length >= now + 2)
    assert.ok(weekly() <= before + 1, 'a schedule that is gone begins nothing more')
  })
}
