import type { RelayTestEvent } from '../contract/events.ts'
import { RelayTestUnreachable } from './problem.ts'

/** More than any event has, in characters: whoever sends so much without an end is no relay test service. */
const LONGEST = 4 * 1024 * 1024

/**
 * Reads relay test events from a stream of server-sent events, as they come. Comments and unknown events are passed over.
 * Leaving the loop early closes the connection. Throws where an event does not end.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<RelayTestEvent, void, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      // What is not followed by an empty line is no event yet.
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      if (rest.length > LONGEST) throw new RelayTestUnreachable('An event has no end.')
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

const KNOWN: ReadonlySet<unknown> = new Set<RelayTestEvent['event']>(['line', 'attempt', 'verdict'])

const isKnown = (event: { event: unknown; data: unknown }): event is RelayTestEvent => KNOWN.has(event.event)
