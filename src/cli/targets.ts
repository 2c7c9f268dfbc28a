/** Reads the targets of `relay-test --file`, and names every wrong line before anything is tested. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Mistake } from './mistake.ts'

/** One line of a targets file. */
export interface Target {
  readonly ip: string
  readonly domain?: string
  readonly knownMailbox?: string
  readonly reference?: string
}

const STANDARD_INPUT = 0

/** The most faults that are printed. A file of another kind has one in every line. */
const MAX_FAULTS = 10

/** Reads a targets file, or standard input for `-`. Throws Mistake with its faults, each with file and line. */
export function readTargets(path: string): Target[] {
  const name = path === '-' ? 'standard input' : path
  let text: string
  try {
    text = readFileSync(path === '-' ? STANDARD_INPUT : path, 'utf8')
  } catch (error) {
    throw new Mistake(`${name} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  const read = text.split(/\r?\n/).map((line, index) => targetIn(line, `${name}:${index + 1}`))
  const faults = read.filter((one) => typeof one === 'string')
  if (faults.length > MAX_FAULTS) {
    throw new Mistake(...faults.slice(0, MAX_FAULTS), `${name}: ${faults.length - MAX_FAULTS} more lines are wrong`)
  }
  if (faults.length > 0) throw new Mistake(...faults)
  const targets = read.filter((one) => one !== null && typeof one !== 'string')
  if (targets.length === 0) throw new Mistake(`${name} contains no target`)
  return targets
}

/** Returns the target of a line, null for an empty line, or a text that says what is wrong. */
function targetIn(line: string, where: string): Target | string | null {
  const words = line
    .replace(/(^|\s)#.*/, '')
    .trim()
    .split(/\s+/)
  const [ip = '', name, reference, ...others] = words
  if (ip === '') return null
  if (isIP(ip) === 0) return `${where}: begin the line with an IPv4 or IPv6 address, not "${ip}"`
  if (others.length > 0) return `${where}: too many words; write ADDRESS [DOMAIN] [REFERENCE]`
  return { ip, ...ownName(name), ...(reference === undefined ? {} : { reference }) }
}

/** Returns the member for the second word of a line: a domain, or a mailbox. */
function ownName(name: string | undefined): Pick<Target, 'domain' | 'knownMailbox'> {
  if (name === undefined) return {}
  return name.includes('@') ? { knownMailbox: name } : { domain: name }
}
