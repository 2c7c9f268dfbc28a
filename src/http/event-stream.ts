/** Sends the events of a test while it runs, as server-sent events (WHATWG HTML, section 9.2). */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { RelayTestEvent } from '../contract/events.ts'

export const EVENT_STREAM = 'text/event-stream'

/** How often something is sent, in milliseconds: many proxies close a silent connection after 30 s or 60 s. */
const HEARTBEAT_MS = 15_000

/** How much may wait for a slow reader. One that stops reading is disconnected (shutdown.ts). */
const UNREAD_BYTES = 64 * 1024

/** Answers with events while they happen. The status must have been set. */
export function sendEvents(
  reply: FastifyReply,
  events: AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent>,
  heartbeatMs = HEARTBEAT_MS,
): FastifyReply {
  return reply
    .type(EVENT_STREAM)
    .headers({
      // Without this, nginx holds everything back until the end.
      'X-Accel-Buffering': 'no',
      // Without this, a service that closes would wait for the next request on this connection.
      Connection: 'close',
    })
    .send(Readable.from(eventText(events, heartbeatMs), { objectMode: false, highWaterMark: UNREAD_BYTES }))
}

/** Yields the text of events, with a comment at the start and after each pause. */
async function* eventText(
  events: AsyncIterable<RelayTestEvent> | Iterable<RelayTestEvent>,
  heartbeatMs: number,
): AsyncGenerator<string> {
  yield ': a relay test\n\n'
  for await (const one of withPauses(events, heartbeatMs)) {
    // JSON writes a line end as \n, so the data stays on one line.
    yield one === PAUSE ? ': still running\n\n' : `event: ${one.event}\ndata: ${JSON.stringify(one.data)}\n\n`
  }
}

const PAUSE = Symbol('no event for a while')

/** Yields the items of a source, and PAUSE each time that none has come for `pauseMs`. */
async function* withPauses<T>(
  source: AsyncIterable<T> | Iterable<T>,
  pauseMs: number,
): AsyncGenerator<T | typeof PAUSE> {
  const items = each(source)
  try {
    for (let next = items.next(); ; ) {
      const timer = alarm(pauseMs)
      const received = await Promise.race([next, timer.rings]).finally(timer.stop)
      if (received === PAUSE) yield PAUSE
      else if (received.done) return
      else {
        yield received.value
        next = items.next()
      }
    }
  } finally {
    // Not waited for: the next item may take long.
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
