import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { RelayTestEvent } from '../contract/events.ts'

export const EVENT_STREAM = 'text/event-stream'

/** Proxies cut connections on which nothing comes, many after 30 s or 60 s. */
const HEARTBEAT_MS = 15_000

/** How much waits for a reader before it gets no more; one that does not go on to read is dropped (life.ts). */
const UNREAD_BYTES = 64 * 1024

/** Answers with events as they happen. The status must have been set. */
export function sendEvents(
  reply: FastifyReply,
  events: AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent>,
  heartbeatMs = HEARTBEAT_MS,
): FastifyReply {
  return reply
    .type(EVENT_STREAM)
    .headers({
      // nginx would keep everything back until the end.
      'X-Accel-Buffering': 'no',
      // Else a service that closes would wait for the next request on this connection.
      Connection: 'close',
    })
    .send(Readable.from(written(events, heartbeatMs), { objectMode: false, highWaterMark: UNREAD_BYTES }))
}

/** Events as server-sent events are written, with a comment at the beginning, and wherever nothing has come for a while. */
async function* written(
  events: AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent>,
  heartbeatMs: number,
): AsyncGenerator<string> {
  yield ': a relay test\n\n'
  for await (const one of withPauses(events, heartbeatMs)) {
    // JSON writes a line end as \n, so that data stays on one line.
    yield one === PAUSE ? ': still running\n\n' : `event: ${one.event}\ndata: ${JSON.stringify(one.data)}\n\n`
  }
}

const PAUSE = Symbol('nothing has come for a while')

/** What comes, and a sign wherever nothing has come for so many milliseconds. */
async function* withPauses<T>(
  source: AsyncIterable<T> | Iterable<T>,
  pauseMs: number,
): AsyncGenerator<T | typeof PAUSE> {
  const items = each(source)
  try {
    for (let next = items.next(); ; ) {
      const timer = alarm(pauseMs)
      const come = await Promise.race([next, timer.rings]).finally(timer.stop)
      if (come === PAUSE) yield PAUSE
      else if (come.done) return
      else {
        yield come.value
        next = items.next()
      }
    }
  } finally {
    // Not waited for: what comes next may be long in coming.
    items.return().catch(() => {})
  }
}

async function* each<T>(source: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void, void> {
  yield* source
}

function alarm(ms: number): { rings: Promise<typeof PAUSE>; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const rings = new Promise<typeof PAUSE>((resolve) => {
    timer = setTimeout(() => resolve(PAUSE), ms)
  })
  return { rings, stop: () => clearTimeout(timer) }
}
