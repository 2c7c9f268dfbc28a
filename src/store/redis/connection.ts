import { lookup } from 'node:dns/promises'
import { Redis, type RedisOptions } from 'ioredis'
import type { StoreServer } from '../stores.ts'
import { StoreUnavailable } from '../unavailable.ts'

export interface Log {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A request that meets a server which does not answer gets its 503 within half a second. */
const CONNECT_MS = 300
const COMMAND_MS = 300
/** A connection that brings nothing for so long is given up: its other end may be gone without a word. */
const SILENCE_MS = 1_000
const RETRY_MS = 250
const LOADING_MS = 1_000

/** Nothing waits in a queue, and nothing is sent a second time: what is refused now must not be done later. */
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

/** Starts a connection and keeps it up. A server that is down now may come later. */
export function connectTo(url: string, log: Log): Redis {
  const redis = new Redis(url, OPTIONS)
  let told = false
  // Without a listener an error would end the process; each outage is one line.
  redis.on('error', (error: Error) => {
    if (!told) log.error({ error: error.message }, 'Redis is down: nothing is tested')
    told = true
  })
  redis.on('ready', () => {
    if (told) log.info({}, 'Redis is up again')
    told = false
    void warnOf(redis, log)
  })
  return redis
}

async function warnOf(redis: Redis, log: Log): Promise<void> {
  // Several sections at once are more than older servers understand.
  const sections = await Promise.all(['memory', 'server'].map((section) => redis.info(section).catch(() => '')))
  for (const { fields, message } of misfitsIn(sections.join('\n'))) log.error(fields, message)
}

/** The oldest server that knows `SET … NX GET`, by which leases and keys are taken. */
const OLDEST = 7

/** What a server says of itself in INFO that does not suit us, for the log. */
export function misfitsIn(info: string): { readonly fields: object; readonly message: string }[] {
  const [, policy = 'noeviction'] = /^maxmemory_policy:(\S+)/m.exec(info) ?? []
  const [, version, major = `${OLDEST}`] = /^redis_version:((\d+)\S*)/m.exec(info) ?? []
  return [
    // A server that drops keys when its memory is full forgets quotas, and so admits too much.
    policy === 'noeviction'
      ? []
      : { fields: { policy }, message: 'Redis may forget quotas: its maxmemory-policy is not noeviction' },
    Number(major) >= OLDEST ? [] : { fields: { version }, message: `Redis ${OLDEST} or newer is needed` },
  ].flat()
}

/**
 * The reply to a command. Throws StoreUnavailable where there is none in time, or it is an error. (ioredis has a timeout
 * of its own, which takes replies that have come while this process was busy for missing ones.)
 */
export function replyTo<T>(command: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      clearTimeout(timer)
      reject(new StoreUnavailable(cause))
    }
    // Timers come before what the sockets have; what is there by now is read before the next immediate.
    const late = () => setImmediate(() => fail(new Error(`no reply within ${COMMAND_MS} ms`)))
    const timer = setTimeout(late, COMMAND_MS)
    command.then((reply) => {
      clearTimeout(timer)
      resolve(reply)
    }, fail)
  })
}

/** The server at the other end of a connection. */
export function serverOf(redis: Redis): StoreServer {
  const { host = '127.0.0.1' } = redis.options
  let resolved: string[] = []
  const resolve = () =>
    lookup(host, { all: true }).then(
      (found) => {
        resolved = found.map(({ address }) => address)
      },
      // While the name leads nowhere, nothing can be connected to or tested.
      () => {},
    )
  void resolve()
  redis.on('connect', resolve)
  return {
    // A write: a server that only answers is of no use.
    isUp: () =>
      replyTo(redis.set('heartbeat', '1', 'EX', 60)).then(
        () => true,
        () => false,
      ),
    addresses: () => [...resolved, redis.stream?.remoteAddress ?? []].flat(),
  }
}
