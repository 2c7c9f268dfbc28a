import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Loaded into the service before it starts: notes how much processor time its main thread used at most between two
 * turns of the event loop a millisecond apart, in milliseconds, and writes it into TURNS_FILE at each SIGWINCH, to
 * begin anew (other signals mean something to the service). What the thread waited for a core is not in it: that is the
 * machine's, and not a stall of ours.
 */
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
