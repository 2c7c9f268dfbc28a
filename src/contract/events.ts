import { z } from 'zod'
import { attempt, relayTest, transcriptLine } from './relay-test.ts'

const sessionLine = transcriptLine
  .extend({
    index: z
      .int()
      .meta({ description: 'Its place in the transcript, from 0: what `answers` of other lines speaks of.' }),
    key: z.boolean().meta({
      description: 'Whether this line decided the verdict; false while the test runs, as only its end tells.',
    }),
  })
  .meta({ id: 'SessionLine' })
export type SessionLine = z.output<typeof sessionLine>

/**
 * What happens in a test, as `text/event-stream` tells it: `event` is the name of a server-sent event, `data` its data as
 * JSON on one line. The verdict is the last.
 */
export const relayTestEvent = z
  .discriminatedUnion('event', [
    z.object({ event: z.literal('line'), data: sessionLine }),
    z.object({ event: z.literal('attempt'), data: attempt }),
    z.object({ event: z.literal('verdict'), data: relayTest }),
  ])
  .meta({
    id: 'RelayTestEvent',
    description:
      'One server-sent event: `event` is its name, `data` its data, as JSON on one line. `line` is a line of the session as it happens; `attempt` is an attempt that was decided, again where more became known of it (the last one of a form counts); `verdict` is the whole result, deciding lines marked, and ends the stream. Lines that begin with a colon are comments and say only that the stream is alive. A stream that ends without a verdict broke off: read the result under its `Location`. More events may appear: pass over those you do not know.',
  })
export type RelayTestEvent = z.output<typeof relayTestEvent>
