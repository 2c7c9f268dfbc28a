/** Turns a failed request into what the page shows: at which field, what to read instead, and how long to wait. */
import { ApiError, hasKey, isAbort, type QuotasLeft, useKey } from './api.ts'
import { change, type Field, idsInPage, NO_TROUBLE, state, type Trouble } from './state.ts'

/** The field of each member of a request, where it has another name. */
const FIELDS: Readonly<Record<string, Field>> = {
  ip: 'target',
  domain: 'domain',
  knownMailbox: 'knownMailbox',
  reference: 'reference',
  port: 'port',
  suite: 'suite',
  proof: 'proof',
  customerId: 'customerId',
  vantage: 'vantage',
  name: 'sweep-name',
  customers: 'sweep-customers',
  spread: 'sweep-spread',
}

/** Returns a detail as a sentence. A name or an address at its start keeps its case. */
export const sentence = (text: string): string =>
  text.replace(/^[a-z](?=[a-z]* )/, (first) => first.toUpperCase()) + (/[.!?]$/.test(text) ? '' : '.')

/** Shows what is left of each quota. For an address quota, only an answer about that address tells. */
export function showQuotasLeft(left: QuotasLeft): void {
  const now = Date.now()
  const quotas = (state().limits?.quotas ?? []).flatMap(({ name, counts, limit, remaining, resetSeconds }) => {
    const known = left.get(name) ?? (remaining === null ? undefined : { remaining, resetSeconds })
    return known
      ? [{ name, counts, limit, remaining: known.remaining, resetsAt: now + (known.resetSeconds ?? 0) * 1000 }]
      : []
  })
  change({ quotas })
}

/** Shows an error. Rethrows what is a mistake of the page itself. */
export function showError(error: unknown): void {
  if (isAbort(error)) return
  change({ busy: null })
  if (!(error instanceof ApiError)) throw error
  if (error.left.size > 0) showQuotasLeft(error.left)
  if (error.problem.status === 401) {
    change({ limits: null, keyProblem: hasKey() ? 'This key is not valid.' : '' })
    useKey(null)
  } else {
    const { limits } = state()
    const counts = new Map(limits?.quotas.map(({ name, counts: what }) => [name, what]))
    change(placeOf(troubleOf(error, idsInPage()[0] ?? null, Date.now(), counts), limits !== null))
  }
}

/** Puts a problem at the form for the key if the user is not signed in. */
const placeOf = (trouble: Trouble, isSignedIn: boolean) =>
  isSignedIn ? { trouble } : { keyProblem: trouble.says ?? '' }

/**
 * Returns the trouble of a failed request.
 *
 * @param shownId the test in the address of the page
 * @param now milliseconds since 1970
 * @param counts what each quota counts
 */
export function troubleOf(
  { problem, location: path, left, retryAfter }: ApiError,
  shownId: string | null,
  now: number,
  counts: Counts = new Map(),
): Trouble {
  const fields = Object.fromEntries(
    (problem.errors ?? []).flatMap(({ pointer, detail }) => {
      const field = FIELDS[pointer.split('/')[1] ?? '']
      return field ? [[field, sentence(detail)]] : []
    }),
  )
  const waits = (problem.violatedPolicies ?? []).flatMap((name) => left.get(name)?.resetSeconds ?? [])
  const seconds = Math.max(0, retryAfter ?? 0, ...waits)
  return {
    ...NO_TROUBLE,
    says: Object.keys(fields).length > 0 ? null : wordsFor(problem, counts),
    fields,
    offer: offerOf(problem, path, shownId),
    until: seconds > 0 ? now + seconds * 1000 : null,
  }
}

/** The words for the count of each quota, by its name. */
type Counts = ReadonlyMap<string, string>

/** Returns the words of a problem. A quota that is used up is named without the words of the machine. */
function wordsFor({ detail, violatedPolicies = [] }: ApiError['problem'], counts: Counts): string {
  const names = violatedPolicies.flatMap((name) => counts.get(name) ?? [])
  return names.length > 0 ? `We cannot test this yet. This quota is used up: ${names.join(', ')}.` : detail
}

/** Returns a test or a sweep to show instead of the one that was asked for. */
function offerOf(
  { status, lastTest }: ApiError['problem'],
  path: string | null,
  shownId: string | null,
): Trouble['offer'] {
  if (lastTest) return { id: lastTest.id, text: `Show its last result: ${lastTest.verdict}` }
  if (path?.startsWith('/sweeps/')) return { id: path.slice(1), text: 'Show that sweep' }
  if (path !== null) return { id: path.split('/').at(-1) ?? '', text: 'Watch that test' }
  return status === 0 && shownId !== null ? { id: shownId, text: 'Look for its result' } : null
}
