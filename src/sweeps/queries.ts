/** Reads the queries of the routes of sweeps, and names every mistake. */
import { sweepResultsQuery, sweepsQuery } from '../contract/sweeps.ts'
import { readBySchema } from '../service/queries.ts'
import type { ResultFilter } from './reports.ts'

/** How many results a page has, if the caller does not say. */
const LIMIT = 100

/** Reads the query of `GET /sweeps`. Throws RequestProblem that lists every wrong member. */
export const readSweepsQuery = (query: unknown): { readonly name?: string | undefined } =>
  readBySchema(sweepsQuery, query)

/** The results that are asked for: their filter, their first position, and their number. */
export interface ResultsQuery {
  readonly filter: ResultFilter
  readonly from: number
  readonly limit: number
}

/** Reads the query of `GET /sweeps/{id}/results`. Throws RequestProblem that lists every wrong member. */
export function readResultsQuery(query: unknown): ResultsQuery {
  const { limit, cursor, ...filter } = readBySchema(sweepResultsQuery, query)
  return { filter, from: Number(cursor ?? 0), limit: Number(limit ?? LIMIT) }
}
