/** Small parts that many views use. Text from outside becomes text nodes, so that no script gets in. */
import type { Verdict } from '../contract/words.ts'
import { type ComponentChildren, Fragment, h } from './preact.js'
import { change, state } from './state.ts'
import { localTime, utcTime } from './times.ts'

/** A time in the reader's zone, with UTC for the mouse. */
export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} title={utcTime(at)}>
    {localTime(at, state().now)}
  </time>
)

/** A verdict, or how far a test is without one. */
export type Tone = Verdict | 'running' | 'skipped'

const PATHS: Readonly<Record<Tone, string>> = {
  // A warning triangle, a tick, a question mark, a clock, and a dash: each has another shape, not only another colour.
  open: 'M12 3 22 20H2zM12 9v5M12 16.6v.6',
  closed: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20M7.5 12.5l3 3 6-6.5',
  inconclusive: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20M9.3 9.2a2.8 2.8 0 1 1 4 2.5c-.9.4-1.3 1-1.3 1.9M12 16.6v.6',
  running: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20M12 7v5l3.5 2',
  skipped: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20M7.5 12h9',
}

/** The icon of a verdict. Its word always stands beside it. */
export const Icon = ({ of }: { of: Tone }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[of]} />
  </svg>
)

/** A text of the machine, such as an address. A narrow screen breaks it after its punctuation, not in a word. */
export const Wrapped = ({ of }: { of: string }) => (
  <Fragment>
    {of.split(/(?<=[@.:])(?=\S)/).map((part, at) => (
      <Fragment key={at}>
        {at > 0 && <wbr />}
        {part}
      </Fragment>
    ))}
  </Fragment>
)

/** A part of the page that is folded at first. */
export const Fold = ({ id, title, children, open = false }: FoldProps) => (
  <details id={id} class="fold" open={open}>
    <summary>
      <h2>{title}</h2>
    </summary>
    <div class="body">{children}</div>
  </details>
)

interface FoldProps {
  readonly id: string
  readonly title: string
  readonly children: ComponentChildren
  readonly open?: boolean
}

/** The names and values of a list. Leaves out what is not known. */
export const Facts = ({ of }: { of: readonly (readonly [name: string, value: ComponentChildren])[] }) => (
  <dl>
    {of
      .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
)

/** Links for web addresses. Other references stay text. */
export const References = ({ of }: { of: readonly string[] }) =>
  of.length === 0 ? null : (
    <ul class="references">
      {of.map((reference) => (
        <li key={reference}>
          {/^https?:\/\/\S+$/.test(reference) ? (
            <a href={reference} rel="noreferrer" target="_blank">
              {reference.replace(/^https?:\/\//, '')}
            </a>
          ) : (
            reference
          )}
        </li>
      ))}
    </ul>
  )

/** Shows a message for a moment, and lets it be read out. */
export function say(said: string): void {
  change({ said })
  setTimeout(() => state().said === said && change({ said: '' }), 4_000)
}

/** Copies a text. A page without HTTPS cannot write to the clipboard: then it shows the text, to copy by hand. */
export async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    say(said)
  } catch {
    change({ byHand: text })
  }
}
