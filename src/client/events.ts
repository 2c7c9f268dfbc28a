/** Reads the live stream of a test: server-sent events, as the service writes them. */
import type { RelayTestEvent } from './finished.ts'
import { RelayTestUnreachable } from './problem.ts'

/** The most characters of one event. Events of a relay test service are far shorter. */
const LONGEST = 4 * 1024 * 1024

/**
 * Yields the events of a stream when they arrive. Skips comments and unknown events. Leaving the loop early closes the
 * connection. Throws RelayTestUnreachable if an event is too long.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<RelayTestEvent, void, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      // An event is complete when an empty line follows.
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      if (rest.length > LONGEST) throw new RelayTestUnreachable('An event of the stream is too long.')
      for (const block of blocks) {
        const event = eventIn(block)
        if (event) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function eventIn(block: string): RelayTestEvent | null {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)]
    }),
  )
  const event = { event: fields.get('event'), data: JSON.parse(fields.get('data') ?? 'null') }
  return isKnown(event) ? event : null
}

/** The events that this client knows. The type makes sure that none of the contract is missing. */
const KNOWN = { waiting: true, phase: true, line: true, attempt: true, verdict: true } as const satisfies Record<
  RelayTestEvent['event'],
  true
>

const isKnown = (event: { event: string | undefined; data: unknown }): event is RelayTestEvent =>
  Object.hasOwn(KNOWN, event.event ?? '')
