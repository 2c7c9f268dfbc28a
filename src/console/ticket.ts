/** Writes a result for a ticket, in Markdown. The service itself writes it as plain text. */
import type { RelayTest } from '../contract/relay-test.ts'
import { readingOrder } from './order.ts'
import { utcTime } from './times.ts'
import { evidenceInWords, VERDICTS } from './words.ts'

const ARROWS = { client: '->', server: '<-', event: '--' } as const

/** Returns text in which nothing is Markdown. */
const plain = (text: string): string => text.replace(/[\\`*_[\]<>#|~&]/g, '\\$&')

/** Returns lines as a block of code, whatever they are: its fence is longer than any in them. */
function codeBlock(lines: readonly string[]): string {
  const text = lines.join('\n')
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text}\n${fence}`
}

/**
 * Returns a finished test in Markdown: the verdict, what to do, and the lines that decided.
 *
 * @param link the address of the result
 */
export function ticketInMarkdown(test: RelayTest, link: string): string {
  const { verdict, ip, port, domain, summary, server, startedAt, createdAt, vantage, reference, remedy } = test
  const words = VERDICTS[verdict ?? 'inconclusive']
  const software = server?.software?.name
  const facts = [
    domain && `Mail domain: ${plain(domain)}`,
    software && `Software: ${plain(software)}`,
    `Evidence: ${evidenceInWords(test)}`,
    `Tested: ${utcTime(startedAt ?? createdAt)}${vantage.ip ? ` from ${vantage.ip}` : ''}`,
    reference && `Reference: ${plain(reference)}`,
    `Result: ${link}`,
  ]
  const deciding = readingOrder(test.transcript)
    .filter(({ key }) => key)
    .map(({ from, line }) => `${ARROWS[from]} ${line}`)
  const parts = [
    `**${words.word}: ${ip}, port ${port}**`,
    plain(summary ?? words.say),
    facts.flatMap((fact) => (fact ? [`- ${fact}`] : [])).join('\n'),
    remedy && `**${plain(remedy.title)}**\n\n${remedy.steps.map((step, at) => `${at + 1}. ${plain(step)}`).join('\n')}`,
    deciding.length > 0 && `These lines decided:\n\n${codeBlock(deciding)}`,
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}
