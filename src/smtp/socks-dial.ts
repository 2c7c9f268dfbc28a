/**
 * Opens the TCP connection of a test through a SOCKS5 proxy, and tells failures of the proxy from those of the target.
 */
import { type Dial, type Dialled, dialFrom } from './dial.ts'
import type { DialFault } from './socket-errors.ts'
import { ProxyFault, SocksDialogue, type SocksProxy } from './socks.ts'

/**
 * The reply codes that are about the target (RFC 1928 section 6). All others are about the proxy: its own failure (1),
 * its rules (2), or something it cannot do (7, 8). Dante and microsocks say "TTL expired" (6) for ETIMEDOUT.
 */
const ABOUT_TARGET: Readonly<Record<number, readonly [DialFault, string]>> = {
  3: ['unreachable', 'network unreachable'],
  4: ['unreachable', 'host unreachable'],
  5: ['connection-refused', 'connection refused'],
  6: ['connect-timeout', 'TTL expired'],
}

/** How long a proxy may take to show that it still works. */
const PROXY_ANSWER_MS = 2_000

const dialProxy = dialFrom([])

/** Returns a `Dial` that connects through a proxy. The proxy gets the bytes of the address, never a name. */
export const dialThrough =
  (proxy: SocksProxy): Dial =>
  async (address, port, timeoutMs) => {
    const until = performance.now() + timeoutMs
    const greeted = await greet(proxy, timeoutMs)
    if ('objection' in greeted) return proxyFailed(greeted.objection)
    const dialogue = greeted.value
    const { socket } = dialogue
    const asked = await within(dialogue, until - performance.now(), () => dialogue.connect(address, port))
    if ('objection' in asked) {
      // Either the target is silent, or the proxy has stopped working. We ask the proxy which it is.
      const objection = asked.objection ?? (await objectionOf(proxy, PROXY_ANSWER_MS))
      return objection === null ? { fault: 'connect-timeout', detail: null } : proxyFailed(objection)
    }
    if (asked.value === 0) {
      dialogue.end()
      return { socket, localAddress: null }
    }
    socket.destroy()
    const [fault, detail] = ABOUT_TARGET[asked.value] ?? []
    return fault && detail ? { fault, detail: ofProxy(detail) } : proxyFailed(`answers ${asked.value}`)
  }

/** Checks that a proxy answers and accepts our password. Returns null, or what is wrong. */
export async function objectionOf(proxy: SocksProxy, timeoutMs: number): Promise<string | null> {
  const greeted = await greet(proxy, timeoutMs)
  if ('objection' in greeted) return greeted.objection ?? 'does not answer'
  greeted.value.socket.destroy()
  return null
}

const ofProxy = (text: string): string => `our proxy: ${text}`

const proxyFailed = (objection: string | null): Dialled => ({
  fault: 'vantage-failed',
  detail: objection === null ? null : ofProxy(objection),
})

/** A value, or what is wrong with the proxy; null if the time ran out. */
type Outcome<T> = { readonly value: T } | { readonly objection: string | null }

/** Connects to a proxy and logs in. */
async function greet(proxy: SocksProxy, timeoutMs: number): Promise<Outcome<SocksDialogue>> {
  const until = performance.now() + timeoutMs
  const opened = await dialProxy(proxy.address, proxy.port, timeoutMs)
  if ('fault' in opened) return { objection: opened.detail }
  const dialogue = new SocksDialogue(opened.socket)
  const introduced = await within(dialogue, until - performance.now(), () => dialogue.introduce(proxy))
  return 'value' in introduced ? { value: dialogue } : introduced
}

/** Waits `ms` milliseconds for one step of the dialogue. Closes the socket if the step fails or takes longer. */
async function within<T>({ socket }: SocksDialogue, ms: number, step: () => Promise<T>): Promise<Outcome<T>> {
  let late = false
  const expire = () => {
    late = true
    socket.destroy()
  }
  const timer = setTimeout(expire, Math.max(0, ms))
  try {
    return { value: await step() }
  } catch (error) {
    socket.destroy()
    if (!(error instanceof ProxyFault)) throw error
    return { objection: late ? null : error.message }
  } finally {
    clearTimeout(timer)
  }
}
