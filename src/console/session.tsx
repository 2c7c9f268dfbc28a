/** The SMTP session: each line with its time, its direction, and a mark if it decided the verdict. */
import type { TranscriptLine } from '../contract/relay-test.ts'
import type { Verdict } from '../contract/words.ts'
import { readingOrder } from './order.ts'
import { Wrapped } from './parts.tsx'
import { h } from './preact.js'

const SEEN = { client: ['→', 'we: '], server: ['←', 'it: '], event: ['·', ''] } as const

/** The lines of a session, each reply under its command. */
export function SessionLines({ lines, verdict, cut = false }: SessionProps) {
  const connections = new Set(lines.map(({ connection }) => connection)).size
  return (
    <div>
      <p class="hint">
        <b>→</b> is what we said, <b>←</b> is what the server said. Lines with a bar decided the verdict.
      </p>
      <ol id="session" class={`session ${verdict ?? ''}`}>
        {readingOrder(lines).map((line, at, all) => (
          <Line key={at} line={line} isFirst={connections > 1 && all[at - 1]?.connection !== line.connection} />
        ))}
        {cut && <li class="event">the rest of the session was left out</li>}
      </ol>
    </div>
  )
}

interface SessionProps {
  readonly lines: readonly TranscriptLine[]
  readonly verdict: Verdict | null
  /** Whether the transcript was cut at its size limit. */
  readonly cut?: boolean
}

function Line({ line: { ms, from, line, key }, isFirst }: { line: TranscriptLine; isFirst: boolean }) {
  const [arrow, words] = SEEN[from]
  const classes = [from, key && 'key', isFirst && 'first'].filter(Boolean).join(' ')
  return (
    <li class={classes}>
      <span class="ms">{(ms / 1000).toFixed(2)}</span>
      <span class="way" aria-hidden="true">
        {arrow}
      </span>
      <span class="unseen">{words}</span>
      {from === 'client' && (
        <kbd>
          <Wrapped of={line} />
        </kbd>
      )}
      {from === 'server' && (
        <samp>
          <Wrapped of={line} />
        </samp>
      )}
      {from === 'event' && <span class="text">{line}</span>}
      {key && <span class="unseen"> (decides the verdict)</span>}
    </li>
  )
}
