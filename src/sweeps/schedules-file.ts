/** Reads the sweeps file: sweeps that begin by themselves, at the times of a cron expression. */
import type { CronExpressionParser } from 'cron-parser'
import { z } from 'zod'
import { identifier } from '../contract/ids.ts'
import { spread, sweepCustomers, sweepName } from '../contract/sweeps.ts'
import { PROOFS, type Proof, SUITES } from '../contract/words.ts'
import { FileFaults } from '../files/faults.ts'
import type { FileContent } from '../files/on-disk.ts'
import { nameOf, readAll } from '../files/yaml-file.ts'

/** A sweep that begins by itself. */
export interface ScheduledSweep {
  readonly name: string
  /** The id of the caller that it belongs to. */
  readonly caller: string
  /** A cron expression of five fields, in UTC. */
  readonly cron: string
  readonly customers: 'all' | readonly string[]
  readonly suite: (typeof SUITES)[number]
  /** Null for the proof of the installation. */
  readonly proof: Proof | null
  readonly spread: string | null
}

const CRON = 'must be a cron expression of five fields in UTC, such as "0 3 * * 1" for Mondays at 03:00'

const sweepsFile = z.strictObject({
  sweeps: z.array(
    z.strictObject({
      name: sweepName,
      caller: identifier,
      cron: z.string({ error: CRON }),
      customers: sweepCustomers.default('all'),
      suite: z.enum(SUITES, { error: `must be one of ${SUITES.join(', ')}` }).default('standard'),
      proof: z
        .enum(PROOFS, { error: `must be one of ${PROOFS.join(', ')}` })
        .nullable()
        .default(null),
      spread: spread.nullable().default(null),
    }),
  ),
})

/** Schedules are few. A larger file would keep the service busy while it is parsed. */
const LARGEST_BYTES = 65_536

/** Reads one sweeps file, or all files of a folder. Throws FileFaults with every mistake. */
export async function loadSchedules(files: readonly FileContent[]): Promise<readonly ScheduledSweep[]> {
  const faults = files
    .filter(({ bytes }) => bytes.length > LARGEST_BYTES)
    .map(({ path }) => `${path}: must have at most ${LARGEST_BYTES} bytes`)
  if (faults.length > 0) throw new FileFaults(faults)
  // Loaded only if there is a sweeps file, because loading takes long.
  const { CronExpressionParser: parser } = await import('cron-parser')
  const schedules: ScheduledSweep[] = []
  const names = new Set<string>()
  for (const { file, value } of readAll(files, sweepsFile, faults)) {
    for (const [index, entry] of value.sweeps.entries()) {
      const object = (member: string, reason: string) => {
        const at = ['sweeps', index, member]
        faults.push(file.fault(at, `${nameOf(at)}: ${reason}`))
      }
      if (names.has(entry.name)) object('name', `${entry.name} is used twice`)
      if (!isCron(entry.cron, parser)) object('cron', CRON)
      names.add(entry.name)
      schedules.push(entry)
    }
  }
  if (faults.length > 0) throw new FileFaults(faults)
  return schedules
}

/** One field of a cron expression: numbers, names of months and days, and the marks that every cron knows. */
const FIELD = /^(?:[\d*,/-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)+$/i

/** Whether a text is a cron expression of five fields that has a next time. */
function isCron(text: string, parser: typeof CronExpressionParser): boolean {
  const fields = text.trim().split(/\s+/)
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) return false
  try {
    parser.parse(text, { tz: 'UTC' }).next()
    return true
  } catch {
    return false
  }
}
