/**
 * Defines a queue: it keeps work that outlives a request, for example a later visit to a server that put us off. One
 * implementation keeps jobs in the memory of one replica, the other in Redis (bullmq.ts); the same tests prove both.
 */

/** The answer to adding a job. `known`: a job with this id waits or runs already, so nothing was added. */
export type AddResult = 'added' | 'known' | 'full'

/** A job that is added again and again. */
export interface Schedule<Job> {
  readonly id: string
  /** A cron expression in UTC, such as `0 3 * * 1`. */
  readonly cron: string
  readonly job: Job
}

/** The jobs of a queue, counted. */
export interface QueueState {
  /** Jobs that are ready or wait for their time. */
  readonly waiting: number
  readonly running: number
  /** Jobs that failed in every attempt. The last KEPT_DEAD are kept, so that an operator can look at them. */
  readonly dead: number
  /**
   * The longest time that a job is overdue, in milliseconds; 0 if none is. In a queue that runs jobs in order, a job
   * that is tried again is overdue since it was first due.
   */
  readonly lateMs: number
}

/**
 * Jobs of one kind. A job is JSON. If its replica dies, another replica runs it again, so it must be safe to run twice.
 * Every method throws StoreUnavailable if Redis cannot be reached.
 */
export interface Queue<Job> {
  /** Adds a job that runs after a delay. */
  add(id: string, job: Job, delayMs: number): Promise<AddResult>
  /** Removes a job that does not run yet. Returns whether there was one. */
  cancel(id: string): Promise<boolean>
  /** Replaces all schedules. Throws if a cron expression is wrong. */
  schedule(schedules: readonly Schedule<Job>[]): Promise<void>
  /** Begins to run jobs. Called once. */
  work(work: JobHandlers<Job>): void
  /** Makes a delayed job ready at once. Does nothing if the job is unknown, or ready already. */
  hurry(id: string): Promise<void>
  /** Returns the ids of the jobs that wait or run, in no order. */
  ids(): Promise<readonly string[]>
  state(): Promise<QueueState>
  /** Starts no further job, and waits for those that run. Returns the jobs in memory, which are lost. */
  close(): Promise<readonly Job[]>
}

/** How the jobs of a queue are run. */
export interface JobHandlers<Job> {
  /**
   * Runs a job. If it throws PutBack, the job is put back. If it throws GiveUp, the job is dead. If it throws anything
   * else, the job is tried again after the next pause. The first attempt is 1. An attempt during which the replica died
   * may count too.
   */
  run(job: Job, attempt: number): Promise<void>
  /** Called when the last attempt of a job has failed. */
  died(job: Job, error: Error): void
}

/** Thrown by a job that cannot run yet. The job goes back into its queue, and the attempt does not count. */
export class PutBack extends Error {
  /**
   * `ms`: the job goes to the end of the queue, after a pause. `until`: the job goes to the head of the queue, and this
   * replica starts no job before the promise ends.
   */
  readonly when: { readonly ms: number } | { readonly until: Promise<unknown> }

  constructor(when: PutBack['when']) {
    super('the job cannot run yet')
    this.when = when
  }
}

export interface QueueOptions<Job> {
  /** The name of the queue, for Redis and metrics. */
  readonly name: string
  /** How many jobs may wait. Replicas that add jobs at the same time may exceed it by one each. */
  readonly limit: number
  /** How many jobs of one replica run at the same time. */
  readonly atOnce: number
  /** The pauses before each further attempt, in milliseconds. */
  readonly pausesMs: readonly number[]
  /**
   * Runs the jobs one after another among all replicas, in the order in which they were added. A job that is tried
   * again holds up the others. Add the jobs of such a queue without a delay.
   */
  readonly inOrder?: boolean
  /** Reads a job from JSON that another version of the service may have written. Throws if it cannot. */
  parse(json: unknown): Job
}

/** Opens a queue, in memory or in Redis. */
export type OpenQueue = <Job>(options: QueueOptions<Job>) => Queue<Job>

/** Thrown by a job that must not be tried again. */
export class GiveUp extends Error {}

/** How many dead jobs are kept. */
export const KEPT_DEAD = 1_000

/** Returns a thrown value as an error. */
export const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
