import { connect } from 'node:net'
import { answering } from './processes.ts'

/** What to ask, over and over on each of so many connections, for so long. */
export interface Load {
  readonly port: number
  /** A whole HTTP request; `{ip}` stands for an address of 15 characters, each time another one. */
  readonly request: string
  readonly connections: number
  readonly ms: number
  /** With which of the million addresses to begin. */
  readonly from?: number
}

export interface Loaded {
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>
  readonly seconds: number
  /** How long each answer took, in milliseconds, in order of size. */
  readonly times: readonly number[]
}

/** 127.100.100.100 to 127.199.199.199: all are as long, so that no length in a request depends on them. */
function* addresses(from: number): Generator<string> {
  for (let n = from; ; n = (n + 1) % 1_000_000) {
    yield `127.${100 + Math.floor(n / 10_000)}.${100 + (Math.floor(n / 100) % 100)}.${100 + (n % 100)}`
  }
}

/** Asks on one connection, one request after the other, until the time is over. */
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

/** A client process: it does what it is told to and says what came of it. */
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
