/** Runs the attacks of `prove:siege` in a process of their own, all at once. */
import { setMaxListeners } from 'node:events'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { attacksOn, type Besieged } from './attacks.ts'
import { flood } from './flood.ts'
import { answering } from './processes.ts'

export interface AttackOrder extends Besieged {
  readonly ms: number
  /** The names of the attacks that run. */
  readonly only: readonly string[]
}

// Attackers come from other machines. Here they must not take the processor away from the service.
setPriority(10)

/** Runs the attacks, and answers with the blows of each. */
answering(async ({ ms, only, ...besieged }: AttackOrder): Promise<Record<string, number>> => {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const attacks = Object.entries(attacksOn(besieged)).filter(([name]) => only.includes(name))
  const running = attacks.map(async ([name, attack]) => [name, await flood(attack, stop.signal)] as const)
  await sleep(ms)
  stop.abort()
  return Object.fromEntries(await Promise.all(running))
})
