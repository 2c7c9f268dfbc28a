/** Starts a real Redis that a test can stop, freeze and kill. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { BEAT } from '../../src/store/redis/ledger-scripts.ts'
import { fetchPackages, packages, projectRoot, storeOf } from '../lab/packages.ts'
import { packagesUnavailable } from '../lab/unavailable.ts'
import { deadPort } from './mail-scripts.ts'
import { killed } from './process.ts'
import type { Ending } from './service.ts'
import { until } from './waiting.ts'

/** The option of a test that needs Redis. Without Redis, the test is skipped with the reason, but never in CI. */
export const withRedis = { skip: process.env.CI ? false : (packagesUnavailable('Redis') ?? false) }

export interface TestRedis {
  readonly url: string
  readonly port: number
  readonly pid: number | undefined
  /** A connection for the test itself. It waits while the server is down. */
  readonly ask: Redis
  /** Pauses the process; `thaw` continues it. */
  freeze(): void
  thaw(): void
  /** Kills the process. Its data is lost. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port, as if it had been there for a while: tests can start at once. */
  start(): Promise<void>
  /** Starts it again, empty, so that nothing is tested at first. */
  startEmpty(): Promise<void>
  /** Ends the wait that follows a loss of memory. */
  settle(): Promise<void>
  /** Ends the lease of a killed replica, as if its time had passed. Deleting it alone would be a loss of memory. */
  endLease(name: string): Promise<void>
}

/**
 * Starts a Redis from Debian's packages on a free port of 127.0.0.1. It ends with the test.
 *
 * @param keeps whether it writes each command to a file first, so that `startEmpty` starts it with its data
 */
export async function startRedis(t: Ending, keeps = false): Promise<TestRedis> {
  await fetchPackages(projectRoot, packages.redis)
  const port = await deadPort()
  const folder = mkdtempSync(join(tmpdir(), 'relay-tests-redis-'))
  const url = `redis://127.0.0.1:${port}`
  const ask = new Redis(url, { lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null })
  ask.on('error', () => {})
  let child: ChildProcess
  const kill = () => killed(child)
  const settle = async () => {
    await ask.eval(BEAT, 2, 'relay-tests:ledger', 'relay-tests:heartbeat', 0, '')
    await ask.zrem('relay-tests:ledger', 'wait')
  }
  const startEmpty = async () => {
    child = spawnServer(folder, port, keeps)
    // While it reads its file, it answers with an error.
    await until('Redis', async () => (await ask.ping().catch(() => null)) === 'PONG')
  }
  const start = async () => {
    await startEmpty()
    await settle()
  }
  t.after(async () => {
    ask.disconnect()
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await start()
  return {
    url,
    port,
    get pid() {
      return child.pid
    },
    ask,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    start,
    startEmpty,
    settle,
    endLease: async (name) => {
      const key = `relay-tests:lease:${name}`
      await ask.multi().zrem('relay-tests:ledger', key).del(key).exec()
    },
  }
}

/** Starts the server. All Redis tools are one program, which takes its role from the name it is called by. */
function spawnServer(folder: string, port: number, keeps: boolean): ChildProcess {
  const store = storeOf(projectRoot)
  const libraries = packages.redis.map((name) => join(store, name, 'usr/lib/x86_64-linux-gnu'))
  const file = { appendonly: keeps ? 'yes' : 'no', appendfsync: 'always' }
  const options = { bind: '127.0.0.1', port: `${port}`, dir: folder, save: '', ...file, logfile: 'redis.log' }
  return spawn(
    join(store, 'redis-tools/usr/bin/redis-check-rdb'),
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    { argv0: 'redis-server', env: { LD_LIBRARY_PATH: libraries.join(':') }, stdio: 'ignore' },
  )
}
