import { z } from 'zod'
import { identifier } from '../contract/ids.ts'
import { type Quota, quotaText } from '../contract/limits.ts'
import { FileFaults, nameOf, readAll } from '../files/yaml-file.ts'
import { hashKey } from './keys.ts'
import { isSandbox, SANDBOX_PREFIX, sandboxCustomerOf } from './sandbox-ids.ts'

/** The holder of API keys. `customers` is whose servers the caller may test; in the sandbox, none but its own. */
export interface Caller {
  readonly id: string
  readonly customers: 'all' | ReadonlySet<string>
  readonly quota: Quota | null
  /** Whether it gets recorded sessions, and nothing is ever dialled for it. */
  readonly sandbox: boolean
}

/**
 * Whether a customer is in a caller's scope. All customers are all real ones: what was played back for a partner must not
 * pass for a test of a server.
 */
export const inScope = ({ customers }: Caller, customerId: string): boolean =>
  customers === 'all' ? !isSandbox(customerId) : customers.has(customerId)

export interface Callers {
  readonly all: readonly Caller[]
  /** The caller that holds this key at this time, or null: unknown, malformed and expired keys look the same. */
  authenticate(key: string, now: Date): Caller | null
  /** The callers that hold a key which is good no more at this time, a row for each such key. */
  expired(now: Date): readonly Caller[]
}

const CUSTOMERS = 'all, or a list of customer ids, was expected'
const SHA256 = 'the SHA-256 of a key in 64 lower-case hex digits was expected, in quotes (see dist/cli/key.js)'

const callersFile = z.strictObject({
  callers: z.array(
    z.strictObject({
      id: identifier,
      keys: z.array(
        z.strictObject({
          sha256: z.string({ error: SHA256 }).regex(/^[0-9a-f]{64}$/, SHA256),
          expires: z.iso
            .date({ error: 'a date such as 2027-06-30 was expected; the key is good until its end, in UTC' })
            .optional(),
        }),
      ),
      customers: z.union([z.literal('all'), z.array(identifier)], { error: CUSTOMERS }).optional(),
      quota: quotaText.optional(),
      sandbox: z.boolean({ error: 'true or false was expected' }).default(false),
    }),
  ),
})

/** Reads callers files. Throws FileFaults. */
export function loadCallers(files: readonly string[]): Callers {
  const faults: string[] = []
  const callers = new Map<string, Caller>()
  const keys = new Map<string, { caller: Caller; expiresAt: number }>()
  for (const { file, value } of readAll(files, callersFile, faults)) {
    for (const [index, entry] of value.callers.entries()) {
      const { id } = entry
      const at = ['callers', index]
      for (const { member, reason } of scopeObjections(entry)) {
        faults.push(file.fault([...at, member], `${nameOf([...at, member])}: ${reason}`))
      }
      const caller = callerFrom(entry)
      if (callers.has(id)) faults.push(file.fault([...at, 'id'], `${nameOf([...at, 'id'])}: ${id} is there already`))
      callers.set(id, caller)
      for (const [number, { sha256, expires }] of entry.keys.entries()) {
        const place = [...at, 'keys', number]
        if (keys.has(sha256)) faults.push(file.fault(place, `${nameOf(place)}: this key is there already`))
        keys.set(sha256, { caller, expiresAt: expires ? endOfDay(expires) : Number.POSITIVE_INFINITY })
      }
    }
  }
  if (faults.length > 0) throw new FileFaults(faults)
  return {
    all: [...callers.values()],
    authenticate(key, now) {
      // Looked up by digest: how long a look-up takes says nothing of the key.
      const found = keys.get(hashKey(key) ?? '')
      return found && now.getTime() < found.expiresAt ? found.caller : null
    },
    expired: (now) => [...keys.values()].filter(({ expiresAt }) => now.getTime() >= expiresAt).map((key) => key.caller),
  }
}

type Entry = z.output<typeof callersFile>['callers'][number]

const LONGEST_SANDBOX_ID = 64 - SANDBOX_PREFIX.length

/** What is wrong with the scope of an entry. In the sandbox every caller has the same, its own. */
function scopeObjections({ id, customers, sandbox }: Entry): { member: 'id' | 'customers'; reason: string }[] {
  if (!sandbox) return customers === undefined ? [{ member: 'customers', reason: CUSTOMERS }] : []
  const tooLong = `at most ${LONGEST_SANDBOX_ID} characters were expected of a caller in the sandbox`
  return [
    ...(customers === undefined
      ? []
      : [{ member: 'customers' as const, reason: 'a caller in the sandbox has none: leave it out' }]),
    ...(id.length > LONGEST_SANDBOX_ID ? [{ member: 'id' as const, reason: tooLong }] : []),
  ]
}

function callerFrom({ id, customers = [], quota, sandbox }: Entry): Caller {
  const scope = sandbox ? [sandboxCustomerOf(id)] : customers
  return { id, customers: scope === 'all' ? scope : new Set(scope), quota: quota ?? null, sandbox }
}

const DAY_MS = 86_400_000

const endOfDay = (date: string): number => Date.parse(`${date}T00:00:00Z`) + DAY_MS
