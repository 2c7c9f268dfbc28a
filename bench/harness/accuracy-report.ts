/** Writes docs/accuracy.md: the verdicts on every configuration of the lab beside the truth. */
import { arch, cpus } from 'node:os'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import type { Configuration } from '../../test/lab/configuration.ts'
import type { Truth } from '../../test/lab/truth.ts'

/** The result of one of our tests. */
export interface Asked {
  readonly result: RelayTest
  readonly ms: number
  /** The refusals that the server counted, by its own log, or by the transcript if its log does not say. */
  readonly refusals: number
}

/** Everything that was measured of one configuration. */
export interface Row {
  readonly configuration: Configuration
  readonly truth: Truth
  readonly standard: Asked
  readonly full: Asked
  readonly nmap: { readonly says: string; readonly ms: number }
}

type Said = 'open' | 'closed' | null

const saidBy = ({ result: { verdict } }: Asked): Said => (verdict === 'inconclusive' ? null : verdict)

function nmapSaid({ nmap }: Row): Said {
  if (/is an open relay/.test(nmap.says)) return 'open'
  return /doesn't seem to be an open relay|isn't an open relay/.test(nmap.says) ? 'closed' : null
}

/** Whether a server is called open although its message did not arrive. The summary says so, and nothing is proven. */
const isUnproven = ({ result: { verdict, evidence } }: Asked): boolean =>
  verdict === 'open' && evidence === 'message-accepted'

/** Counts the verdicts on servers with a known truth, and names the wrong ones. */
function tally(rows: readonly Row[], said: (row: Row) => Said): string {
  const known = rows.filter(({ truth }) => truth.relays !== null)
  const isRight = (row: Row) => said(row) === (row.truth.relays ? 'open' : 'closed')
  const right = known.filter(isRight).length
  const wrong = known.filter((row) => said(row) !== null && !isRight(row))
  return `${right} right, ${wrong.length} wrong, ${known.length - right - wrong.length} without a verdict`
}

function ours(rows: readonly Row[], suite: 'standard' | 'full'): string {
  const proven = rows.filter((row) => !isUnproven(row[suite]))
  const wrong = proven.filter(({ truth, [suite]: asked }) => {
    const said = saidBy(asked)
    return truth.relays !== null && said !== null && said !== (truth.relays ? 'open' : 'closed')
  })
  const names = wrong.map(({ configuration }) => `\`${configuration.id}\``).join(', ')
  return `${tally(proven, (row) => saidBy(row[suite]))}${names && ` (${names})`}; and ${
    rows.length - proven.length
  } that accepted a message which did not arrive: these are \`open\`, and the summary says that it did not arrive`
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** Counts how often the server spoke after us, over all connections. */
function waitsIn({ result: { transcript } }: Asked): number {
  const spoken = transcript.filter(({ from }) => from !== 'event')
  return spoken.filter(({ from }, index) => from === 'server' && spoken[index - 1]?.from !== 'server').length
}

const verdictOf = ({ result: { verdict, reason, cause } }: Asked): string =>
  [verdict, reason ?? cause].filter(Boolean).join(': ')

function line({ configuration, truth, standard, full, nmap }: Row): string {
  const relays =
    truth.relays === null ? 'cannot be told' : truth.relays ? `relays (${truth.by.join(', ')})` : 'does not relay'
  const cells = [
    configuration.id,
    configuration.what,
    relays,
    truth.how,
    verdictOf(standard),
    standard.result.evidence,
    seconds(standard.ms),
    waitsIn(standard),
    standard.refusals,
    verdictOf(full),
    seconds(full.ms),
    full.refusals,
    nmap.says,
    seconds(nmap.ms),
  ]
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

/** Says how many refusals closed servers counted. */
function refusalsOf(rows: readonly Row[], suite: 'standard' | 'full'): string {
  const counts = rows
    .filter(({ truth, [suite]: { result } }) => truth.relays === false && result.verdict === 'closed')
    .map((row) => row[suite].refusals)
    .toSorted((one, other) => one - other)
  return `${counts[counts.length >> 1] ?? 0} (at most ${counts.at(-1) ?? 0})`
}

/** Returns the document. */
export function report(rows: readonly Row[], atOnce: number): string {
  const real = rows.filter(({ configuration }) => configuration.software !== 'scripted').length
  const today = new Date().toISOString().slice(0, 10)
  return `# Accuracy

\`npm run prove:accuracy\` starts every mail server of the lab four times:

- once to find out the truth: real mail is sent through it from a stranger's address, and the test looks at what
  arrives;
- once for the standard suite and once for the full suite of our service, with proof of delivery;
- once for nmap 7.93's \`smtp-open-relay\`.

Of the ${rows.length} configurations, ${real} are real mail servers. Servers that we cannot get are replayed from their documented
replies (\`-scripted\`). The lab proves nothing about servers that are not in it. CONTRIBUTING.md lists what is known to
fail. The truth is known only if every form got a final answer. The standard suite does not ask every form that relays:
where only the full suite can find the mistake, the table shows it.

The column "waits" counts how often the server spoke after us, over all connections. The column "refusals" counts what
the server itself counted as refused, by its own log, or by the transcript if its log does not say. Closed servers
counted ${refusalsOf(rows, 'standard')} refusals in a standard test and ${refusalsOf(rows, 'full')} in a full one; the first figure is the median.

${today}, Node.js ${process.versions.node}, ${cpus().length} cores, ${arch()}, ${atOnce} servers at once. On the configurations with a known truth:

- ours, standard suite, ${ours(rows, 'standard')}
- ours, full suite, ${ours(rows, 'full')}
- nmap: ${tally(rows, nmapSaid)}

| configuration | what it is | truth | how it was measured | standard | evidence | time | waits | refusals | full | time | refusals | nmap | time |
| --- | --- | --- | --- | --- | --- | --: | --: | --: | --- | --: | --: | --- | --: |
${rows.map(line).join('\n')}
`
}
