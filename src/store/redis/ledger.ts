/**
 * Takes the keys in Redis that only one test may have: leases and idempotency keys. Notices a Redis that lost its
 * memory, makes all replicas wait until every earlier test has ended, and restores what this replica remembers.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { Expiring } from '../expiring.ts'
import type { StoreState } from '../stores.ts'
import { MemoryLost } from '../unavailable.ts'
import { type Log, replyTo } from './connection.ts'
import { BEAT, NEW_MS, RELEASE, RENEW, RESTORE, TAKE } from './ledger-scripts.ts'

const LEDGER = 'ledger'
const HEARTBEAT = 'heartbeat'
/** How often each replica looks for a new epoch, in milliseconds. Far shorter than any wait. */
const BEAT_MS = 500
/** A state of this age, in milliseconds, still tells how Redis is. */
const FRESH_MS = 100
/** How long the start of a replica waits for Redis, and how often it looks, in milliseconds. A busy machine is slow. */
const CONNECTING_MS = 2_000
const LOOK_MS = 50
/** How many keys a replica remembers, and how many it restores with one command. */
const REMEMBERED = 50_000
const AT_ONCE = 200

const DOWN: StoreState = { isUp: false, waitMs: 0 }

/** A key that was used, and whose value is lost. */
export const LOST = 'lost'

const answer = z.tuple([z.string(), z.number(), z.string().nullable()])

/** The epoch, how long nothing may be taken, and the answer of a script. */
type LedgerReply = z.output<typeof answer>

export class Ledger {
  readonly #redis: Redis
  readonly #leaseMs: number
  readonly #log: Log
  /** The keys that tests of this replica have. */
  readonly #own = new Expiring<string>(REMEMBERED)
  readonly #restorers: (() => Promise<void>)[] = []
  readonly #timer: NodeJS.Timeout
  #epoch: string | null = null
  #restoring: Promise<void> | null = null
  #latest: Promise<StoreState>
  #lookedAt = performance.now()

  /** @param leaseMs the longest lease of this replica, in milliseconds */
  constructor(redis: Redis, leaseMs: number, log: Log) {
    this.#redis = redis
    this.#leaseMs = leaseMs
    this.#log = log
    this.#latest = this.#beat()
    const again = () => void this.look()
    this.#timer = setInterval(again, BEAT_MS).unref()
    redis.on('ready', again)
    redis.on('close', again)
  }

  /** Registers work that restores something else after a loss. It may run more than once. */
  onLoss(restore: () => Promise<void>): void {
    this.#restorers.push(restore)
  }

  /**
   * Takes a key for `ttlMs` and returns null, or returns its value, or LOST if the key was used and its value is lost.
   * Throws MemoryLost while nothing may be taken.
   */
  async take(key: string, value: string, ttlMs: number): Promise<string | null> {
    const [, waitMs, held] = await this.#run(TAKE, [key], [value, ttlMs])
    if (waitMs > 0) throw new MemoryLost(waitMs)
    if (held === null) this.#own.set(key, value, ttlMs)
    return held
  }

  /** Frees a key whose value begins with `owner`. */
  async release(key: string, owner: string): Promise<void> {
    if (this.#own.get(key)?.startsWith(owner)) this.#own.delete(key)
    await replyTo(this.#redis.eval(RELEASE, 2, LEDGER, key, owner))
  }

  /** Restarts the lifetime of a key whose value begins with `owner`. */
  async renew(key: string, owner: string, ttlMs: number): Promise<void> {
    const value = this.#own.get(key)
    if (value?.startsWith(owner)) this.#own.set(key, value, ttlMs)
    await replyTo(this.#redis.eval(RENEW, 2, LEDGER, key, owner, ttlMs))
  }

  /** Returns how Redis was a moment ago. `/readyz` needs no key, so it must not read Redis for each request. */
  state(): Promise<StoreState> {
    return performance.now() - this.#lookedAt < FRESH_MS ? this.#latest : this.look()
  }

  /** Looks at Redis now. */
  look(): Promise<StoreState> {
    this.#lookedAt = performance.now()
    this.#latest = this.#beat()
    return this.#latest
  }

  /** Waits for the connection, and until a new Redis can be used. Gives up if it is down, or has lost its memory. */
  async usable(): Promise<void> {
    const givesUpAt = performance.now() + CONNECTING_MS
    for (;;) {
      const { isUp, waitMs } = await this.look()
      if (isUp && (waitMs === 0 || waitMs > NEW_MS)) return
      if (!isUp && performance.now() > givesUpAt) {
        this.#log.error({ waitedMs: CONNECTING_MS }, 'Redis does not answer: the service starts without it')
        return
      }
      await sleep(isUp ? waitMs : LOOK_MS)
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #beat(): Promise<StoreState> {
    try {
      const [, waitMs] = await this.#run(BEAT, [HEARTBEAT], [])
      return { isUp: true, waitMs }
    } catch {
      return DOWN
    }
  }

  async #run(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<LedgerReply> {
    const given = [this.#leaseMs, this.#epoch ?? '', ...values]
    const asked = replyTo(this.#redis.eval(script, keys.length + 1, LEDGER, ...keys, ...given))
    const reply = await asked.catch((error) => {
      this.#latest = Promise.resolve(DOWN)
      throw error
    })
    const [epoch, waitMs, result] = answer.parse(reply)
    this.#latest = Promise.resolve({ isUp: true, waitMs })
    if (epoch !== this.#epoch && !this.#restoring) {
      if (waitMs > 0) this.#log.error({ waitMs }, 'Redis is new or has lost its memory: nothing is tested for a while')
      this.#restoring = this.#restore(epoch).finally(() => {
        this.#restoring = null
      })
      // The next beat tries again.
      this.#restoring.catch((err) => this.#log.error({ err }, 'what Redis lost could not be restored yet'))
    }
    return [epoch, waitMs, result]
  }

  /** Restores what this replica knows in a new epoch. */
  async #restore(epoch: string): Promise<void> {
    const entries = [...this.#own.entries()]
    for (let from = 0; from < entries.length; from += AT_ONCE) {
      const some = entries.slice(from, from + AT_ONCE).filter(([key]) => this.#own.get(key) !== null)
      const keys = some.map(([key]) => key)
      const values = some.flatMap(([, value, ttlMs]) => [value, Math.ceil(ttlMs)])
      const { length } = keys
      const given = [this.#leaseMs, this.#epoch ?? '', ...values]
      await replyTo(this.#redis.eval(RESTORE, length + 1, LEDGER, ...keys, ...given))
    }
    for (const restore of this.#restorers) await restore()
    this.#epoch = epoch
  }
}
