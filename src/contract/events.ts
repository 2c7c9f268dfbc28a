/** The events of a test that is followed live, as `text/event-stream`. */
import { z } from 'zod'
import { attempt, relayTest, transcriptLine } from './relay-test.ts'

const sessionLine = transcriptLine
  .extend({
    index: z.int().meta({
      description: 'The index of this line in the transcript, from 0. `answers` of other lines refers to it.',
    }),
    key: z.boolean().meta({
      description: 'Whether this line decided the verdict. Always false while the test runs.',
    }),
  })
  .meta({ id: 'SessionLine' })
export type SessionLine = z.output<typeof sessionLine>

/** One server-sent event: `event` is its name, and `data` its data as JSON on one line. The verdict comes last. */
export const relayTestEvent = z
  .discriminatedUnion('event', [
    z.object({ event: z.literal('line'), data: sessionLine }),
    z.object({ event: z.literal('attempt'), data: attempt }),
    z.object({ event: z.literal('verdict'), data: relayTest }),
  ])
  .meta({
    id: 'RelayTestEvent',
    description:
      'One server-sent event: `event` is its name, and `data` its data as JSON on one line. `line` is a line of the session as it happens. `attempt` is an attempt that was decided; it is sent again when more is known, and the last one of each form counts. `verdict` is the whole result, with the deciding lines marked, and ends the stream. Lines that begin with a colon are comments that keep the stream alive. If the stream ends without a verdict, read the result under its `Location`. New events may be added: ignore those that you do not know.',
  })
export type RelayTestEvent = z.output<typeof relayTestEvent>
