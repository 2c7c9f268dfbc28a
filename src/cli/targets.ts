/** Reads a file of targets, and names every wrong line before anything is tested. */
import { DOMAIN_NAME } from '../contract/domain.ts'
import { parseAddress } from '../ip/address.ts'
import { Mistake } from './mistake.ts'
import { readText } from './reading.ts'
import { inAscii } from './values.ts'

/** A target as one word names it. */
export interface NamedTarget {
  /** An address, a host name or a mail domain. */
  readonly target: string
  readonly port?: number
  /** The word, if it is a mail address. */
  readonly knownMailbox?: string
}

/** One line of a targets file. */
export interface ListedTarget extends NamedTarget {
  readonly domain?: string
  readonly reference?: string
}

/** A target with its place in the file, such as `targets.txt:3`. */
export interface TargetLine {
  readonly where: string
  readonly target: ListedTarget
}

/** The most faults that are printed. A file of another kind has one in every line. */
const MAX_FAULTS = 10

const SYNTAX = 'write TARGET[:PORT] [DOMAIN|MAILBOX] [REFERENCE]'

/** A target with a port, such as `203.0.113.25:587`, `[2001:db8:25::1]:587` or `mail.example.com:587`. */
const WITH_PORT = /^(?:\[([^[\]]*)\]|([^:]*)):(\d{1,5})$/

/** Returns how messages name a targets file. */
export const fileNameOf = (path: string): string => (path === '-' ? 'standard input' : path)

/** Reads a targets file, or standard input for `-`. Throws Mistake with its faults, each with file and line. */
export function readTargets(path: string): TargetLine[] {
  const name = fileNameOf(path)
  const lines = readText(path, name)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
  const read = lines.map((line, index) => ({ where: `${name}:${index + 1}`, said: targetIn(line) }))
  const faults = read.flatMap(({ where, said }) => (typeof said === 'string' ? [`${where}: ${said}`] : []))
  if (faults.length > 0) throw wrongLines(name, faults)
  const targets = read.flatMap(({ where, said }) =>
    said === null || typeof said === 'string' ? [] : [{ where, target: said }],
  )
  if (targets.length === 0) throw new Mistake(`${name} contains no target`)
  return targets
}

/** Returns the mistake that names the first wrong lines of a file, and counts the others. */
export function wrongLines(name: string, faults: readonly string[]): Mistake {
  const others = faults.length - MAX_FAULTS
  return new Mistake(...faults.slice(0, MAX_FAULTS), ...(others > 0 ? [`${name}: ${others} more lines are wrong`] : []))
}

/** Returns the target of a line, null for an empty line, or a text that says what is wrong. */
function targetIn(line: string): ListedTarget | string | null {
  const [first = '', second, third, ...others] = line
    .replace(/(^|\s)#.*/, '')
    .trim()
    .split(/\s+/)
  if (first === '') return null
  const place = namedTarget(first)
  if (typeof place === 'string') return place
  if (others.length > 0) return `too many words; ${SYNTAX}`
  const own = ownName(second)
  if (own) return { ...place, ...own, ...(third === undefined ? {} : { reference: third }) }
  if (third !== undefined) return `"${second}" is no mail domain and no mailbox; ${SYNTAX}`
  return { ...place, ...(second === undefined ? {} : { reference: second }) }
}

/**
 * Returns the target that a word names: `ADDRESS`, `NAME` or a mail address, and perhaps `:PORT`. The domain of a mail
 * address is tested. Returns a text for any other word, which says what is wrong.
 */
export function namedTarget(word: string): NamedTarget | string {
  const [, bracketed, plain, digits] = WITH_PORT.exec(word) ?? []
  const place = bracketed ?? plain ?? word
  const target = place.slice(place.lastIndexOf('@') + 1)
  const isAddress = target === place && parseAddress(target) !== null
  if (!isAddress && !DOMAIN_NAME.test(inAscii(target))) {
    return `enter an IP address, a host name or a mail domain, not "${word}"`
  }
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65535)) return `a port is a number from 1 to 65535, not ${digits}`
  return {
    target,
    ...(port === undefined ? {} : { port }),
    ...(target === place ? {} : { knownMailbox: inAscii(place) }),
  }
}

/** Returns the member for a mail domain, which has a dot, or a mailbox, which has an @. Null for any other word. */
function ownName(word = ''): Pick<ListedTarget, 'domain' | 'knownMailbox'> | null {
  if (word.includes('@')) return { knownMailbox: inAscii(word) }
  return word.includes('.') ? { domain: inAscii(word) } : null
}
