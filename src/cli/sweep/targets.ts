/** Reads the targets of a sweep from a file. */
import { isIP } from 'node:net'
import type { NewSweep } from '../../client/client.ts'
import { fileNameOf, readTargets, wrongLines } from '../targets.ts'

/** The targets of a sweep. */
export interface SweepTargets {
  /** How messages name the file. */
  readonly name: string
  readonly targets: NonNullable<NewSweep['targets']>
  /** Where each target is, such as `targets.txt:3`. */
  readonly places: readonly string[]
}

/** Reads a file, or standard input for `-`. Throws Mistake with its faults: a sweep tests addresses, and no names. */
export function readSweepTargets(path: string): SweepTargets {
  const name = fileNameOf(path)
  const lines = readTargets(path)
  const faults = lines
    .filter(({ target }) => isIP(target.target) === 0)
    .map(
      ({ where, target }) => `${where}: write an IP address, not "${target.target}"; relay-test --file takes names too`,
    )
  if (faults.length > 0) throw wrongLines(name, faults)
  return {
    name,
    targets: lines.map(({ target: { target, ...others } }) => ({ ip: target, ...others })),
    places: lines.map(({ where }) => where),
  }
}
