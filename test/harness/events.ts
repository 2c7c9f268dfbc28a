/** Reads event streams of the API, strictly. */
import { type RelayTestEvent, relayTestEvent } from '../../src/contract/events.ts'

/** Reads one block of a stream: an event with its name and data, or null for a comment. */
function read(block: string): { event: string; data: unknown } | null {
  if (/^: [\w ]+$/.test(block)) return null
  const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
  if (event === '') throw new Error(`not an event: ${JSON.stringify(block)}`)
  return { event, data: JSON.parse(data) }
}

/** Returns the events of a whole stream. Throws if it ends in the middle of an event. */
export function eventsIn(text: string): { event: string; data: unknown }[] {
  const blocks = text.split('\n\n')
  if (blocks.pop() !== '') throw new Error(`a stream that breaks off: ${JSON.stringify(text.slice(-200))}`)
  return blocks.map(read).filter((event) => event !== null)
}

/** Yields the events of a response when they arrive. Throws if one differs from the contract. */
export async function* eventsOf(response: Response): AsyncGenerator<RelayTestEvent> {
  let rest = ''
  for await (const chunk of response.body ?? []) {
    rest += Buffer.from(chunk).toString('latin1')
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const event = read(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (event) yield relayTestEvent.parse(event)
    }
  }
  if (rest !== '') throw new Error(`a stream that breaks off: ${JSON.stringify(rest)}`)
}

/** A stream that is being read. */
export interface Followed {
  /** The events so far. */
  readonly events: readonly RelayTestEvent[]
  /** Resolves with all events when the stream has ended. */
  readonly ended: Promise<readonly RelayTestEvent[]>
}

/** Reads a stream to its end in the background. */
export function follow(source: AsyncIterable<RelayTestEvent>): Followed {
  const events: RelayTestEvent[] = []
  const read = async () => {
    for await (const event of source) events.push(event)
    return events
  }
  const ended = read()
  // Prevents an unhandled rejection. A test that awaits `ended` still gets the error.
  ended.catch(() => {})
  return { events, ended }
}

/** Returns the lines of the session in events. */
export const linesIn = (events: readonly RelayTestEvent[]): string[] =>
  events.flatMap((event) => (event.event === 'line' ? event.data.line : []))
