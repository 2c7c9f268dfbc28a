/** Reads event streams of the API, strictly. */
import { type RelayTestEvent, relayTestEvent } from '../../src/contract/events.ts'

/** An event of a stream as it is written: its name and its data. Null for a comment. */
function read(block: string): { event: string; data: unknown } | null {
  if (/^: [\w ]+$/.test(block)) return null
  const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
  if (event === '') throw new Error(`no event: ${JSON.stringify(block)}`)
  return { event, data: JSON.parse(data) }
}

/** The events of a whole stream, which must end after one. */
export function eventsIn(text: string): { event: string; data: unknown }[] {
  const blocks = text.split('\n\n')
  if (blocks.pop() !== '') throw new Error(`a stream that breaks off: ${JSON.stringify(text.slice(-200))}`)
  return blocks.map(read).filter((event) => event !== null)
}

/** The events of a response as they come, each as the contract describes it. */
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

/** A stream that is read as it comes. */
export interface Followed {
  /** What has come so far. */
  readonly events: readonly RelayTestEvent[]
  /** Resolves with everything when the stream has ended. */
  readonly ended: Promise<readonly RelayTestEvent[]>
}

/** Reads a stream to its end, and shows what has come meanwhile. */
export function follow(source: AsyncIterable<RelayTestEvent>): Followed {
  const events: RelayTestEvent[] = []
  const read = async () => {
    for await (const event of source) events.push(event)
    return events
  }
  const ended = read()
  // Whoever waits for the end hears of a fault.
  ended.catch(() => {})
  return { events, ended }
}

/** The session in events, without what only the end of a test tells. */
export const linesIn = (events: readonly RelayTestEvent[]): string[] =>
  events.flatMap((event) => (event.event === 'line' ? event.data.line : []))
