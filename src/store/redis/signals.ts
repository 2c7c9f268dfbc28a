import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type Signal, type Signals, signal, tokenKind } from '../signals.ts'
import { type Log, replyTo } from './connection.ts'
import { readJson } from './json.ts'
import { ANNOUNCE, SEND, WITHDRAW } from './scripts.ts'

const STREAM = 'signals'
const KEPT_MS = 24 * 3_600_000
const BLOCK_MS = 500
const RETRY_MS = 500
const START = '0-0'

const keyOf = (token: string) => `token:${token}`

/** Signals between all replicas, over a stream: one that was away for a moment still hears what was said. */
export function redisSignals(redis: Redis, ended: AbortSignal, log: Log): Signals {
  return {
    async announce(testId, tokens, ttlMs) {
      const keys = [...tokens.keys()].map(keyOf)
      await replyTo(redis.eval(ANNOUNCE, keys.length, ...keys, testId, ttlMs, ...tokens.values()))
    },
    async withdraw(testId, tokens) {
      const keys = [...tokens].map(keyOf)
      await replyTo(redis.eval(WITHDRAW, keys.length, ...keys, testId))
    },
    async kindOf(token) {
      const [kind] = await replyTo(redis.hvals(keyOf(token)))
      return tokenKind.safeParse(kind).data ?? null
    },
    async send(sent) {
      await replyTo(redis.eval(SEND, 1, STREAM, JSON.stringify(sent), KEPT_MS))
    },
    listen: (heard) => void follow(redis, heard, ended, log),
  }
}

/** Reads the stream from its start, on a connection of its own that may wait. */
async function follow(redis: Redis, heard: (signal: Signal) => void, ended: AbortSignal, log: Log): Promise<void> {
  const reader = redis.duplicate({ socketTimeout: 4 * BLOCK_MS })
  // The other connection tells of outages.
  reader.on('error', () => {})
  ended.addEventListener('abort', () => reader.disconnect())
  for (let last = START; !ended.aborted; ) {
    const streams = await reader.xread('COUNT', 100, 'BLOCK', BLOCK_MS, 'STREAMS', STREAM, last).catch(async () => {
      // A server that lost its memory begins anew, perhaps with lower ids.
      last = START
      await sleep(RETRY_MS, null, { signal: ended }).catch(() => {})
      return null
    })
    for (const [id, [, text = '']] of streams?.[0]?.[1] ?? []) {
      last = id
      // One signal that cannot be read, or that a test stumbles over, must not keep the others from being heard.
      try {
        const sent = readJson(signal, text)
        if (sent) heard(sent)
      } catch (err) {
        log.error({ err }, 'what came to a mailbox was not taken up')
      }
    }
  }
}
