/** The events of a test that is followed live, as `text/event-stream`. */
import { z } from 'zod'
import { attempt, relayTest, transcriptLine } from './relay-test.ts'
import { PHASES } from './words.ts'

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

const waiting = z
  .object({ position: z.int().meta({ description: 'The position of the test among all that wait: 1 is the first.' }) })
  .meta({ id: 'Waiting' })

const phase = z
  .object({
    name: z.string().meta({
      description: 'The part of the test that runs now. May grow: read an unknown word as "other".',
      examples: [...PHASES],
    }),
    says: z.string().meta({ description: 'What the test does now, in words that can be read out.' }),
    limitMs: z.int().nullable().meta({
      description:
        'How long this part takes at most, in milliseconds from this event on. Null if this part has no limit of its own.',
    }),
    asked: z.int().meta({ description: 'How many forms of the suite have an answer.' }),
    planned: z.int().meta({ description: 'How many forms the suite has.' }),
    provisional: z.enum(['open']).nullable().meta({
      description: 'The verdict that cannot change any more, although the test still runs. Null while there is none.',
    }),
  })
  .meta({ id: 'TestPhase' })
export type TestPhase = z.output<typeof phase>

/** One server-sent event: `event` is its name, and `data` its data as JSON on one line. The verdict comes last. */
export const relayTestEvent = z
  .discriminatedUnion('event', [
    z.object({ event: z.literal('waiting'), data: waiting }),
    z.object({ event: z.literal('phase'), data: phase }),
    z.object({ event: z.literal('line'), data: sessionLine }),
    z.object({ event: z.literal('attempt'), data: attempt }),
    z.object({ event: z.literal('verdict'), data: relayTest }),
  ])
  .meta({
    id: 'RelayTestEvent',
    description:
      'One server-sent event: `event` is its name, and `data` its data as JSON on one line. `waiting` comes while the test waits for a slot, each time that its position changes. `phase` says what a running test does now, how long that may take, and how many questions are answered. `line` is a line of the session as it happens. `attempt` is an attempt that was decided; it is sent again when more is known, and the last one of each form and vantage counts. `vantage` is null as long as the test has used only one vantage. `verdict` is the whole result, with the deciding lines marked, and ends the stream; with `?until=answer` another one comes after each follow-up. Lines that begin with a colon are comments that keep the stream alive. If the stream ends without a verdict, read the result under its `Location`. New events may be added: ignore those that you do not know.',
  })
export type RelayTestEvent = z.output<typeof relayTestEvent>

/** The text of a stream of events, for openapi.json. Generators of clients read it as a string. */
export const eventStream = z.string().meta({
  description: 'Server-sent events: each is a RelayTestEvent.',
  contentMediaType: 'text/event-stream',
  contentSchema: { $ref: `#/components/schemas/${relayTestEvent.meta()?.id}` },
})
