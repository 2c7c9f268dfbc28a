/** Reads the results of a sweep: page by page, since a sweep may have 100,000, or as one stream of CSV. */
import type { SweepFilter } from './options.ts'
import { RelayTestUnreachable } from './problem.ts'
import { ask, getSweepResults, isSweepResultList } from './requests.ts'
import { type ApiService, send } from './send.ts'
import type { SweepResult } from './types.ts'

/** The most results that the service gives at once. */
const LONGEST_PAGE = '1000'

/** Yields the results that match. Asks for the next page when the last result of a page was taken. */
export async function* resultsOf(
  service: ApiService,
  id: string,
  { state, verdict, change, customerId }: SweepFilter,
  signal: AbortSignal | null,
): AsyncGenerator<SweepResult, void, void> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { state, verdict, change, customerId, limit: LONGEST_PAGE, cursor }
    const page = await ask(service, getSweepResults(id, query, signal), isSweepResultList)
    yield* page.results
    cursor = page.nextCursor
  }
}

/** Yields the results that match as CSV, in pieces of any length. Throws RelayTestUnreachable if it breaks off. */
export async function* csvOf(
  service: ApiService,
  id: string,
  { state, verdict, change, customerId }: SweepFilter,
  signal: AbortSignal | null,
): AsyncGenerator<string, void, void> {
  const request = getSweepResults(id, { state, verdict, change, customerId }, signal)
  const { body } = await send(service, { ...request, accept: 'text/csv' }, async (response) => response)
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) yield piece.value
  } catch (cause) {
    signal?.throwIfAborted()
    throw new RelayTestUnreachable('The list of results broke off.', { cause })
  } finally {
    await reader?.cancel().catch(() => {})
  }
}
