import { connect, type LookupFunction, type Socket } from 'node:net'
import { type Address, parseAddress } from '../ip/address.ts'
import { ProxyFault, SocksDialogue, type SocksProxy } from './socks.ts'

/** Why a connection did not come about; `vantage-failed` says nothing about the target: our own proxy did not do its part. */
export type DialFault = 'connect-timeout' | 'connection-refused' | 'unreachable' | 'dropped' | 'vantage-failed'

export interface DialOptions {
  readonly address: Address
  readonly port: number
  /** Local source address; null leaves it to the routing table. */
  readonly bind: Address | null
  /** Null connects directly. */
  readonly proxy: SocksProxy | null
  readonly timeoutMs: number
}

/** `detail` is an errno, or what the proxy did; null where the time ran out. */
export type Dialled = { readonly socket: Socket } | { readonly fault: DialFault; readonly detail: string | null }

/** What `connect` says, by errno; anything else means that the address cannot be reached from here. */
const FAULTS: Readonly<Record<string, DialFault>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'dropped',
  ETIMEDOUT: 'connect-timeout',
}

/**
 * What a proxy says of the target (RFC 1928 section 6). Anything else is about the proxy: its rules (2), a failure of its
 * own (1), what it cannot do (7, 8). "TTL expired" is what proxies make of ETIMEDOUT (Dante, microsocks).
 */
const ANSWERS: Readonly<Record<number, readonly [DialFault, string]>> = {
  3: ['unreachable', 'network unreachable'],
  4: ['unreachable', 'host unreachable'],
  5: ['connection-refused', 'connection refused'],
  6: ['connect-timeout', 'TTL expired'],
}

/** How long a proxy may take to show that it is still there. */
const SIGN_OF_LIFE_MS = 2_000

/**
 * Opens a TCP connection to exactly the address that was checked: from its canonical text, without a name look-up, and
 * verified against the peer address of the socket; or through a proxy, which is given the bytes of the address.
 */
export function dial(options: DialOptions): Promise<Dialled> {
  return options.proxy ? dialThrough(options.proxy, options) : open(options)
}

/** Whether a proxy answers and takes our login: null, or what is wrong. */
export async function objectionOf(proxy: SocksProxy, timeoutMs: number): Promise<string | null> {
  const reached = await reach(proxy, timeoutMs)
  if ('objection' in reached) return reached.objection ?? 'does not answer'
  reached.value.socket.destroy()
  return null
}

async function dialThrough(proxy: SocksProxy, { address, port, timeoutMs }: DialOptions): Promise<Dialled> {
  const until = performance.now() + timeoutMs
  const reached = await reach(proxy, timeoutMs)
  if ('objection' in reached) return failed(reached.objection)
  const dialogue = reached.value
  const asked = await within(dialogue, until - performance.now(), () => dialogue.connect(address, port))
  if ('objection' in asked) {
    // A target that is silent keeps the proxy waiting; so does a proxy that has died in the meantime.
    const objection = asked.objection ?? (await objectionOf(proxy, SIGN_OF_LIFE_MS))
    return objection === null ? { fault: 'connect-timeout', detail: null } : failed(objection)
  }
  const { socket } = dialogue
  if (asked.value === 0) {
    dialogue.end()
    return { socket }
  }
  socket.destroy()
  const answer = ANSWERS[asked.value]
  return answer ? { fault: answer[0], detail: ofProxy(answer[1]) } : failed(`answers ${asked.value}`)
}

const ofProxy = (what: string): string => `our proxy: ${what}`

const failed = (objection: string | null): Dialled => ({
  fault: 'vantage-failed',
  detail: objection === null ? null : ofProxy(objection),
})

/** What came of something; the objection is null where the time ran out. */
type Outcome<T> = { readonly value: T } | { readonly objection: string | null }

/** Connects to a proxy and introduces us. */
async function reach(proxy: SocksProxy, timeoutMs: number): Promise<Outcome<SocksDialogue>> {
  const until = performance.now() + timeoutMs
  const opened = await open({ address: proxy.address, port: proxy.port, bind: null, timeoutMs })
  if ('fault' in opened) return { objection: opened.detail }
  const dialogue = new SocksDialogue(opened.socket)
  const introduced = await within(dialogue, until - performance.now(), () => dialogue.introduce(proxy))
  return 'value' in introduced ? { value: dialogue } : introduced
}

/** Gives a proxy so much time for its part. Where it does not do it, its socket is of no use any more. */
async function within<T>({ socket }: SocksDialogue, ms: number, work: () => Promise<T>): Promise<Outcome<T>> {
  let late = false
  const timer = setTimeout(
    () => {
      late = true
      socket.destroy()
    },
    Math.max(0, ms),
  )
  try {
    return { value: await work() }
  } catch (error) {
    socket.destroy()
    if (!(error instanceof ProxyFault)) throw error
    return { objection: late ? null : error.message }
  } finally {
    clearTimeout(timer)
  }
}

function open({ address, port, bind, timeoutMs }: Omit<DialOptions, 'proxy'>): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connect({
      host: address.text,
      port,
      family: address.family,
      autoSelectFamily: false,
      noDelay: true,
      lookup: refuseLookup,
      ...(bind ? { localAddress: bind.text } : {}),
    })
    const fail = (fault: DialFault, detail: string | null) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ fault, detail })
    }
    const timer = setTimeout(() => fail('connect-timeout', null), timeoutMs)
    socket.once('error', (error: NodeJS.ErrnoException) => {
      fail(FAULTS[error.code ?? ''] ?? 'unreachable', error.code ?? null)
    })
    socket.once('connect', () => {
      // A socket that was reset at once has no peer any more; one with another peer must never be spoken to.
      if (socket.remoteAddress === undefined) return fail('dropped', 'ECONNRESET')
      const peer = parseAddress(socket.remoteAddress)
      if (peer?.family !== address.family || peer.value !== address.value) return fail('unreachable', 'another peer')
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve({ socket })
    })
  })
}

/** Node resolves names only where the host is no literal; ours always is, so a look-up is a fault of this program. */
const refuseLookup: LookupFunction = () => {
  throw new Error('a relay test never looks up a name')
}
