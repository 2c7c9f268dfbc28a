import type { Caller } from '../access/callers.ts'
import { tokenFor } from '../mailbox/tokens.ts'
import { type Assessed, mayArrive } from '../relay/assess.ts'
import type { Seen } from '../relay/attempt.ts'
import { type Form, formsOf, type TestAddresses } from '../relay/forms.ts'
import { buildMessage, type Tester } from '../probe/message.ts'
import { FIGURES } from '../probe/pace.ts'
import { type ProbeResult, probe } from '../probe/probe.ts'
import { serverAt } from '../probe/server.ts'
import type { Transcript } from '../smtp/transcript.ts'
import type { Vantage } from '../vantage/vantages.ts'
import type { Deliveries, Expectation } from './deliveries.ts'
import type { TestRequest } from './request.ts'
import type { Begun } from './result.ts'

/** Who asks. */
export interface Asking {
  readonly caller: Caller
  readonly requestId: string
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void }
}

/** What an installation tests with. Times in milliseconds. */
export interface Settings {
  readonly deadlineMs: number
  readonly maxConcurrent: number
  readonly mailboxDomain: string
  readonly mailboxKey: string
  readonly tester: Tester
  readonly deliveryWaitMs: number
  /** How long results are kept. */
  readonly resultTtlMs: number
}

/** One test, from its admission on. */
export interface Job {
  readonly request: TestRequest
  readonly asking: Asking
  readonly vantage: Vantage
  readonly begun: Begun
  /** Aborted when the test is to end before its time; with CALLER_GONE where nobody waits for its answer any more. */
  readonly stop: AbortController
}

export const CALLER_GONE = 'the caller is gone'

/** Beyond the deadline: a run that is still at it then will never end. */
const OVERDUE_MS = 5_000

/** What a run writes to, and what it knows from before. */
export interface Surroundings {
  readonly transcript: Transcript
  readonly expectation: Expectation | null
  /** Whether the target refused things of ours within the last ten minutes. */
  readonly refusedBefore: boolean
  /** Takes the address of every connection before it is dialled. */
  readonly dialled: string[]
  /** Told of every attempt as it stands, while the test runs. */
  readonly decided: (row: Assessed) => void
}

/** Runs the test of a job. Rejects when the run does not end: its slot and lease must not be lost with it. */
export async function runJob(
  { begun, request, vantage, asking, stop }: Job,
  settings: Settings,
  { transcript, expectation, refusedBefore, dialled, decided }: Surroundings,
): Promise<ProbeResult> {
  if (asking.caller.sandbox) throw new Error('nothing is ever dialled for a caller in the sandbox')
  const { address, port, suite, proof } = request
  const now = new Date(begun.createdAt)
  const addresses = new Map<string, string>()
  const at = (form: string) => {
    const address = addresses.get(form) ?? `${tokenOf(begun, form, settings)}@${settings.mailboxDomain}`
    addresses.set(form, address)
    return address
  }
  const addressesFor = (form: Form): TestAddresses => ({ sender: at('sender'), recipient: at(form.id) })
  const { domain, domainSource } = begun
  const server = serverAt(
    {
      address,
      port,
      bind: vantage.bind.find(({ family }) => family === address.family) ?? null,
      proxy: vantage.proxy,
      ehlo: vantage.ehlo,
      deadline: performance.now() + settings.deadlineMs - FIGURES.farewellMs,
      transcript,
      stop: stop.signal,
      dialling: ({ text }) => void dialled.push(text),
    },
    async (form, ms) => expectation?.seen(form.id, ms, stop.signal) ?? null,
  )
  const options = {
    address,
    suite,
    proof,
    refusedBefore,
    domain: domain !== null && domainSource !== null ? { name: domain, source: domainSource } : null,
    vantage: [...vantage.publicIps, ...vantage.bind].map(({ text }) => text),
    deliveryWaitMs: settings.deliveryWaitMs,
    addressesFor,
    decided,
    messageFor: (form: Form) => {
      const secret = expectation?.nonceOf(form.id) ?? null
      return { lines: buildMessage(addressesFor(form), settings.tester, now, secret), secret }
    },
  }
  const ran = probe(options, server)
  let timer: NodeJS.Timeout | undefined
  const lost = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      stop.abort()
      reject(new Error('the run did not end by its deadline'))
    }, settings.deadlineMs + OVERDUE_MS)
  })
  return Promise.race([ran, lost]).finally(() => clearTimeout(timer))
}

/** What the mailbox is to look out for, where there is one and messages may be sent. */
export function expectArrivals(
  { begun, request, asking }: Job,
  settings: Settings,
  deliveries: Deliveries | null,
): Expectation | null {
  if (!deliveries || request.proof === 'recipient' || asking.caller.sandbox) return null
  const ids = [...formsOf(request.suite).map(({ id }) => id), 'own-domain-postmaster', 'sender']
  return deliveries.expect(begun.id, new Map(ids.map((id) => [tokenOf(begun, id, settings), id])))
}

/** Whether a message went out and was not refused, so that something may still arrive. */
export const hasSent = ({ findings }: ProbeResult): boolean => findings.attempts.some(mayArrive)

/** Whether a run knows already what the mailbox saw. */
export const hasSeen = ({ findings }: ProbeResult, form: string, seen: Seen): boolean =>
  findings.attempts.some((attempt) => attempt.form.id === form && attempt.seen?.kind === seen.kind)

/** How many messages the server took. */
export const messagesAccepted = ({ findings }: ProbeResult): number =>
  findings.attempts.filter(({ exchanges }) => exchanges.some(({ phase, reply }) => phase === 'dot' && reply.code < 300))
    .length

/** What a run found, and what the mailbox saw later. Only a message that was not refused can arrive (rule 9). */
export function withSeen(ran: ProbeResult, form: string, seen: Seen): ProbeResult {
  const attempts = ran.findings.attempts.map((attempt) => (attempt.form.id === form ? { ...attempt, seen } : attempt))
  return { ...ran, findings: { ...ran.findings, attempts } }
}

function tokenOf({ customerId, ip, port, createdAt }: Begun, form: string, { mailboxKey }: Settings): string {
  return tokenFor(mailboxKey, { customer: customerId, address: ip, port, form }, new Date(createdAt))
}
