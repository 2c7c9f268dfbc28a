/** Reads a file of targets, and names every wrong line before anything is tested. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { Mistake } from './mistake.ts'

/** One line of a targets file. */
export interface ListedTarget {
  /** The first word of the line without its port: an address, a host name or a mail domain. */
  readonly target: string
  readonly port?: number
  readonly domain?: string
  readonly knownMailbox?: string
  readonly reference?: string
}

/** A target with its place in the file, such as `targets.txt:3`. */
export interface TargetLine {
  readonly where: string
  readonly target: ListedTarget
}

const STANDARD_INPUT = 0

/** The most faults that are printed. A file of another kind has one in every line. */
const MAX_FAULTS = 10

const SYNTAX = 'write TARGET[:PORT] [DOMAIN|MAILBOX] [REFERENCE]'

/** A target with a port, such as `203.0.113.25:587`, `[2001:db8:25::1]:587` or `mail.example.com:587`. */
const WITH_PORT = /^(?:\[([^[\]]*)\]|([^:]*)):(\d{1,5})$/

/** Returns how messages name a targets file. */
export const nameOf = (path: string): string => (path === '-' ? 'standard input' : path)

/** Reads a targets file, or standard input for `-`. Throws Mistake with its faults, each with file and line. */
export function readTargets(path: string): TargetLine[] {
  const name = nameOf(path)
  let text: string
  try {
    text = readFileSync(path === '-' ? STANDARD_INPUT : path, 'utf8')
  } catch (error) {
    throw new Mistake(`${name} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
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
  const [, bracketed, plain, digits] = WITH_PORT.exec(first) ?? []
  const target = bracketed ?? plain ?? first
  if (isIP(target) === 0 && !DOMAIN_NAME.test(domainToASCII(target))) {
    return `begin the line with an IP address, a host name or a mail domain, not "${first}"`
  }
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65535)) return `a port is a number from 1 to 65535, not ${digits}`
  if (others.length > 0) return `too many words; ${SYNTAX}`
  const place = { target, ...(port === undefined ? {} : { port }) }
  const own = ownName(second)
  if (own) return { ...place, ...own, ...(third === undefined ? {} : { reference: third }) }
  if (third !== undefined) return `"${second}" is no mail domain and no mailbox; ${SYNTAX}`
  return { ...place, ...(second === undefined ? {} : { reference: second }) }
}

/** Returns the member for a mail domain, which has a dot, or a mailbox, which has an @. Null for any other word. */
function ownName(word = ''): Pick<ListedTarget, 'domain' | 'knownMailbox'> | null {
  if (word.includes('@')) return { knownMailbox: word }
  return word.includes('.') ? { domain: word } : null
}
