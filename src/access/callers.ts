/** Reads the callers files: who may use the service, with which keys, and for which customers. */
import { z } from 'zod'
import { identifier } from '../contract/ids.ts'
import { type Quota, quotaText } from '../contract/limits.ts'
import { FileFaults, nameOf, readAll } from '../files/yaml-file.ts'
import { hashKey } from './keys.ts'
import { isSandbox, SANDBOX_PREFIX, sandboxCustomerOf } from './sandbox-ids.ts'

/** The holder of API keys. `customers` are the customers whose servers it may test; in the sandbox, its own only. */
export interface Caller {
  readonly id: string
  readonly customers: 'all' | ReadonlySet<string>
  readonly quota: Quota | null
  /** A caller in the sandbox gets recorded sessions. Nothing is ever dialled for it. */
  readonly sandbox: boolean
}

/**
 * Tells whether a caller may test for a customer. `all` means all real customers, so that nobody mistakes a recorded
 * session of the sandbox for the test of a server.
 */
export const inScope = ({ customers }: Caller, customerId: string): boolean =>
  customers === 'all' ? !isSandbox(customerId) : customers.has(customerId)

/** The content of the callers files. */
export interface Callers {
  readonly all: readonly Caller[]
  /** Returns the caller that has this key, or null. Unknown, malformed and expired keys look the same. */
  authenticate(key: string, now: Date): Caller | null
  /** Returns the caller of each key that has expired. A caller appears once for each such key. */
  expired(now: Date): readonly Caller[]
}

const CUSTOMERS = 'must be all, or a list of customer ids'
const SHA256 = 'must be the SHA-256 of a key: 64 lower-case hex digits, in quotes (see dist/cli/key.js)'

const callersFile = z.strictObject({
  callers: z.array(
    z.strictObject({
      id: identifier,
      keys: z.array(
        z.strictObject({
          sha256: z.string({ error: SHA256 }).regex(/^[0-9a-f]{64}$/, SHA256),
          expires: z.iso
            .date({ error: 'must be a date such as 2027-06-30; the key works until the end of that day in UTC' })
            .optional(),
        }),
      ),
      customers: z.union([z.literal('all'), z.array(identifier)], { error: CUSTOMERS }).optional(),
      quota: quotaText.optional(),
      sandbox: z.boolean({ error: 'must be true or false' }).default(false),
    }),
  ),
})

/** Reads the callers files. Throws FileFaults with every mistake. */
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
      if (callers.has(id)) faults.push(file.fault([...at, 'id'], `${nameOf([...at, 'id'])}: ${id} is used twice`))
      callers.set(id, caller)
      for (const [number, { sha256, expires }] of entry.keys.entries()) {
        const place = [...at, 'keys', number]
        if (keys.has(sha256)) faults.push(file.fault(place, `${nameOf(place)}: this key is used twice`))
        keys.set(sha256, { caller, expiresAt: expires ? endOfDay(expires) : Number.POSITIVE_INFINITY })
      }
    }
  }
  if (faults.length > 0) throw new FileFaults(faults)
  return {
    all: [...callers.values()],
    authenticate(key, now) {
      // The lookup is by digest, so its duration tells nothing about the key.
      const found = keys.get(hashKey(key) ?? '')
      return found && now.getTime() < found.expiresAt ? found.caller : null
    },
    expired: (now) => [...keys.values()].filter(({ expiresAt }) => now.getTime() >= expiresAt).map((key) => key.caller),
  }
}

type Entry = z.output<typeof callersFile>['callers'][number]

const LONGEST_SANDBOX_ID = 64 - SANDBOX_PREFIX.length

/** Returns what is wrong with the customers of an entry. In the sandbox, the caller's customer follows from its id. */
function scopeObjections({ id, customers, sandbox }: Entry): { member: 'id' | 'customers'; reason: string }[] {
  if (!sandbox) return customers === undefined ? [{ member: 'customers', reason: CUSTOMERS }] : []
  const tooLong = `must have at most ${LONGEST_SANDBOX_ID} characters for a caller in the sandbox`
  return [
    ...(customers === undefined
      ? []
      : [{ member: 'customers' as const, reason: 'must be left out for a caller in the sandbox' }]),
    ...(id.length > LONGEST_SANDBOX_ID ? [{ member: 'id' as const, reason: tooLong }] : []),
  ]
}

function callerFrom({ id, customers = [], quota, sandbox }: Entry): Caller {
  const scope = sandbox ? [sandboxCustomerOf(id)] : customers
  return { id, customers: scope === 'all' ? scope : new Set(scope), quota: quota ?? null, sandbox }
}

const DAY_MS = 86_400_000

const endOfDay = (date: string): number => Date.parse(`${date}T00:00:00Z`) + DAY_MS
