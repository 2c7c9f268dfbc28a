/** Looks up names, starts tests and stops them. Only one of these runs at a time. */
import type { NewRelayTest, RelayTest, RelayTestList } from '../contract/relay-test.ts'
import type { AddressList } from '../contract/scope.ts'
import { ApiError, createTest, followTest, getJson, testIdOf } from './api.ts'
import { follow } from './follow.ts'
import { readPasted } from './pasted.ts'
import { showError } from './problem.ts'
import { change, idsInPage, NO_TROUBLE, state } from './state.ts'

/** Aborts the request that the page waits for. */
let waiting = new AbortController()
/** The id of the test that this page started last. While it runs, it stops if the page disconnects. */
let ownTest: string | null = null

/** Runs work that waits for the service. Aborts any earlier work. */
export async function whileBusy(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  waiting.abort()
  const mine = new AbortController()
  waiting = mine
  ownTest = null
  change({ trouble: NO_TROUBLE, byHand: null, busy: null })
  try {
    await work(mine.signal)
  } catch (error) {
    showError(error)
  }
}

/** Shows the empty page with the newest tests. */
export function goToStart(): Promise<void> {
  change({ screen: { is: 'start' }, busy: null })
  return whileBusy(showRecent)
}

/** Shows the newest tests of all addresses. */
async function showRecent(signal: AbortSignal): Promise<void> {
  try {
    const { relayTests } = await getJson<RelayTestList>('/relay-tests?limit=10', signal)
    change({ recent: relayTests })
  } catch (error) {
    // The page works without this list.
    if (!(error instanceof ApiError)) throw error
  }
}

/** Stops waiting. That also stops a test of this page at its next command, and its result is shown. */
export async function stop(): Promise<void> {
  const id = ownTest
  if (id !== null) return whileBusy((signal) => join(id, signal, 'Stopping the test'))
  location.hash = '#/'
  await goToStart()
}

/** The choices of the form, apart from the address. */
export type Options = Omit<NewRelayTest, 'ip'>

/** Looks up what was pasted. Tests it if it leads to one address; otherwise shows the addresses. */
export const lookUpAndTest = (pasted: string, options: Options): Promise<void> =>
  whileBusy(async (signal) => {
    // Adds a history entry that the next test replaces, so that Back leads to the earlier result.
    if (idsInPage().length > 0) history.pushState('between', '', '#/')
    const { name, port, mailbox } = readPasted(pasted)
    change({ screen: { is: 'start' }, busy: { says: `Looking up ${name}`, leave: 'Stop' } })
    if (port !== null && !(state().limits?.ports ?? []).includes(port)) {
      throw atTarget(`Port ${port} cannot be tested. Choose one of the ports under More options.`)
    }
    const found = await lookUp(name, signal)
    const chosen = { ...options, ...(port === null ? {} : { port }) }
    const testable = found.addresses.filter((address) => address.testable)
    const [only] = found.addresses
    if (only && only.host === null && only.problem) throw atTarget(only.problem.detail)
    const [one] = testable
    if (testable.length === 1 && one) return run(requestFor(one, chosen, mailbox), signal)
    change({
      busy: null,
      screen: {
        is: 'choices',
        found,
        requests: testable.map((address) => ({ host: address.host, body: requestFor(address, chosen, mailbox) })),
      },
    })
  })

/** Returns a problem of the field for the mail server. */
const atTarget = (detail: string) => new ApiError({ status: 0, detail, errors: [{ pointer: '/ip', detail }] })

async function lookUp(name: string, signal: AbortSignal): Promise<AddressList> {
  try {
    return await getJson<AddressList>(`/addresses?name=${encodeURIComponent(name)}`, signal)
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.status !== 400) throw error
    throw atTarget(error.problem.detail.replace(/^name: /, ''))
  }
}

/**
 * Returns a request for an address of the name, with its mail domain. Choices in the form win. A mail address that was
 * pasted is the known mailbox if it is at that domain.
 */
function requestFor({ ip, domain }: AddressList['addresses'][number], options: Options, pasted: string | null) {
  const isAtDomain = pasted !== null && domain !== null && pasted.toLowerCase().endsWith(`@${domain}`)
  const knownMailbox = options.knownMailbox ?? (isAtDomain && options.domain === undefined ? pasted : undefined)
  return {
    ip,
    ...(domain === null || knownMailbox ? {} : { domain }),
    ...options,
    ...(knownMailbox ? { knownMailbox } : {}),
  }
}

/** Starts a test and shows it while it runs. */
export async function run(body: NewRelayTest, signal: AbortSignal): Promise<void> {
  change({ busy: { says: `Testing ${body.ip}`, leave: 'Stop' } })
  const response = await createTest(body, signal)
  ownTest = testIdOf(response)
  nameInAddress([ownTest ?? ''])
  await follow(response, `Testing ${body.ip}`, signal)
}

/** Puts tests into the address of the page, so that a reload and a link show them. */
export const nameInAddress = (ids: readonly string[]): void =>
  history[history.state === 'between' ? 'replaceState' : 'pushState'](null, '', `#/${ids.join(',')}`)

/** Runs the test of a result again. */
export function runAgain(test: RelayTest): Promise<void> {
  const { ip, port, suite, proof, reference, domain, domainSource, knownMailbox, knownMailboxSource } = test
  const body = {
    ...{ ip, port, suite, proof, followUp: true },
    ...(domainSource === 'request' && domain !== null ? { domain } : {}),
    ...(knownMailboxSource === 'request' && knownMailbox !== null ? { knownMailbox } : {}),
    ...(reference === null ? {} : { reference }),
  }
  return whileBusy((signal) => run(body, signal))
}

/** Shows an existing test, finished or running. */
export async function join(id: string, signal: AbortSignal, title = 'Watching a test'): Promise<void> {
  change({ busy: { says: title, leave: 'Stop watching' } })
  await follow(await followTest(id, signal), title, signal)
}
