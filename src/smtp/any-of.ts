import { setMaxListeners } from 'node:events'

/**
 * A signal that is aborted when one of those is, which must not outlive it by much: they keep it. In Node.js 20,
 * `AbortSignal.any` takes as long as a connection, and what it leaves behind is only found by the garbage collector.
 */
export function anyOf(...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController()
  const abort = () => controller.abort()
  // A test has as many connections as it needs, and each listens.
  setMaxListeners(0, ...signals)
  for (const signal of signals) {
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  return controller.signal
}
