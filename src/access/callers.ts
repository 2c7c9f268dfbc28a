/** Answers who holds a key, and which customers it may test for. The answers come from the callers files, in memory. */
import type { Quota } from '../contract/limits.ts'
import { programBeside, type RowReader, rowsOf } from '../files/elsewhere.ts'
import type { FileContent } from '../files/on-disk.ts'
import { type CallerRow, type CallerRules, readCallers } from './callers-file.ts'
import { hashKey } from './keys.ts'
import { isSandbox } from './sandbox-ids.ts'

/** The holder of API keys. `customers` are the customers whose servers it may test; in the sandbox, its own only. */
export interface Caller {
  readonly id: string
  readonly customers: 'all' | ReadonlySet<string>
  readonly quota: Quota | null
  /** A caller in the sandbox gets recorded sessions. Nothing is ever dialled for it. */
  readonly sandbox: boolean
  /** Whether the caller may test many servers with one request. */
  readonly sweeps: boolean
  /** Where the caller gets the events of its tests; null if it gets none. */
  readonly webhook: Webhook | null
}

/** Where events are sent, and the secret that signs them. The secret appears in no log and no answer. */
export interface Webhook {
  readonly url: string
  /** `whsec_` and base64, as Standard Webhooks writes it. */
  readonly secret: string
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
  /** Returns the caller with this id, or null. */
  named(id: string): Caller | null
  /** Returns the caller that has this key, or null. Unknown, malformed and expired keys look the same. */
  authenticate(key: string, now: Date): Caller | null
  /** Returns the caller of each key that has expired. A caller appears once for each such key. */
  expired(now: Date): readonly Caller[]
}

const READER: RowReader<CallerRow, CallerRules> = {
  read: readCallers,
  program: programBeside(import.meta.url, 'callers-process'),
}

/** Reads the callers files without blocking the event loop. Throws FileFaults with every mistake in them. */
export async function loadCallers(files: readonly FileContent[], rules: CallerRules): Promise<Callers> {
  const table = new CallerTable()
  for await (const rows of rowsOf(READER, files, rules)) for (const row of rows) table.add(row)
  return table
}

/** Callers by id and by key, filled row by row. */
export class CallerTable implements Callers {
  readonly #callers = new Map<string, Caller>()
  readonly #keys = new Map<string, { caller: Caller; expiresAt: number }>()

  add(row: CallerRow): void {
    if ('sha256' in row) {
      const caller = this.#callers.get(row.callerId)
      const expiresAt = row.expires === null ? Number.POSITIVE_INFINITY : endOfDay(row.expires)
      if (caller) this.#keys.set(row.sha256, { caller, expiresAt })
      return
    }
    const { id, customers, quota, sandbox, sweeps, webhook } = row
    const scope = customers === 'all' ? customers : new Set(customers)
    this.#callers.set(id, { id, customers: scope, quota, sandbox, sweeps, webhook })
  }

  get all(): readonly Caller[] {
    return [...this.#callers.values()]
  }

  named(id: string): Caller | null {
    return this.#callers.get(id) ?? null
  }

  authenticate(key: string, now: Date): Caller | null {
    // The lookup is by digest, so its duration tells nothing about the key.
    const found = this.#keys.get(hashKey(key) ?? '')
    return found && now.getTime() < found.expiresAt ? found.caller : null
  }

  expired(now: Date): readonly Caller[] {
    return [...this.#keys.values()].filter(({ expiresAt }) => now.getTime() >= expiresAt).map((key) => key.caller)
  }
}

const DAY_MS = 86_400_000

const endOfDay = (date: string): number => Date.parse(`${date}T00:00:00Z`) + DAY_MS
