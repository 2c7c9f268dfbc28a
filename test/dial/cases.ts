/** Makes requests for addresses of every kind and spelling, from a seed. */
import { readFileSync } from 'node:fs'
import { type Address, addressOf, parseAddress } from '../../src/ip/address.ts'
import { type Prefix, parsePrefix } from '../../src/ip/prefix.ts'
import { type Random, randomFrom } from '../harness/random.ts'
import { hostileSpellings, hostileSpellingsOf } from '../ip/hostile-spellings.ts'
import { CALLERS, CUSTOMERS, NEVER_TEST, OWN_ADDRESSES } from './installation.ts'
import { edited, embeddings, notTexts, otherSpellings } from './spellings.ts'

/** One request: the caller who makes it, and the text of its body. */
export interface Case {
  readonly caller: string
  readonly body: string
}

const UNKNOWN_CUSTOMER = 'nobody'

const lines = (path: string): string[][] =>
  readFileSync(new URL(path, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

/** Addresses that no list can allow (`deny`), and their neighbours that a list can allow (`allow`). */
export const VECTORS = lines('../ip/deny-vectors.tsv').map(([text = '', expected = '']) => ({ text, expected }))

const network = (text: string): Prefix => {
  const parsed = parsePrefix(text)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.prefix
}

const addresses = (texts: readonly string[]): Address[] => texts.flatMap((text) => parseAddress(text) ?? [])

const ALLOWED = CUSTOMERS.flatMap(({ networks }) => networks.map(({ cidr }) => network(cidr)))
const OPTED_OUT = NEVER_TEST.map(network)
/** The ranges of the boundary table, each once. */
const SPECIAL = [...new Set(lines('../ip/special-boundaries.tsv').flatMap(([, range = '']) => range))]
  .filter((range) => /^[^*].*\//.test(range))
  .map(network)
const KNOWN = addresses(VECTORS.map(({ text }) => text))
const OWN = addresses(OWN_ADDRESSES)

const inside = ({ family, first, last }: Prefix, random: Random): Address =>
  addressOf(family, first + (random.bits(128) % (last - first + 1n)))

/** Returns the first or last address of a network, or a neighbour outside it. */
function around({ family, first, last }: Prefix, random: Random): Address {
  const top = family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n
  const value = random.pick([first - 1n, first, last, last + 1n])
  return addressOf(family, value < 0n ? top : value > top ? 0n : value)
}

const anywhere = (random: Random): Address =>
  random.chance(0.5) ? addressOf(4, random.bits(32)) : addressOf(6, random.bits(128))

/** The sources of addresses, each with its share of the cases in percent. */
const SOURCES: readonly (readonly [share: number, make: (random: Random) => Address])[] = [
  [46, (random) => inside(random.pick(ALLOWED), random)],
  [14, (random) => around(random.pick(ALLOWED), random)],
  [8, (random) => inside(random.pick(SPECIAL), random)],
  [6, (random) => around(random.pick(SPECIAL), random)],
  [6, (random) => inside(random.pick(OPTED_OUT), random)],
  [2, (random) => around(random.pick(OPTED_OUT), random)],
  [6, (random) => random.pick(KNOWN)],
  [4, (random) => random.pick(OWN)],
  [8, anywhere],
]

/** The ways to write an address, each with its weight. Some of them make a hundred texts at once. */
const WRITINGS: readonly (readonly [
  weight: number,
  write: (address: Address, random: Random) => readonly unknown[],
])[] = [
  [500, ({ text }) => [text]],
  [220, (address, random) => [random.pick(otherSpellings(address))]],
  [180, ({ text }, random) => [edited(text, random)]],
  [3, (address) => notTexts(address)],
  [7, (address) => (address.family === 4 ? embeddings(address) : [address.text])],
  [3, ({ text }) => hostileSpellingsOf(text)],
]

function weighted<T>(rows: readonly (readonly [weight: number, item: T])[], random: Random): T {
  let left = random.int(rows.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, item] of rows) {
    left -= weight
    if (left < 0) return item
  }
  throw new Error('no weights')
}

const DOMAINS = [
  ...CUSTOMERS.flatMap(({ domains }) => domains),
  'a.example.com',
  'MAIL.Example.ORG',
  'xexample.com',
  'com.au',
]

/** Makes a request for an address, with a random caller and random members that decide about access. */
function requestFor(ip: unknown, random: Random): Case {
  const caller = random.chance(0.4) ? 'desk' : random.pick(CALLERS).id
  const customers = [...CUSTOMERS.map(({ id }) => id), UNKNOWN_CUSTOMER]
  const members = {
    ip,
    ...(random.chance(0.2) ? { customerId: random.pick(customers) } : {}),
    ...(random.chance(0.1) ? { domain: random.pick(DOMAINS) } : {}),
    ...(random.chance(0.05) ? { port: random.pick([25, 25, 24, 26, 2525]) } : {}),
  }
  return { caller, body: JSON.stringify(members) }
}

/** Combines every caller with an address of each customer, and with each customer id, an unknown one, and none. */
export function matrix(): Case[] {
  const targets = ['93.184.1.1', '93.184.216.1', '203.0.113.1', '4321::1', '1.1.1.2']
  const named = [undefined, ...CUSTOMERS.map(({ id }) => id), UNKNOWN_CUSTOMER]
  return CALLERS.flatMap(({ id }) =>
    named.flatMap((customerId) => targets.map((ip) => ({ caller: id, body: JSON.stringify({ ip, customerId }) }))),
  )
}

/** Yields the matrix, all known vectors and all hostile spellings, then random requests without end. */
export function* casesFrom(seed: number): Generator<Case, never> {
  const random = randomFrom(seed)
  yield* matrix()
  for (const ip of [...VECTORS.map(({ text }) => text), ...OWN_ADDRESSES, ...hostileSpellings()]) {
    yield { caller: 'desk', body: JSON.stringify({ ip }) }
  }
  for (;;) {
    const address = weighted(SOURCES, random)(random)
    for (const ip of weighted(WRITINGS, random)(address, random)) yield requestFor(ip, random)
  }
}

/** Returns the next `count` cases. */
export function take(cases: Iterator<Case>, count: number): Case[] {
  return Array.from({ length: count }, () => cases.next().value)
}
