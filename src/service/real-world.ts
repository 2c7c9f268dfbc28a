/** The world of real mail servers. Only this file of the service calls `probe`, so a test can dial only from here. */
import type { Customers } from '../access/customer.ts'
import type { Origin } from '../access/decide.ts'
import { type Address, canonicalNetwork, parseAddress } from '../ip/address.ts'
import type { Prefix } from '../ip/prefix.ts'
import { tokenFor } from '../mailbox/tokens.ts'
import { certainIn } from '../probe/later-visit.ts'
import { buildMessage } from '../probe/message.ts'
import { FIGURES } from '../probe/pace.ts'
import { type ProbeOptions, type ProbeResult, probe } from '../probe/probe.ts'
import { type Server, serverAt } from '../probe/server.ts'
import { type Form, MESSAGE_FORMS, MX_STEERED, type TestAddresses } from '../relay/forms.ts'
import type { Stores } from '../store/stores.ts'
import { ownAddresses } from '../vantage/interfaces.ts'
import { knownAddresses, reachOf } from '../vantage/vantage.ts'
import { steeredName } from '../zone/names.ts'
import type { Deliveries } from './deliveries.ts'
import type { Job, Settings, TestIdentity } from './job.ts'
import type { AddressLookup, Lookup } from './lookup.ts'
import { otherVantage } from './second-vantage.ts'
import type { RunContext, Vantages, World } from './world.ts'

/** The parts of the real world. `customers` is called for each request, because the file is reloaded. */
export interface RealWorldParts {
  readonly customers: () => Customers
  readonly vantages: Vantages
  readonly lookUp: Lookup
  readonly addressesOf: AddressLookup
  readonly stores: Pick<Stores, 'server'>
  /** Null if the installation has no mailbox. */
  readonly deliveries: Deliveries | null
  readonly settings: Settings
  /** The IPv6 networks whose addresses our network translates to IPv4 ones. */
  readonly translations?: readonly Prefix[] | undefined
}

/** Returns the world of real mail servers. */
export function realWorld(parts: RealWorldParts): World {
  const { customers, vantages, lookUp, addressesOf, stores, deliveries, settings, translations = [] } = parts
  const world: World = {
    vantages,
    lookUp,
    addressesOf,
    followsUp: true,
    looksUpRelated: true,
    customers,
    origin: () => ({ ...originNow(vantages, stores), translations }),
    requestFor: (request) => request,
    countersOf: ({ address, port }) => ({
      target: `${address.text} ${port}`,
      network: canonicalNetwork(address),
      usedUp: null,
    }),
    leaseNameOf: ({ ip }) => ip,
    async expectArrivals({ test, request: { proof } }, earlier) {
      if (!deliveries || proof === 'recipient') return null
      const ids = [...formsToSend(settings), 'sender']
      const tokens = new Map(ids.map((id) => [tokenOf(test, id, settings), id]))
      return deliveries.expect(test.id, tokens, earlier?.secrets)
    },
    run: (job, context) => askServer(job, settings, context),
    vantageAfter: (job, only) => otherVantage(job, only, world),
  }
  return world
}

/** Returns the ids of the forms whose message may be sent. */
const formsToSend = ({ mxZone }: Settings): string[] =>
  MESSAGE_FORMS.map(({ id }) => id).filter((id) => id !== MX_STEERED || mxZone !== null)

/** The addresses of the store and of proxies count as our own: the service needs these servers itself. */
function originNow(vantages: Vantages, stores: Pick<Stores, 'server'>): Omit<Origin, 'translations'> {
  const own = ownAddresses()
  const servers = (stores.server?.addresses() ?? []).map((text) => parseAddress(text)).filter((one) => one !== null)
  const proxies = vantages.all.flatMap(({ egress }) => egress.dependsOn)
  return { own: [...own, ...servers, ...proxies], vantages: vantages.all.map((vantage) => reachOf(vantage, own)) }
}

/** How long after its deadline a run is given up, in milliseconds. */
const OVERDUE_MS = 5_000

