/** Writes docs/truth.md from the counts of a run. */
import { countOf, type Tally, totalOf } from '../../test/probe/truth/tally.ts'
import { TRAIT_NAMES, TRAITS } from '../../test/probe/truth/traits.ts'
import { UNKNOWABLE, UNTESTED } from '../../test/probe/truth/truth.ts'

/** How a run went. */
export interface RunFacts {
  readonly minutes: number
  readonly cores: number
  readonly wrong: number
}

/** How many reasons are named in a row. */
const REASONS_SHOWN = 3

/** Returns the page. */
export function truthPage(tally: Tally, { minutes, cores, wrong }: RunFacts): string {
  const tests = countOf(tally)
  return `# The truth about model servers

\`npm run prove:truth\` makes mail servers at random and tests them in memory. Each server has one value of each trait
below, so we know before the test whether it relays. The run writes this page.

- \`npm run prove:truth -- --seed 123456\` tests one server again, and prints its traits, the session and the judgement.
- \`npm run prove:truth -- --sockets 20000\` tests servers through real sockets, with the real probe and short waits.

A server is **open** if it relays a message of any form of the suite for a stranger that it does not ban. Otherwise it
is **closed**. A verdict is **right** if it says the same, **false** if it says the opposite, and **inconclusive** if it
says neither.

${grouped(tests)} tests, ${minutes.toFixed(1)} minutes on ${cores} cores: **${wrong} wrong**.

| the server is | right | inconclusive | cannot be known |
| --- | ---: | ---: | ---: |
${(['open', 'closed'] as const).map((truth) => summaryRow(tally, truth)).join('\n')}

## What one visit cannot know

We fixed these rules before this run, and found some of them in trial runs (\`test/probe/truth/truth.ts\`). A false verdict on
such a server is no mistake, and this table counts it. Every other false verdict makes the run fail.

| server | verdict | times |
| --- | --- | ---: |
${UNKNOWABLE.map(({ why, verdict }) => `| ${why} | ${verdict} | ${grouped(tally.forgiven[why] ?? 0)} |`).join('\n')}
| ${UNTESTED} | closed | ${grouped(tally.forgiven[UNTESTED] ?? 0)} |

## Right and inconclusive, by trait

The columns "alone" count servers without another unusual trait, but with any suite, proof, known mailbox and relaying. They
show best what can be improved. "Mixed" counts all servers with that value: they have about four other unusual traits. The
last column has the most frequent reasons of the inconclusive verdicts in "alone".

${TRAIT_NAMES.map((name) => traitTable(tally, name)).join('\n\n')}
`
}

function summaryRow({ all }: Tally, truth: 'open' | 'closed'): string {
  const counts = Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(`${truth} `))
      .map(([key, value]) => [key.slice(truth.length + 1), value]),
  )
  const total = totalOf(counts)
  const right = counts[truth] ?? 0
  const other = counts[truth === 'open' ? 'closed' : 'open'] ?? 0
  return `| ${truth} | ${share(right, total)} | ${share(total - right - other, total)} | ${share(other, total)} |`
}

function traitTable(tally: Tally, name: (typeof TRAIT_NAMES)[number]): string {
  const { about, usual, others } = TRAITS[name]
  const rows = [...new Set<string>([usual, ...others])].map((value) => {
    const alone = tally.single[`${name}: ${value}`] ?? {}
    const mixed = tally.mixed[`${name}: ${value}`] ?? {}
    const total = totalOf(alone)
    const reasons = Object.entries(alone)
      .filter(([key]) => !['right', 'false', 'cannot know'].includes(key))
      .sort((a, b) => b[1] - a[1])
      .slice(0, REASONS_SHOWN)
      .map(([reason, times]) => `\`${reason}\` ${share(times, total)}`)
    return `| ${value} | ${share(alone.right ?? 0, total)} | ${share(mixed.right ?? 0, totalOf(mixed))} | ${reasons.join(', ')} |`
  })
  return [
    `### ${about}`,
    '',
    '| value | right, alone | right, mixed | reasons, alone |',
    '| --- | ---: | ---: | --- |',
    ...rows,
  ].join('\n')
}

const grouped = (value: number): string => value.toLocaleString('en-US')

const share = (part: number, total: number): string => (total === 0 ? '–' : `${((100 * part) / total).toFixed(1)} %`)
