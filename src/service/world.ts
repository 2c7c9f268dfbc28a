/** Defines what the service needs from the place where tests happen, so that the sandbox can replace the real one. */
import type { Caller } from '../access/callers.ts'
import type { Customers } from '../access/customer.ts'
import { type AccessRequest, type Decision, decide, type Origin } from '../access/decide.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import type { Address } from '../ip/address.ts'
import type { ProbeResult } from '../probe/probe.ts'
import type { Spent } from '../probe/question.ts'
import type { Assessed } from '../relay/assess.ts'
import type { Transcript } from '../smtp/transcript.ts'
import type { Vantage } from '../vantage/vantage.ts'
import type { Expectation, ExpectedMail } from './arrivals.ts'
import type { Job } from './job.ts'
import type { AddressLookup, Lookup } from './lookup.ts'
import type { TargetCounters } from './quotas.ts'
import type { TestRequest } from './request.ts'

/**
 * Where tests happen: with real mail servers, or with the recorded sessions of the sandbox. The service knows only this
 * interface. Which world a caller gets is chosen in one place (src/app.ts).
 */
export interface World {
  readonly vantages: Vantages
  readonly lookUp: Lookup
  readonly addressesOf: AddressLookup
  /** Whether a server that puts us off can be visited again later. */
  readonly followsUp: boolean
  /** Whether a test looks up the other addresses of its server. */
  readonly looksUpRelated: boolean
  /** The customers whose servers may be tested, as their file is now. */
  customers(): Customers
  /** Where tests come from, as the machine and the vantages file are now. */
  origin(): Origin
  /** Returns a request as this world carries it out: the sandbox has only one suite and one proof. */
  requestFor<Request extends Pick<TestRequest, 'suite' | 'proof'>>(request: Request): Request
  /** Returns which counters a test of a port uses, besides those of its caller and customer. */
  countersOf(target: { readonly address: Address; readonly port: number }, testId: string): TargetCounters
  /** Returns the name of the place that a test leases: only one test may use it at a time. */
  leaseNameOf(test: Pick<RelayTest, 'customerId' | 'ip'>): string
  /**
   * Starts to watch every mailbox for messages of a test. Null if none can arrive.
   *
   * @param earlier the mail of an earlier visit, whose secrets stay the same; null for the first visit
   */
  expectArrivals(job: Job, earlier: ExpectedMail | null): Promise<Expectation | null>
  /** Asks the mail server from one vantage. Rejects for a fault of the service, never for what the server does. */
  run(job: Job, context: RunContext): Promise<ProbeResult>
  /**
   * Returns the vantage that may go on with a test after its first one; null if there is none.
   *
   * @param only the name of the vantage that did so in an earlier visit; null if there was none
   */
  vantageAfter(job: Job, only: string | null): Vantage | null
}

/** Returns the world of a caller. */
export type WorldOf = (caller: Caller) => World

/** Where tests come from now, the preferred vantage first. */
export interface Vantages {
  readonly all: readonly Vantage[]
  /** Whether nothing can be tested from a vantage. */
  isDown(vantage: Vantage): boolean
  /** Asks for an early check of a vantage, because a connection from it has just failed. */
  suspect(vantage: Vantage): void
  /** Seconds until all vantages are checked again. */
  readonly secondsToNextLook: number
}

/** The places that a run writes to, and the facts that it starts with. */
export interface RunContext {
  readonly vantage: Vantage
  /** When the whole test must be over, in `performance.now()` milliseconds. */
  readonly deadline: number
  /** The connections and messages that the test used before, from another vantage or in an earlier visit. */
  readonly spentBefore: Spent
  readonly transcript: Transcript
  readonly expectation: Expectation | null
  /** The answers of earlier visits from the same vantage; null for its first visit. */
  readonly earlier: ProbeResult | null
  /** Whether the target refused our commands from this vantage within the last ten minutes. */
  readonly refusedBefore: boolean
  /** Gets the address of each connection before it is dialled. */
  readonly dialled: string[]
  /** Called when a connection is open. */
  readonly connected?: () => void
  /** Called with each attempt that is decided, and again if more becomes known about it. */
  readonly decided: (row: Assessed) => void
}

/** Returns a function that decides what a caller may test. It reads the files and the machine only once. */
export function permissionsOf(caller: Caller, world: World): (asked: AccessRequest) => Decision {
  const [customers, origin] = [world.customers(), world.origin()]
  return (asked) => decide(asked, caller, customers, origin)
}

/** Returns the key of the note that a target refused us. A ban concerns one target and one vantage. */
export const banNameOf = (
  world: World,
  test: Pick<RelayTest, 'customerId' | 'ip'>,
  vantage: Pick<Vantage, 'name'>,
): string => `${world.leaseNameOf(test)} ${vantage.name}`
