/** Connects to Redis, and waits for its replies with a limit. */
import { lookup } from 'node:dns/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { StoreUnavailable } from '../unavailable.ts'

export interface Log {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** If the server does not answer, a request gets its 503 within half a second. */
const CONNECT_MS = 300
const COMMAND_MS = 300
/** A silent connection is closed after this time, because its other end may be gone. */
const SILENCE_MS = 1_000
const RETRY_MS = 250
/** How often we ask a server that still loads its data whether it is ready, in milliseconds. */
const LOADING_MS = 1_000

/** Commands never wait in a queue and are never sent twice: a command that failed now must not run later. */
const OPTIONS = {
  keyPrefix: 'relay-tests:',
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENCE_MS,
  maxLoadingRetryTime: LOADING_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => RETRY_MS,
} satisfies RedisOptions

/** Connects, and reconnects after an outage. The server may be down at the start. */
export function connectTo(url: string, log: Log): Redis {
  const redis = new Redis(url, OPTIONS)
  let isDown = false
  // Without a listener, an error would end the process. Each outage is one log line.
  redis.on('error', (error: Error) => {
    if (!isDown) log.error({ error: error.message }, 'Redis is down: nothing is tested')
    isDown = true
  })
  redis.on('ready', () => {
    if (isDown) log.info({}, 'Redis is up again')
    isDown = false
    void logMisfits(redis, log)
  })
  return redis
}

async function logMisfits(redis: Redis, log: Log): Promise<void> {
  // Older servers do not understand several sections in one command.
  const sections = await Promise.all(['memory', 'server'].map((section) => redis.info(section).catch(() => '')))
  for (const { fields, message } of misfitsIn(sections.join('\n'))) log.error(fields, message)
}

/** The oldest major version that has `SET … NX GET`, which leases and claims need. */
const OLDEST = 7

const FORGETS = 'Redis may forget quotas and stop all tests for a while: its maxmemory-policy is not noeviction'

/**
 * Returns what is wrong with a server according to its INFO, for the log. The policy is read from there too, because
 * many providers forbid CONFIG. If INFO is forbidden as well, nothing is known, and nothing is said.
 */
export function misfitsIn(info: string): { readonly fields: object; readonly message: string }[] {
  const [, policy = 'noeviction'] = /^maxmemory_policy:(\S+)/m.exec(info) ?? []
  const [, version, major = `${OLDEST}`] = /^redis_version:((\d+)\S*)/m.exec(info) ?? []
  return [
    // A server that deletes keys when its memory is full forgets counts, so it admits too many tests. If it deletes
    // leases or idempotency keys, the ledger notices, and nothing is tested for a while.
    policy === 'noeviction' ? [] : { fields: { policy }, message: FORGETS },
    Number(major) >= OLDEST ? [] : { fields: { version }, message: `Redis ${OLDEST} or newer is needed` },
  ].flat()
}

/**
 * Returns the reply to a command. Throws StoreUnavailable if there is no reply in time, or the reply is an error. The
 * timeout of ioredis is no use: after a busy moment of this process it ignores replies that have already arrived.
 */
export function replyTo<T>(command: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      clearTimeout(timer)
      reject(new StoreUnavailable(cause))
    }
    // Timers run before sockets are read. A reply that has arrived is read before the next immediate.
    const late = () => setImmediate(() => fail(new Error(`no reply within ${COMMAND_MS} ms`)))
    const timer = setTimeout(late, COMMAND_MS)
    command.then((reply) => {
      clearTimeout(timer)
      resolve(reply)
    }, fail)
  })
}

/** Returns a function that lists the known addresses of the server at the other end of a connection. */
export function addressesOf(redis: Redis): () => string[] {
  const { host = '127.0.0.1' } = redis.options
  let resolved: string[] = []
  const resolve = () =>
    lookup(host, { all: true }).then(
      (found) => {
        resolved = found.map(({ address }) => address)
      },
      // Without an address there is no connection, so nothing is tested.
      () => {},
    )
  void resolve()
  redis.on('connect', resolve)
  return () => [...resolved, redis.stream?.remoteAddress ?? []].flat()
}
