/** Lists what has changed since the sweep before, and which servers are open: the worst first. */
import type { RelayTestClient, Sweep, SweepFilter, SweepResult } from '../../client/client.ts'
import { ansi, COLOURS } from '../../render/colours.ts'
import type { View } from '../../render/formats/format.ts'
import { resultLine } from '../../render/sweep.ts'

/** The most lines below one heading. `relay-test sweep results` lists the others. */
const MOST = 20

/** A heading, and the results below it. */
interface Section {
  readonly heading: string
  readonly paint: (text: string) => string
  /** The query that is sent to the service. */
  readonly filter: SweepFilter
  /** Whether a result stands here, and not below another heading. */
  has(result: SweepResult): boolean
  /** How many results there are. Null if a sweep does not count them. */
  count(sweep: Sweep): number | null
}

const newAndOpen = ({ verdicts, changes }: Sweep): number => verdicts.open - changes.opened - changes.stillOpen
const every = () => true

/** The sections of a sweep that is compared with another one. */
const COMPARED: readonly Section[] = [
  {
    heading: 'Opened',
    paint: COLOURS.open,
    filter: { change: 'opened' },
    has: every,
    count: ({ changes }) => changes.opened,
  },
  {
    heading: 'New, and open',
    paint: COLOURS.open,
    filter: { change: 'new', verdict: 'open' },
    has: every,
    count: newAndOpen,
  },
  {
    heading: 'Closed again',
    paint: COLOURS.closed,
    filter: { change: 'closed' },
    has: every,
    count: ({ changes }) => changes.closed,
  },
  {
    heading: 'Lost',
    paint: COLOURS.inconclusive,
    filter: { change: 'lost' },
    has: every,
    count: ({ changes }) => changes.lost,
  },
  {
    heading: 'New, and not open',
    paint: ansi('1'),
    filter: { change: 'new' },
    has: ({ verdict }) => verdict !== 'open',
    count: (sweep) => sweep.changes.new - newAndOpen(sweep),
  },
  {
    heading: 'Still open',
    paint: COLOURS.open,
    filter: { verdict: 'open' },
    has: ({ change }) => change === null,
    count: ({ changes }) => changes.stillOpen,
  },
  {
    heading: 'Open before, and no clear answer now',
    paint: COLOURS.inconclusive,
    filter: { verdict: 'inconclusive' },
    has: ({ lastVerdict }) => lastVerdict === 'open',
    count: () => null,
  },
]

/** The sections of the first sweep of a name. */
const FIRST: readonly Section[] = [
  {
    heading: 'Open',
    paint: COLOURS.open,
    filter: { verdict: 'open' },
    has: every,
    count: ({ verdicts }) => verdicts.open,
  },
]

/** Returns a paragraph for each section that has results. */
export async function changesText(client: RelayTestClient, sweep: Sweep, view: View): Promise<string[]> {
  const paragraphs: string[] = []
  for (const section of sweep.changes.against === null ? FIRST : COMPARED) {
    const count = section.count(sweep)
    if (count !== null && count <= 0) continue
    const shown = await firstOf(client, sweep.id, section)
    if (shown.length === 0) continue
    const heading = `${section.heading}${count === null ? '' : `: ${count}`}`
    const lines = [
      view.coloured ? section.paint(heading) : heading,
      ...shown.flatMap((result) => [resultLine(result, view), ...helpFor(result)]),
      ...(shown.length === MOST && count !== MOST ? [`More: ${commandFor(sweep.id, section.filter)}`] : []),
    ]
    paragraphs.push(lines.join('\n'))
  }
  return paragraphs
}

/** Reads the first results of a section. */
async function firstOf(client: RelayTestClient, id: string, { filter, has }: Section): Promise<SweepResult[]> {
  const found: SweepResult[] = []
  for await (const result of client.sweepResults(id, filter)) {
    if (has(result)) found.push(result)
    if (found.length === MOST) break
  }
  return found
}

/** Returns the command that shows the test of an open server, and what to do. */
const helpFor = ({ verdict, testId }: SweepResult): string[] =>
  verdict === 'open' && testId !== null ? [`  see relay-test ${testId}`] : []

/** Returns the command that lists the results of a filter. Its options have the names of the filter's members. */
const commandFor = (id: string, filter: SweepFilter): string =>
  ['relay-test sweep results', id, ...Object.entries(filter).map(([name, word]) => `--${name} ${word}`)].join(' ')
