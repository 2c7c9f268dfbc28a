import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Mistake } from './mistake.ts'

/** One line of a targets file. */
export interface Target {
  readonly ip: string
  readonly domain?: string
  readonly reference?: string
}

const STANDARD_INPUT = 0

/** How many faults are told: a file of another kind has one in every line. */
const FAULTS_TOLD = 10

/** Reads a targets file, or standard input for `-`. Throws Mistake with its faults, by file and line. */
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
  if (faults.length > FAULTS_TOLD) {
    throw new Mistake(...faults.slice(0, FAULTS_TOLD), `${name}: ${faults.length - FAULTS_TOLD} more lines are wrong`)
  }
  if (faults.length > 0) throw new Mistake(...faults)
  const targets = read.filter((one) => one !== null && typeof one !== 'string')
  if (targets.length === 0) throw new Mistake(`${name}: no target is in it`)
  return targets
}

/** What a line says: a target, nothing, or what is wrong with it. */
function targetIn(line: string, where: string): Target | string | null {
  const words = line
    .replace(/(^|\s)#.*/, '')
    .trim()
    .split(/\s+/)
  const [ip = '', domain, reference, ...others] = words
  if (ip === '') return null
  if (isIP(ip) === 0) return `${where}: an IPv4 or IPv6 address was expected, not "${ip}"`
  if (others.length > 0) return `${where}: ADDRESS [DOMAIN] [REFERENCE] was expected`
  return { ip, ...(domain === undefined ? {} : { domain }), ...(reference === undefined ? {} : { reference }) }
}
