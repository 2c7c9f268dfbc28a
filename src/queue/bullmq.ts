/** A queue in Redis, shared by all replicas: BullMQ behind our interface. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Job as BullJob,
  Queue as BullQueue,
  DelayedError,
  type RedisOptions,
  UnrecoverableError,
  WaitingError,
  Worker,
} from 'bullmq'
import { replyTo } from '../store/redis/connection.ts'
import { errorOf, GiveUp, KEPT_DEAD, PutBack, type Queue, type QueueOptions } from './queue.ts'

/** The first word of the keys of all queues. The keys of the stores begin with another word. */
const PREFIX = 'relay-tests-queue'
/** A replica that is silent for this time counts as dead, and another one runs its jobs again. */
const LOCK_MS = 30_000
/** How many replicas may die while they run a job, before the job counts as dead. */
const LOST_REPLICAS = 3
/** How long the end waits until Redis knows which jobs have ended, in milliseconds. */
const CLOSING_MS = 1_000
/** BullMQ pauses a whole queue only if there is a limiter. The limit itself is never reached. */
const PAUSABLE = { limiter: { max: 1_000_000, duration: 1_000 } }
/** How long to wait between two attempts to reach Redis, in milliseconds. */
const RECONNECT_MS = 250

/** Returns a queue in Redis. While Redis is away, methods throw StoreUnavailable, and no job runs. */
export function bullQueue<Job>(url: string, options: QueueOptions<Job>): Queue<Job> {
  const { name, limit, atOnce, pausesMs, inOrder = false, parse } = options
  let isClosed = false
  const reached = { url, retryStrategy: () => (isClosed ? null : RECONNECT_MS) } satisfies RedisOptions
  // No command waits for Redis here: a command that failed now must not run later.
  const failing = { ...reached, enableOfflineQueue: false, maxRetriesPerRequest: 0 } satisfies RedisOptions
  const bull = new BullQueue<unknown, void, string>(name, {
    prefix: PREFIX,
    connection: failing,
    defaultJobOptions: {
      attempts: pausesMs.length + 1,
      backoff: { type: 'custom' },
      removeOnComplete: true,
      removeOnFail: { count: KEPT_DEAD },
    },
  })
  // The stores log each outage once, so the errors of these connections say nothing new.
  bull.on('error', () => {})
  let worker: Worker<unknown, void, string> | null = null
  const running = new Set<Promise<void>>()

  /** Puts back a job that cannot run yet. Throws the error that tells BullMQ so. */
  async function putBack(job: BullJob, when: PutBack['when'], token = ''): Promise<never> {
    if ('ms' in when) {
      await job.moveToDelayed(Date.now() + when.ms, token)
      throw new DelayedError()
    }
    await worker?.pause(true)
    void when.until.finally(() => worker?.resume())
    await job.moveToWait(token)
    throw new WaitingError()
  }

  return {
    async add(id, job, delayMs) {
      const counts = await replyTo(bull.getJobCounts('waiting', 'delayed', 'active'))
      const jobId = idOf(id)
      const known = await replyTo(bull.getJobState(jobId))
      if (known === 'failed') await replyTo(bull.remove(jobId))
      else if (known !== 'unknown') return 'known'
      if ((counts.waiting ?? 0) + (counts.delayed ?? 0) >= limit) return 'full'
      // Sent before each job, because Redis may have lost its memory.
      if (inOrder) await replyTo(bull.setGlobalConcurrency(1))
      await replyTo(bull.add(name, job, { jobId, delay: delayMs }))
      return 'added'
    },
    async cancel(id) {
      // BullMQ also returns 1 for a job that was not there.
      const isThere = (await replyTo(bull.getJobState(idOf(id)))) !== 'unknown'
      return (await replyTo(bull.remove(idOf(id)))) === 1 && isThere
    },
    async schedule(schedules) {
      for (const { id, cron, job } of schedules) {
        await replyTo(bull.upsertJobScheduler(idOf(id), { pattern: cron, tz: 'UTC' }, { name, data: job }))
      }
      const wanted = new Set(schedules.map(({ id }) => idOf(id)))
      for (const { key } of await replyTo(bull.getJobSchedulers())) {
        if (!wanted.has(key)) await replyTo(bull.removeJobScheduler(key))
      }
    },
    work({ run, died }) {
      const attemptOf = ({ attemptsMade, attemptsStarted }: BullJob) => (inOrder ? attemptsStarted : attemptsMade + 1)
      const execute = async (taken: BullJob<unknown>, token?: string) => {
        const attempt = attemptOf(taken)
        const ended = Promise.resolve(run(parse(taken.data), attempt))
        running.add(ended)
        try {
          await ended
        } catch (thrown) {
          if (thrown instanceof PutBack) return await putBack(taken, thrown.when, token)
          const pauseMs = thrown instanceof GiveUp ? undefined : pausesMs[attempt - 1]
          if (pauseMs === undefined) throw new UnrecoverableError(errorOf(thrown).message)
          if (!inOrder) throw thrown
          // The job stays the first one, and the queue pauses. If Redis is away, only the pause is lost.
          await replyTo(bull.rateLimit(pauseMs)).catch(() => {})
          throw Worker.RateLimitError()
        } finally {
          running.delete(ended)
        }
      }
      worker = new Worker<unknown, void, string>(name, execute, {
        prefix: PREFIX,
        connection: { ...reached, maxRetriesPerRequest: null },
        concurrency: atOnce,
        lockDuration: LOCK_MS,
        maxStalledCount: LOST_REPLICAS,
        settings: { backoffStrategy: (made) => pausesMs[made - 1] ?? 0 },
        ...(inOrder ? PAUSABLE : {}),
      })
      worker.on('error', () => {})
      worker.on('failed', (job, error) => {
        if (job?.finishedOn) died(parse(job.data), error)
      })
    },
    async hurry(id) {
      const job = await replyTo(bull.getJob(idOf(id)))
      // A job that is not delayed is ready already, and BullMQ would throw.
      if (job && (await replyTo(job.isDelayed()))) await job.promote().catch(() => {})
    },
    async ids() {
      return (await replyTo(bull.getRanges(['waiting', 'delayed', 'active'], 0, -1))).map(idIn)
    },
    async state() {
      const counts = await replyTo(bull.getJobCounts('waiting', 'delayed', 'active', 'failed'))
      const [oldest] = await replyTo(bull.getJobs(['waiting'], 0, 0, true))
      const dueAt = oldest ? oldest.timestamp + oldest.delay : Date.now()
      return {
        waiting: (counts.waiting ?? 0) + (counts.delayed ?? 0),
        running: counts.active ?? 0,
        dead: counts.failed ?? 0,
        lateMs: Math.max(0, Date.now() - dueAt),
      }
    },
    async close() {
      const closing = worker?.close()
      await Promise.allSettled(running)
      // If Redis is away, it does not learn that the last jobs have ended, so they run again later.
      const closed = Promise.allSettled([closing, bull.close()])
      await Promise.race([closed, sleep(CLOSING_MS, null, { ref: false })])
      isClosed = true
      for (const each of [worker, bull]) each?.disconnect().catch(() => {})
      return []
    },
  }
}

/** Returns an id that BullMQ accepts: it has no colon, and is not a number. */
const idOf = (id: string): string => `id-${encodeURIComponent(id)}`

/** Returns the id that `idOf` has written. */
const idIn = (id: string): string => decodeURIComponent(id.slice('id-'.length))
