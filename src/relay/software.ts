import type { Reply } from '../smtp/reply.ts'

interface Row {
  readonly name: string
  /** Matched against the greeting; group 1, where there is one, is the version. */
  readonly greeting: RegExp
  readonly source: string
}

/** What mail servers say of themselves, first match wins. */
const SOFTWARE: readonly Row[] = [
  { name: 'Postfix', greeting: /\bESMTP Postfix\b/, source: 'measured: Debian postfix 3.7' },
  { name: 'Exim', greeting: /\bESMTP Exim (\S+)/, source: 'measured: Debian exim4 4.96' },
]

/** The mail server software that a greeting names, or null. */
export function recognise(greeting: Reply): { name: string; version: string | null } | null {
  const text = greeting.lines.join(' ')
  for (const { name, greeting: pattern } of SOFTWARE) {
    const found = pattern.exec(text)
    if (found) return { name, version: found[1] ?? null }
  }
  return null
}
