/** Shows a problem beside the form that it is about: the message, the time to wait, and a link that helps. */
import { Fragment, h, type JSX } from './preact.js'
import type { State } from './state.ts'
import { countdown } from './times.ts'

/** Follows a link to a test that is already in the address of the page: the browser tells nobody. */
function goTo({ currentTarget }: JSX.TargetedEvent<HTMLAnchorElement>): void {
  if (currentTarget.hash === location.hash) dispatchEvent(new Event('hashchange'))
}

/** The problem. `id` names the form. */
export function TroubleOf({ id, of: { trouble, now } }: { id: string; of: State }) {
  const wait = trouble.until === null ? '' : countdown(trouble.until, now)
  return (
    <Fragment>
      <p id={`${id}-problem`} class="problem" role="alert">
        {trouble.says ?? ''}
      </p>
      {(wait || trouble.offer) && (
        <p id={`${id}-more`} class="more">
          {wait && (
            <span>
              You can try again in <b class="count">{wait}</b>.{' '}
            </span>
          )}
          {trouble.offer && (
            <a href={`#/${trouble.offer.id}`} onClick={goTo}>
              {trouble.offer.text}
            </a>
          )}
        </p>
      )}
    </Fragment>
  )
}
