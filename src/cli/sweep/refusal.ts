/** Says why the service refused to start a sweep, in the words of the command line: options, and lines of the file. */
import { type FieldError, RelayTestProblem } from '../../client/client.ts'
import { inOurWords } from '../ending.ts'
import { Mistake } from '../mistake.ts'
import { wrongLines } from '../targets.ts'
import type { SweepTargets } from './targets.ts'

/** Where the service names a target, or one of its members. */
const TARGET = /^\/targets\/(\d+)(?:\/(.*))?$/

/** How messages name a member of the request that is not an option of the same name. */
const NAMES: Readonly<Record<string, string>> = { name: 'the name of the sweep', targets: '--file:' }

/** Returns the error to show. Errors that name no part of the command stay as they are. */
export function explain(error: unknown, file: SweepTargets | null): unknown {
  if (!(error instanceof RelayTestProblem)) return error
  if (error.slug === 'sweep-running') return runsAlready(error)
  if (error.errors.length === 0) return error
  const faults = error.errors.map((fault) => inOurWords(faultOf(fault, file?.places ?? [])))
  return file ? wrongLines(file.name, faults) : new Mistake(...faults)
}

function runsAlready({ slug, location }: RelayTestProblem): Error {
  const id = location?.split('/').pop() ?? 'ID'
  const advice = `See it: relay-test sweep show ${id} --wait. Stop it: relay-test sweep stop ${id}`
  return new Error(`a sweep of this name runs already (${slug}). ${advice}`)
}

function faultOf({ pointer, detail }: FieldError, places: readonly string[]): string {
  const [, index, member] = TARGET.exec(pointer) ?? []
  const place = index === undefined ? undefined : places[Number(index)]
  if (place !== undefined) return `${place}: ${member === undefined ? '' : `${member}: `}${detail}`
  const [, name = ''] = pointer.split('/')
  return name === '' ? detail : `${NAMES[name] ?? `--${name}:`} ${detail}`
}