/** Asks the mail server of a job. Rejects if that does not end in time, so that slot and lease are given back. */
export async function askServer(job: Job, settings: Settings, context: RunContext): Promise<ProbeResult> {
  // Checks this again directly before the dial, in case an earlier step has a mistake.
  if (job.context.caller.sandbox) throw new Error('nothing is ever dialled for a caller in the sandbox')
  let timer: NodeJS.Timeout | undefined
  const lost = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => {
        job.stop.abort()
        reject(new Error('the run did not end by its deadline'))
      },
      context.deadline - performance.now() + OVERDUE_MS,
    )
  })
  const asked = probe(optionsFor(job, settings, context), serverOf(job, settings, context))
  return Promise.race([asked, lost]).finally(() => clearTimeout(timer))
}

/** Returns the mail server of a job, with the mailbox that its messages arrive in. */
function serverOf(
  { request: { address, port }, stop, cut }: Job,
  { implicitTlsPorts }: Settings,
  { vantage, deadline, transcript, expectation, dialled, connected }: RunContext,
): Server {
  const route = {
    address,
    port,
    tlsFirst: implicitTlsPorts.includes(port),
    dial: vantage.egress.dial,
    ehlo: vantage.ehlo,
    deadline: deadline - FIGURES.farewellMs,
    transcript,
    stop: stop.signal,
    cut: cut.signal,
    dialling: ({ text }: Address) => void dialled.push(text),
    ...(connected && { connected }),
  }
  return serverAt(route, {
    arrival: async (form, ms) => expectation?.seen(form.id, ms, stop.signal) ?? null,
    troubled: async (since) => expectation?.troubled(since) ?? false,
  })
}

/** Returns the options of the probe for a job: the suite, the proof, and the test addresses. */
function optionsFor(
  { test, request }: Job,
  settings: Settings,
  { vantage, spentBefore, earlier, expectation, refusedBefore, decided }: RunContext,
): ProbeOptions {
  const { domain, domainSource, knownMailbox } = test
  const known = new Map<string, string>()
  const mailAddress = (form: string): string => {
    const text = known.get(form) ?? `${tokenOf(test, form, settings)}@${settings.mailboxDomain}`
    known.set(form, text)
    return text
  }
  const addressesFor = (form: Form): TestAddresses => ({
    sender: mailAddress('sender'),
    recipient: mailAddress(form.id),
  })
  return {
    address: request.address,
    suite: request.suite,
    proof: request.proof,
    refusedBefore,
    domain: domain !== null && domainSource !== null ? { name: domain, source: domainSource } : null,
    knownMailbox,
    vantage: knownAddresses(vantage).map(({ text }) => text),
    deliveryWaitMs: settings.deliveryWaitMs,
    spentBefore,
    ...(earlier ? { certain: certainIn(earlier.observations) } : {}),
    addressesFor,
    ...steering(test, request.address, settings),
    decided,
    messageFor: (form) => {
      const secrets = expectation?.secretsOf(form.id) ?? null
      const lines = buildMessage(addressesFor(form), settings.tester, new Date(test.createdAt), secrets)
      return { lines, secrets: secrets ? [secrets.header, secrets.body] : [] }
    },
  }
}

/** Returns how the probe names the target in our zone, if we have one. A name depends on the day of the test. */
function steering(
  { createdAt }: TestIdentity,
  address: Address,
  { mxZone, mailboxKey }: Settings,
): Pick<ProbeOptions, 'steeredDomain'> {
  if (mxZone === null) return {}
  const zone = { name: mxZone, key: mailboxKey }
  return { steeredDomain: (host) => steeredName(zone, { address, host }, new Date(createdAt)) }
}

/** Returns the local part of the test address for a form. All replicas compute the same one. */
function tokenOf({ customerId, ip, port, createdAt }: TestIdentity, form: string, { mailboxKey }: Settings): string {
  return tokenFor(mailboxKey, { customer: customerId, address: ip, port, form }, new Date(createdAt))
}
