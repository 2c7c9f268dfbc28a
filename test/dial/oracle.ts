/** Asks Python's ipaddress for a second opinion, from code that we did not write. */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../harness/service.ts'
import type { Case } from './cases.ts'
import { FOR_ORACLE, type Network } from './installation.ts'

/** Why the oracle denies a request. `syntax` is a fault of the request itself. */
export type Denial = 'syntax' | 'special' | 'own' | 'not-allowed' | 'opted-out' | 'domain'

/** Python's decision about a request. */
export type Expected = { readonly allow: string } | { readonly deny: Denial }

const DENIALS: readonly Denial[] = ['syntax', 'special', 'own', 'not-allowed', 'opted-out', 'domain']

/** Returns why there is no oracle on this machine, or null. */
export function oracleUnavailable(): string | null {
  return spawnSync('python3', ['-c', 'import ipaddress']).status === 0 ? null : 'python3 is not installed'
}

/** Returns Python's decision about each case, in the same order. */
export async function expectedOf(cases: readonly Case[]): Promise<Expected[]> {
  return (await ask(cases)).map((line) => {
    const deny = DENIALS.find((denial) => denial === line)
    if (deny) return { deny }
    if (!line.startsWith('allow ')) throw new Error(`the oracle says ${line}`)
    return { allow: line.slice('allow '.length) }
  })
}

/** Returns Python's decision about each entry of a customers file: `allow`, or why it is refused at load. */
export const networksJudged = (networks: readonly Network[]): Promise<string[]> =>
  ask(networks.map((network) => ({ network })))

async function ask(questions: readonly object[]): Promise<string[]> {
  const python = spawn('python3', [join(ROOT, 'test/dial/oracle.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONUTF8: '1' },
  })
  python.stdin.end([FOR_ORACLE, ...questions].map((question) => `${JSON.stringify(question)}\n`).join(''))
  const answers: string[] = []
  for await (const line of createInterface({ input: python.stdout })) answers.push(line)
  if (answers.length !== questions.length)
    throw new Error(`the oracle answered ${answers.length} of ${questions.length}`)
  return answers
}
