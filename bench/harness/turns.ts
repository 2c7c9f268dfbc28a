/**
 * Measures how long the main thread of the service is busy. It is loaded into the service, and measures the most CPU
 * time between two turns of the event loop, in milliseconds. SIGWINCH writes it into TURNS_FILE and starts again,
 * because the service uses other signals. Time in which the thread waits for a core does not count: it is the machine's
 * fault.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const used = (): number => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6

let last = used()
let most = 0
setInterval(() => {
  const now = used()
  most = Math.max(most, now - last)
  last = now
}, 1).unref()
process.on('SIGWINCH', () => {
  writeFileSync(process.env.TURNS_FILE ?? '', `${most}`)
  most = 0
})
