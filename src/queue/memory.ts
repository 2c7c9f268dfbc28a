/** A queue in the memory of one replica. Its jobs are lost when the process ends. */
import type { CronExpressionParser } from 'cron-parser'
import {
  errorOf,
  GiveUp,
  type JobHandlers,
  KEPT_DEAD,
  PutBack,
  type Queue,
  type QueueOptions,
  type Schedule,
} from './queue.ts'

interface Entry<Job> {
  readonly id: string
  readonly job: Job
  readonly attempt: number
  readonly dueAt: number
  /** When the job became due. The order and the age of jobs depend on it. */
  readonly since: number
}

/** A timer of Node waits for 24.8 days at most, so a longer pause takes several timers. */
const LONGEST_TIMER_MS = 2_000_000_000

/** Returns a queue in memory. */
export function memoryQueue<Job>({ limit, atOnce, pausesMs, inOrder = false }: QueueOptions<Job>): Queue<Job> {
  /** All jobs that do not run yet, even if their time has come. */
  const waiting = new Map<string, Entry<Job>>()
  /** The same jobs in the order in which they run. Some may have been cancelled meanwhile. */
  const line: Entry<Job>[] = []
  const most = inOrder ? 1 : atOnce
  const running = new Map<string, Promise<void>>()
  let schedules: readonly Alarm[] = []
  let dead = 0
  let work: JobHandlers<Job> | null = null
  let isClosed = false
  /** No job begins until this promise ends. Set by a job that was put back to the head. */
  let held: Promise<unknown> | null = null
  const alarm = new Alarm(next)

  /** Starts the jobs whose time has come, and sets the alarm for the next one. */
  function next(): void {
    if (isClosed || held !== null || work === null) return
    for (let [entry] = line; entry && running.size < most; [entry] = line) {
      if (entry.dueAt > Date.now()) {
        alarm.set(entry.dueAt)
        return
      }
      line.shift()
      if (waiting.get(entry.id) !== entry) continue
      waiting.delete(entry.id)
      const run = execute(work, entry).finally(() => {
        running.delete(entry.id)
        next()
      })
      running.set(entry.id, run)
    }
  }

  function put(entry: Entry<Job>): void {
    waiting.set(entry.id, entry)
    const at = line.findLastIndex(({ since }) => since <= entry.since)
    line.splice(at + 1, 0, entry)
  }

  /** Puts a job at the head, even before jobs that have waited longer. */
  function putFirst(entry: Entry<Job>): void {
    waiting.set(entry.id, entry)
    line.unshift(entry)
  }

  /** Lets a job run again after a pause. In a queue that runs jobs in order, it stays the first one. */
  function putLater(entry: Entry<Job>, pauseMs: number): void {
    const dueAt = Date.now() + pauseMs
    if (inOrder) putFirst({ ...entry, dueAt })
    else put({ ...entry, dueAt, since: dueAt })
  }

  /** Puts back a job that cannot run yet. */
  function putBack(entry: Entry<Job>, when: PutBack['when']): void {
    if ('ms' in when) {
      putLater(entry, when.ms)
      return
    }
    putFirst(entry)
    held = when.until
    void when.until.finally(() => {
      held = null
      next()
    })
  }

  async function execute({ run, died }: JobHandlers<Job>, entry: Entry<Job>): Promise<void> {
    const { job, attempt } = entry
    try {
      await run(job, attempt)
    } catch (thrown) {
      if (thrown instanceof PutBack) return putBack(entry, thrown.when)
      const pause = thrown instanceof GiveUp ? undefined : pausesMs[attempt - 1]
      if (pause !== undefined) return putLater({ ...entry, attempt: attempt + 1 }, pause)
      dead = Math.min(dead + 1, KEPT_DEAD)
      died(job, errorOf(thrown))
    }
  }

  const add: Queue<Job>['add'] = async (id, job, delayMs) => {
    if (waiting.has(id) || running.has(id)) return 'known'
    if (isClosed || waiting.size >= limit) return 'full'
    const dueAt = Date.now() + delayMs
    put({ id, job, attempt: 1, dueAt, since: dueAt })
    next()
    return 'added'
  }

  /** Adds the job of a schedule at each of its times. */
  function repeated({ id, cron, job }: Schedule<Job>, parse: typeof CronExpressionParser.parse): Alarm {
    const times = parse(cron, { tz: 'UTC' })
    const following = () => times.next().getTime()
    const repeat = new Alarm((at) => {
      void add(`${id} ${at}`, job, 0)
      repeat.set(following())
    })
    repeat.set(following())
    return repeat
  }

  return {
    add,
    cancel: async (id) => waiting.delete(id),
    async schedule(wanted) {
      // Loaded only if there is a schedule, because loading takes long.
      const { CronExpressionParser } = await import('cron-parser')
      const before = schedules
      schedules = wanted.map((each) => repeated(each, CronExpressionParser.parse))
      for (const each of before) each.clear()
    },
    work(given) {
      work = given
      next()
    },
    async hurry(id) {
      const entry = waiting.get(id)
      if (!entry || entry.dueAt <= Date.now()) return
      put({ ...entry, dueAt: Date.now(), since: Date.now() })
      next()
    },
    ids: async () => [...new Set([...waiting.keys(), ...running.keys()])],
    async state() {
      const late = [...waiting.values()].map(({ since }) => Date.now() - since)
      return { waiting: waiting.size, running: running.size, dead, lateMs: Math.max(0, ...late) }
    },
    async close() {
      isClosed = true
      alarm.clear()
      for (const each of schedules) each.clear()
      await Promise.all(running.values())
      return [...waiting.values()].map(({ job }) => job)
    },
  }
}

/** Calls a function at a given time. Does not keep the process alive. */
class Alarm {
  readonly #ring: (at: number) => void
  #timer: NodeJS.Timeout | undefined

  constructor(ring: (at: number) => void) {
    this.#ring = ring
  }

  /** Replaces the time, in milliseconds of Date.now(). */
  set(at: number): void {
    clearTimeout(this.#timer)
    const ms = at - Date.now()
    const isFar = ms > LONGEST_TIMER_MS
    this.#timer = setTimeout(() => (isFar ? this.set(at) : this.#ring(at)), isFar ? LONGEST_TIMER_MS : ms).unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
