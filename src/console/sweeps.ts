/** Loads sweeps and their results, looks again while they run, starts and stops them, and saves results as files. */
import type { NewSweep, Sweep, SweepList, SweepResult, SweepResultList } from '../contract/sweeps.ts'
import { ApiError, getJson, isAbort, request } from './api.ts'
import { say } from './parts.tsx'
import { showError } from './problem.ts'
import { arranged, type Column, customersOf, FILTERS, filterNamed, orderAfter, queryOf } from './report.ts'
import { change, NO_TROUBLE, type ShownSweep, type SweepView, state, sweepLink } from './state.ts'
import { whileBusy } from './testing.ts'

/** How long the page waits before it looks at a running sweep again, in milliseconds. */
const AGAIN_MS = 5_000
/** How many results are loaded at once: the most that one answer may have. */
const PAGE = 1_000
/** How many results the table has at once. */
export const ROWS = 200

/** Finds out whether the key may use sweeps. The page works without this answer. */
export async function lookForSweeps(): Promise<void> {
  try {
    await getJson<SweepList>('/sweeps')
    change({ maySweep: true })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    change({ maySweep: false })
  }
}

/** Shows the list of sweeps, or the report of one. */
export const showSweeps = (place: SweepView): Promise<void> =>
  whileBusy((signal) => (place.id === null ? watchList(signal) : openReport(place.id, place, signal)))

/** Repeats `look` until it returns false. If it fails for a while, shows the error, and goes on. */
async function watch(look: () => Promise<boolean>): Promise<void> {
  let hasFailed = false
  const goesOn = async (): Promise<boolean> => {
    try {
      const is = await look()
      if (hasFailed) change({ trouble: NO_TROUBLE })
      hasFailed = false
      return is
    } catch (error) {
      if (!isPassing(error)) throw error
      showError(error)
      hasFailed = true
      return true
    }
  }
  while (await goesOn()) await pause()
}

/** Waits until it is time for another look. A page that nobody sees does not look. */
async function pause(): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  while (document.hidden)
}

/** Whether a request may work a little later. */
const isPassing = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.problem.status === 0 || error.problem.status === 429 || error.problem.status >= 500)

/** Whether the figures of a sweep may change. The tests of a sweep that was stopped end a moment later. */
const isMoving = ({ status, progress }: Sweep): boolean => status === 'running' || progress.running > 0

const watchList = (signal: AbortSignal): Promise<void> =>
  watch(async () => {
    const { sweeps } = await getJson<SweepList>('/sweeps', signal)
    change({ screen: { is: 'sweeps', sweeps } })
    return sweeps.some(isMoving)
  })

/** Opens a report, or another part of the one that is open. */
async function openReport(id: string, { filter, customer }: SweepView, signal: AbortSignal): Promise<void> {
  const open = reportNow()
  const known = open?.sweep.id === id ? open : null
  if (!known) change({ busy: { says: 'Loading the sweep', leave: 'Stop' } })
  const sweep = await getJson<Sweep>(`/sweeps/${id}`, signal)
  const before = known?.before ?? (await sweepBefore(sweep, signal))
  change({
    busy: null,
    screen: {
      ...{ is: 'sweep', sweep, before, filter: filterNamed(filter), customer },
      ...{ results: [], cursor: null, isLoading: true, listed: [], customers: [], from: 0, asksToStop: false },
      ...{ text: known?.text ?? '', order: known?.order ?? null },
    },
  })
  await loadFrom([], null, signal)
  await watchReport(signal)
}

/** Returns the sweep that a sweep is compared with. It may not be kept any more. */
async function sweepBefore({ changes: { against } }: Sweep, signal: AbortSignal): Promise<Sweep | null> {
  if (against === null) return null
  try {
    return await getJson<Sweep>(`/sweeps/${against}`, signal)
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 404) return null
    throw error
  }
}

/** Looks at a sweep until it has ended. Loads its results again when something has changed. */
async function watchReport(signal: AbortSignal): Promise<void> {
  const begun = reportNow()
  if (!begun || !isMoving(begun.sweep)) return
  await pause()
  await watch(async () => {
    const sweep = await getJson<Sweep>(`/sweeps/${begun.sweep.id}`, signal)
    const report = reportNow()
    if (!report) return false
    // The figures come last: if the results cannot be loaded, the next look tries it again.
    if (isStale(report, sweep)) await loadFrom([], null, signal)
    changeReport({ sweep })
    return isMoving(sweep)
  })
}

