/** Sends HTTP requests as fast as the answers come, in its own process, so that it does not slow down the service. */
import { connect } from 'node:net'
import { answering } from './processes.ts'

/** A request to repeat on each of `connections` connections, for `ms` milliseconds. */
export interface Load {
  readonly port: number
  /** A whole HTTP request. `{ip}` is replaced by a new address of 15 characters each time. */
  readonly request: string
  readonly connections: number
  readonly ms: number
  /** The first of the million addresses to use. */
  readonly from?: number
}

export interface Loaded {
  /** The number of answers for each status. */
  readonly answers: Readonly<Record<string, number>>
  readonly seconds: number
  /** How long each answer took, in milliseconds, sorted. */
  readonly times: readonly number[]
}

/** Yields 127.100.100.100 to 127.199.199.199. All have the same length, so that every request has too. */
function* addresses(from: number): Generator<string> {
  for (let n = from; ; n = (n + 1) % 1_000_000) {
    yield `127.${100 + Math.floor(n / 10_000)}.${100 + (Math.floor(n / 100) % 100)}.${100 + (n % 100)}`
  }
}

/** Sends one request after the other on one connection, until the time is over. */
function ask(port: number, next: () => string, until: number, answered: (status: string, ms: number) => void) {
  return new Promise<void>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let text = ''
    let askedAt = 0
    const go = () => {
      text = ''
      askedAt = performance.now()
      socket.write(next(), 'latin1')
    }
    socket.setEncoding('latin1')
    socket.once('connect', go).once('error', reject)
    socket.on('data', (chunk: string) => {
      text += chunk
      const head = text.indexOf('\r\n\r\n')
      if (head === -1) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
      if (text.length < head + 4 + length) return
      const now = performance.now()
      answered(text.slice(9, 12), now - askedAt)
      if (now < until) go()
      else socket.end(resolve)
    })
  })
}

answering(async ({ port, request, connections, ms, from = 0 }: Load): Promise<Loaded> => {
  const answers: Record<string, number> = {}
  const times: number[] = []
  const ip = addresses(from)
  const [before = '', after] = request.split('{ip}')
  const next = after === undefined ? () => request : () => `${before}${ip.next().value}${after}`
  const startedAt = performance.now()
  const answered = (status: string, took: number) => {
    answers[status] = (answers[status] ?? 0) + 1
    times.push(took)
  }
  await Promise.all(Array.from({ length: connections }, () => ask(port, next, startedAt + ms, answered)))
  return { answers, seconds: (performance.now() - startedAt) / 1000, times: times.sort((a, b) => a - b) }
})
