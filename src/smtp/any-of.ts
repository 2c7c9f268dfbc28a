/** Combines abort signals. */
import { setMaxListeners } from 'node:events'

/**
 * Returns a signal that is aborted when one of the given signals is. The given signals keep it in memory, so they must
 * not live much longer than it. In Node.js 20, `AbortSignal.any` takes as long as a connection and leaves garbage.
 */
export function anyOf(...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController()
  const abort = () => controller.abort()
  // A test has many connections, and each adds a listener.
  setMaxListeners(0, ...signals)
  for (const signal of signals) {
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  return controller.signal
}
