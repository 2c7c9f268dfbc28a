/** Lists of tests and addresses: recent and earlier tests, and the other addresses of a server. */
import type { RelatedAddress, RelayTestSummary } from '../contract/relay-test.ts'
import { endpointText } from './endpoint.ts'
import { fillIn } from './form.tsx'
import { Icon, Time } from './parts.tsx'
import { h } from './preact.js'
import { VERDICTS } from './words.ts'

/** Tests, each with its verdict, its target and its time. */
export const Tests = ({ id, of }: { id: string; of: readonly RelayTestSummary[] }) => (
  <ul id={id} class="tests">
    {of.map((test) => (
      <li key={test.id}>
        <a href={`#/${test.id}`} class={test.verdict ?? 'running'}>
          <Icon of={test.verdict ?? 'running'} />
          <span class="what">
            <b>{test.verdict ? VERDICTS[test.verdict].word : 'Running'}</b>{' '}
            <span class="where">{endpointText(test)}</span>
          </span>
          <span class="more">
            {[test.domain, test.reference].filter(Boolean).join(' · ')} <Time at={test.createdAt} />
          </span>
        </a>
      </li>
    ))}
  </ul>
)

/** The other addresses of a server, each with its last verdict. A button puts it into the form. */
export const Others = ({ of }: { of: readonly RelatedAddress[] }) => (
  <ul id="related" class="addresses">
    {of.map(({ ip, port, lastVerdict, lastAt }) => (
      <li key={ip}>
        <button type="button" aria-label={`Fill in ${ip}`} onClick={() => fillIn(ip, port)}>
          {ip}
        </button>{' '}
        {lastVerdict && lastAt ? (
          <span>
            {VERDICTS[lastVerdict].word}, <Time at={lastAt} />
          </span>
        ) : (
          'not tested'
        )}
      </li>
    ))}
  </ul>
)