/** Whether the results of a report are to be loaded again. A reader who has loaded more than one page keeps them. */
function isStale({ sweep, filter, results }: ShownSweep, now: Sweep): boolean {
  if (results.length > PAGE) return false
  const { count } = FILTERS[filter]
  const isAll = filter === 'all' && JSON.stringify(now.progress) !== JSON.stringify(sweep.progress)
  return isAll || count(now) !== count(sweep) || now.status !== sweep.status
}

const reportNow = (): ShownSweep | null => {
  const { screen } = state()
  return screen.is === 'sweep' ? screen : null
}

/** Changes the open report. Finds and sorts again what it lists if that may be different. */
function changeReport(parts: Partial<ShownSweep>): void {
  const open = reportNow()
  if (!open) return
  const next = { ...open, ...parts }
  const isListed = 'results' in parts || 'text' in parts || 'order' in parts
  const listed = isListed ? arranged(next.results, next.text, next.order) : next.listed
  const customers = isListed ? customersOf(listed) : next.customers
  change({ screen: { ...next, listed, customers, from: next.from < listed.length ? next.from : 0 } })
}

/** Loads one page of results after those that are known. The service may answer in smaller parts. */
async function loadFrom(known: readonly SweepResult[], begin: string | null, signal: AbortSignal): Promise<void> {
  const report = reportNow()
  if (!report) return
  const { sweep, filter, customer } = report
  const { keeps = () => true } = FILTERS[filter]
  const results = [...known]
  let cursor = begin
  try {
    do {
      const query = queryOf(filter, customer, { limit: `${PAGE}`, ...(cursor === null ? {} : { cursor }) })
      const page = await getJson<SweepResultList>(`/sweeps/${sweep.id}/results?${query}`, signal)
      results.push(...page.results.filter(keeps))
      cursor = page.nextCursor
    } while (cursor !== null && results.length < known.length + PAGE)
    changeReport({ results, cursor, isLoading: false })
  } catch (error) {
    if (!isAbort(error)) changeReport({ isLoading: false })
    throw error
  }
}

/** Does something with the open report, then goes on with what it was doing: loading results, and looking again. */
const withReport = (work: (report: ShownSweep, signal: AbortSignal) => Promise<void>): Promise<void> =>
  whileBusy(async (signal) => {
    const report = reportNow()
    if (!report) return
    try {
      await work(report, signal)
    } catch (error) {
      showError(error)
    }
    const rest = reportNow()
    if (rest?.isLoading) await loadFrom(rest.results, rest.cursor, signal)
    await watchReport(signal)
  })

/** Loads the next results. */
export const loadMore = (): Promise<void> =>
  withReport(async ({ results, cursor }, signal) => {
    changeReport({ isLoading: true })
    await loadFrom(results, cursor, signal)
  })

/** Lists the results that have a text. */
export const find = (text: string): void => changeReport({ text, from: 0 })

/** Sorts the results by a column, or the other way round. */
export const sortBy = (column: Column): void =>
  changeReport({ order: orderAfter(reportNow()?.order ?? null, column), from: 0 })

/** Shows the results from a position on. */
export const showFrom = (from: number): void => changeReport({ from: Math.max(0, from) })

/** Shows or hides the question whether the sweep must really stop. */
export const askToStop = (asksToStop: boolean): void => changeReport({ asksToStop })

/** Stops the sweep of the report. */
export const stopSweep = (): Promise<void> =>
  withReport(async ({ sweep: { id } }, signal) => {
    changeReport({ asksToStop: false })
    const response = await request(`/sweeps/${id}`, { method: 'DELETE', signal })
    changeReport({ sweep: await response.json() })
    await loadFrom([], null, signal)
  })

/** Starts a sweep, and shows its report. */
export const startSweep = (body: NewSweep): Promise<void> =>
  whileBusy(async (signal) => {
    try {
      const response = await request('/sweeps', { method: 'POST', body: JSON.stringify(body), signal })
      const { id }: Sweep = await response.json()
      location.hash = sweepLink(id, 'open')
    } catch (error) {
      showError(error)
      await watchList(signal)
    }
  })

/** The files that results are saved as. */
const FILES = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const
export type FileKind = keyof typeof FILES

/** Saves the results of the filter and the customer of the report. A link cannot carry the key, so they are fetched. */
export const save = (kind: FileKind): Promise<void> =>
  withReport(async ({ sweep: { id, name, createdAt }, filter, customer }, signal) => {
    change({ said: 'Loading the file...' })
    const response = await request(`/sweeps/${id}/results?${queryOf(filter, customer)}`, {
      accept: FILES[kind],
      signal,
    })
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await response.blob())
    const parts = ['sweep', name, createdAt.slice(0, 10), filter, ...(customer === null ? [] : [customer])]
    link.download = `${parts.join('-')}.${kind}`
    link.click()
    // Some browsers read it only after this turn.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    say('Saved.')
  })
