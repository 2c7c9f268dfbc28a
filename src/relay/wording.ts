/** Fills the facts of a test into the sentences of reasons.ts, causes.ts and findings.ts, whose rows are plain text. */
import type { RelayTest } from '../contract/relay-test.ts'

/** The members of a result that sentences mention. A running test has them too. */
export type SentenceFacts = Pick<RelayTest, 'domain' | 'port' | 'vantage'>

/**
 * Returns the text with its braces filled: `{domain}` (the server's own), `{us}` (our address), `{port}`, and `{wait}`
 * (`retryAfter` seconds in words).
 */
export function fill(text: string, { domain, port, vantage }: SentenceFacts, retryAfter: number | null = null): string {
  const values = {
    '{domain}': domain ?? 'its own domain',
    '{us}': vantage.ip === null ? 'our address' : `our address ${vantage.ip}`,
    '{port}': String(port),
    '{wait}': retryAfter === null ? 'some minutes' : `${retryAfter / 60} minutes`,
  }
  return Object.entries(values).reduce((filled, [brace, value]) => filled.replaceAll(brace, () => value), text)
}
