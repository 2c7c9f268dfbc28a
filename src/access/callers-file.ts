/** Reads the callers files, checks them, and says what they contain row by row, in plain data. */
import { z } from 'zod'
import { identifier } from '../contract/ids.ts'
import { type Quota, quotaText } from '../contract/limits.ts'
import { FileFaults } from '../files/faults.ts'
import type { FileContent } from '../files/on-disk.ts'
import { nameOf, readAll } from '../files/yaml-file.ts'
import { parseAddress } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { isPublished } from './published-keys.ts'
import { SANDBOX_PREFIX, sandboxCustomerOf } from './sandbox-ids.ts'

/** One row of the files: a caller, or one of its keys. A key comes after its caller. */
export type CallerRow =
  | {
      readonly id: string
      readonly customers: 'all' | readonly string[]
      readonly quota: Quota | null
      readonly sandbox: boolean
      readonly sweeps: boolean
      readonly webhook: { readonly url: string; readonly secret: string } | null
    }
  | {
      readonly sha256: string
      readonly callerId: string
      /** A date; null if the key never expires. */
      readonly expires: string | null
    }

/** The settings that decide whether an entry is allowed. */
export interface CallerRules {
  /** Whether a webhook may be on this machine, without TLS. */
  readonly allowLoopback: boolean
  /** Whether others can reach the service, so that the keys of the examples are refused. */
  readonly isReachable: boolean
}

const CUSTOMERS = 'must be all, or a list of customer ids'
const SHA256 = 'must be the SHA-256 of a key: 64 lower-case hex digits, in quotes (see dist/cli/key.js)'

const PUBLISHED =
  'this is a key of the examples, which everybody can read: remove it, because HOST lets others reach this service'

const SECRET = 'must be whsec_ and the base64 of 24 to 64 random bytes, such as `openssl rand -base64 32` prints'

const webhook = z.strictObject({
  url: z.string({ error: 'must be a web address' }).max(2_000, 'must have at most 2000 characters'),
  secret: z.string({ error: SECRET }).refine(isSecret, SECRET),
})

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
      sweeps: z.boolean({ error: 'must be true or false' }).default(false),
      webhook: webhook.optional(),
    }),
  ),
})

/** Reads one callers file, or all files of a folder. Throws FileFaults with every mistake. */
export function readCallers(files: readonly FileContent[], rules: CallerRules): readonly CallerRow[] {
  const faults: string[] = []
  const rows: CallerRow[] = []
  const ids = new Set<string>()
  const keys = new Set<string>()
  for (const { file, value } of readAll(files, callersFile, faults)) {
    for (const [index, entry] of value.callers.entries()) {
      const { id, customers = [], quota = null, sandbox, sweeps, webhook = null } = entry
      const at = ['callers', index]
      const object = (place: readonly PropertyKey[], reason: string) =>
        void faults.push(file.fault(place, `${nameOf(place)}: ${reason}`))
      for (const { member, reason } of scopeObjections(entry)) object([...at, member], reason)
      const fault = webhook && objectionToUrl(webhook.url, rules)
      if (fault) object([...at, 'webhook', 'url'], fault)
      if (ids.has(id)) object([...at, 'id'], `${id} is used twice`)
      ids.add(id)
      rows.push({ id, customers: sandbox ? [sandboxCustomerOf(id)] : customers, quota, sandbox, sweeps, webhook })
      for (const [number, { sha256, expires = null }] of entry.keys.entries()) {
        if (keys.has(sha256)) object([...at, 'keys', number], 'this key is used twice')
        if (rules.isReachable && isPublished(sha256)) object([...at, 'keys', number], PUBLISHED)
        keys.add(sha256)
        rows.push({ sha256, callerId: id, expires })
      }
    }
  }
  if (faults.length > 0) throw new FileFaults(faults)
  return rows
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

/** Whether a text is a secret as Standard Webhooks writes it. */
function isSecret(text: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
  const bytes = Buffer.from(base64 ?? '', 'base64')
  return bytes.toString('base64') === base64 && bytes.length >= 24 && bytes.length <= 64
}

/** Returns what is wrong with the web address of a webhook, or null. A host name is checked when an event is sent. */
function objectionToUrl(text: string, { allowLoopback }: CallerRules): string | null {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) {
    return 'must be a web address such as https://portal.example/relay-tests'
  }
  const { protocol, hostname, username, password, hash } = new URL(text)
  if (username !== '' || password !== '')
    return 'must have no user name and no password: the signature proves who sends'
  if (hash !== '') return 'must have no part after #'
  const address = parseAddress(hostname.replace(/^\[|\]$/g, ''))
  if (allowLoopback && address && isLoopback(address)) return null
  if (protocol !== 'https:') return 'must begin with https://'
  const special = address && specialRange(address)
  return special ? `must be a public address, and ${address.text} is in ${special.text} (${special.name})` : null
}
