import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE_MS = 10_000
const PAUSE_MS = 1

/** Asks again and again until the answer is yes; fails where it never is. */
export async function eventually(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`)
    await sleep(PAUSE_MS)
  }
}
