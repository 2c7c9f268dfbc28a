/** Signals in Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { Expiring } from '../expiring.ts'
import { type Signal, type Signals, signal } from '../signals.ts'
import { tokenKind } from '../tokens.ts'
import { StoreUnavailable } from '../unavailable.ts'
import { type Log, replyTo } from './connection.ts'
import { readJson } from './json.ts'
import type { Ledger } from './ledger.ts'
import { ANNOUNCE, NOTE_TROUBLE, SEND, WITHDRAW } from './scripts.ts'

const STREAM = 'signals'
const TROUBLE = 'mailbox-trouble'
const KEPT_MS = 24 * 3_600_000
const BLOCK_MS = 500
const RETRY_MS = 500
const START = '0-0'
/** The most signals of one token in a window. A test needs one for each message and each report. */
const OF_ONE_TOKEN = 50
const WINDOW_MS = 60_000
/** The longest signal, in bytes: 32 secrets, a HELO name and a Received field take less. */
const LONGEST = 8_192

const keyOf = (token: string) => `token:${token}`

/** How many tests may have tokens that this replica remembers. */
const REMEMBERED = 10_000

/**
 * Returns the signals of all replicas. A stream keeps what was sent during a short outage. After Redis has lost its
 * memory, this replica announces its tokens again. Until then, mail to them may have been turned away.
 */
export function redisSignals(redis: Redis, ledger: Ledger, ended: AbortSignal, log: Log): Signals {
  /** The tokens of each test and then their kinds, as one text, which takes less memory than a list. */
  const announced = new Expiring<string>(REMEMBERED)
  const announce = async (testId: string, text: string, ttlMs: number) => {
    const words = text.split(' ')
    const [tokens, kinds] = [words.slice(0, words.length / 2), words.slice(words.length / 2)]
    await replyTo(redis.eval(ANNOUNCE, tokens.length, ...tokens.map(keyOf), testId, Math.ceil(ttlMs), ...kinds))
  }
  ledger.onLoss(async () => {
    const all = [...announced.entries()]
    if (all.length > 0) await replyTo(redis.eval(NOTE_TROUBLE, 1, TROUBLE, KEPT_MS))
    for (const [testId, text, ttlMs] of all) await announce(testId, text, ttlMs)
  })
  return {
    async announce(testId, tokens, ttlMs) {
      const text = [...tokens.keys(), ...tokens.values()].join(' ')
      announced.set(testId, text, ttlMs)
      await announce(testId, text, ttlMs)
    },
    async withdraw(testId, tokens) {
      announced.delete(testId)
      const keys = [...tokens].map(keyOf)
      await replyTo(redis.eval(WITHDRAW, keys.length, ...keys, testId))
    },
    testsOf: (token) => replyTo(redis.hkeys(keyOf(token))),
    forgotAt: Number.NEGATIVE_INFINITY,
    async kindOf(token) {
      const [kind] = await replyTo(redis.hvals(keyOf(token)))
      return tokenKind.safeParse(kind).data ?? null
    },
    async send(sent) {
      const limits = [KEPT_MS, WINDOW_MS, OF_ONE_TOKEN, LONGEST]
      const count = `signals-of:${sent.token}`
      const isSent = await replyTo(redis.eval(SEND, 2, STREAM, count, JSON.stringify(sent), ...limits))
      if (isSent !== 1) throw new StoreUnavailable('too much mail to one test address')
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
      // If the server lost its data, new signals may have lower ids. So reads from the start.
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
