/** Shows what a test found out about the server itself: its greeting, software, extensions and encryption. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { seenAs } from '../relay/seen-as.ts'
import { recognise, type Software } from '../relay/software.ts'
import type { Reply } from '../smtp/reply.ts'

/** Returns the server as callers see it; null if it did not greet us. */
export function serverOf(found: ProbeResult): RelayTest['server'] {
  const { greeting } = found.observations
  return (
    greeting && {
      greeting: textOf(greeting.reply),
      software: softwareOf(found),
      extensions: [...found.extensions],
      tls: found.tls,
      seesUsAs: seenAs(found.observations),
    }
  )
}

/** Returns the software of a server, as far as its greeting and replies show it. */
export function softwareOf({ observations, extensions }: ProbeResult): Software | null {
  const { greeting, rows } = observations
  if (!greeting) return null
  return recognise({
    greeting: greeting.reply.lines.join(' '),
    extensions,
    replies: rows.flatMap(({ attempt }) => attempt.exchanges.flatMap(({ reply }) => reply.lines)),
  })
}

/** Returns a reply as text: its code and its lines. */
const textOf = ({ code, lines }: Pick<Reply, 'code' | 'lines'>): string => [code, ...lines].join(' ').trim()
