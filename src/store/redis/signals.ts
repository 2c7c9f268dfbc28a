/** Signals in Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type Signal, type Signals, signal, tokenKind } from '../signals.ts'
import { type Log, replyTo } from './connection.ts'
import { readJson } from './json.ts'
import { ANNOUNCE, NOTE_TROUBLE, SEND, WITHDRAW } from './scripts.ts'

const STREAM = 'signals'
const TROUBLE = 'mailbox-trouble'
const KEPT_MS = 24 * 3_600_000
const BLOCK_MS = 500
const RETRY_MS = 500
const START = '0-0'

const keyOf = (token: string) => `token:${token}`

/** Returns the signals of all replicas. A stream keeps what was sent during a short outage. */
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
    async noteTrouble(agoMs) {
      await replyTo(redis.eval(NOTE_TROUBLE, 1, TROUBLE, Math.max(1, Math.round(KEPT_MS - agoMs))))
    },
    async msSinceTrouble() {
      const left = await replyTo(redis.pttl(TROUBLE))
      return left < 0 ? null : KEPT_MS - left
    },
    listen: (heard) => void follow(redis, heard, ended, log),
  }
}

/** Reads the stream from its start, on a separate connection that can block. */
async function follow(redis: Redis, heard: (signal: Signal) => void, ended: AbortSignal, log: Log): Promise<void> {
  const reader = redis.duplicate({ socketTimeout: 4 * BLOCK_MS })
  // The main connection logs outages.
  reader.on('error', () => {})
  ended.addEventListener('abort', () => reader.disconnect())
  for (let last = START; !ended.aborted; ) {
    const streams = await reader.xread('COUNT', 100, 'BLOCK', BLOCK_MS, 'STREAMS', STREAM, last).catch(async () => {
      // A server that lost its data starts again, perhaps with lower ids.
      last = START
      await sleep(RETRY_MS, null, { signal: ended }).catch(() => {})
      return null
    })
    for (const [id, [, text = '']] of streams?.[0]?.[1] ?? []) {
      last = id
      // A signal that cannot be read, or that makes a test throw, must not hide the signals after it.
      try {
        const sent = readJson(signal, text)
        if (sent) heard(sent)
      } catch (err) {
        log.error({ err }, 'a message to the mailbox could not be processed')
      }
    }
  }
}
