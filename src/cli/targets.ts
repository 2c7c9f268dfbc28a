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

/** Reads a targets file, or standard input for `-`. Throws Mistake with the first fault, by file and line. */
export function readTargets(path: string): Target[] {
  const name = path === '-' ? 'standard input' : path
  let text: string
  try {
    text = readFileSync(path === '-' ? STANDARD_INPUT : path, 'utf8')
  } catch (error) {
    throw new Mistake(`${name} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  const targets = text.split(/\r?\n/).flatMap((line, index) => targetIn(line, `${name}:${index + 1}`))
  if (targets.length === 0) throw new Mistake(`${name}: no target is in it`)
  return targets
}

function targetIn(line: string, where: string): Target | [] {
  const words = line
    .replace(/(^|\s)#.*/, '')
    .trim()
    .split(/\s+/)
  const [ip = '', domain, reference, ...others] = words
  if (ip === '') return []
  if (isIP(ip) === 0) throw new Mistake(`${where}: an IPv4 or IPv6 address was expected, not "${ip}"`)
  if (others.length > 0) throw new Mistake(`${where}: ADDRESS [DOMAIN] [REFERENCE] was expected`)
  return { ip, ...(domain === undefined ? {} : { domain }), ...(reference === undefined ? {} : { reference }) }
}
