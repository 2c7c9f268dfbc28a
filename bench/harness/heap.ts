/** Loaded into the service by `prove:soak`: writes its memory after a full garbage collection into a file. */
import { appendFileSync } from 'node:fs'

const EVERY_MS = 5_000
const { HEAP_FILE } = process.env

if (HEAP_FILE) {
  setInterval(() => {
    global.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    appendFileSync(HEAP_FILE, `${JSON.stringify({ heapUsed, external, rss })}\n`)
  }, EVERY_MS).unref()
}
