/** A finished test, without the band above the form: three facts, what can be done with it, and all the rest. */
import type { RelayTest, RelayTestSummary } from '../contract/relay-test.ts'
import { request } from './api.ts'
import { Attempts } from './attempts.tsx'
import { Others, Tests } from './lists.tsx'
import { copy, Facts, Fold, Time } from './parts.tsx'
import { h } from './preact.js'
import { showError } from './problem.ts'
import { Findings, Remedy } from './remedy.tsx'
import { SessionLines } from './session.tsx'
import { runAgain } from './testing.ts'
import { ticketInMarkdown } from './ticket.ts'
import { duration } from './times.ts'
import { evidenceInWords } from './words.ts'

/** Returns the name and the address of a vantage. */
const placeOf = ({ name, ip }: RelayTest['vantage']): string => [name, ip].filter(Boolean).join(', ')

const linkTo = (test: RelayTest): string => `${location.origin}${location.pathname}#/${test.id}`

/** Copies the result as the service writes it. */
async function copyText({ id }: RelayTest): Promise<void> {
  try {
    const response = await request(`/relay-tests/${id}`, { accept: 'text/plain' })
    await copy(await response.text(), 'Copied as text.')
  } catch (error) {
    showError(error)
  }
}

/** Copies the link to the result. */
async function share(test: RelayTest): Promise<void> {
  await copy(linkTo(test), 'Link copied. It works for colleagues with a key, as long as the result is kept.')
}

/** Shows the buttons below a result. */
const Actions = ({ test }: { test: RelayTest }) => (
  <p class="actions">
    <button type="button" id="again" class="main" onClick={() => void runAgain(test)}>
      Test again
    </button>
    <button type="button" id="copy" onClick={() => void copyText(test)}>
      Copy as text
    </button>
    <button type="button" onClick={() => void copy(ticketInMarkdown(test, linkTo(test)), 'Copied as Markdown.')}>
      Copy as Markdown
    </button>
    <button type="button" id="share" onClick={() => void share(test)}>
      Copy link
    </button>
    <button type="button" onClick={() => print()}>
      Print
    </button>
  </p>
)

/** The three facts that people ask for. */
const ThreeFacts = ({ test }: { test: RelayTest }) => (
  <section id="facts" class="three">
    <Facts
      of={[
        ['Mail server', test.server?.software?.name ?? test.server?.greeting ?? 'It said nothing'],
        ['What happened', evidenceInWords(test)],
        [
          'Tested',
          <span>
            <Time at={test.startedAt ?? test.createdAt} />
            {test.durationMs !== null && `, took ${(test.durationMs / 1000).toFixed(1)} s`}
          </span>,
        ],
      ]}
    />
  </section>
)

/** Everything else about a test, for people who know the words of the machine. */
const Technical = ({ test }: { test: RelayTest }) => (
  <Facts
    of={[
      ['Customer', test.customerId],
      ['Mail domain', test.domain],
      ['Known mailbox', test.knownMailbox],
      ['Ticket number', test.reference],
      ['Software', [test.server?.software?.name, test.server?.software?.version].filter(Boolean).join(' ')],
      ['Greeting', test.server?.greeting],
      ['Evidence', test.verdict !== 'closed' && test.evidence],
      ['Reason', test.reason],
      ['What it trusts', test.cause],
      ['Keep in mind', test.caveats.join(', ')],
      ['Forms', test.suite],
      ['Proof', test.proof],
      ['Tested from', placeOf(test.vantage)],
      ['Then from', test.secondVantage && placeOf(test.secondVantage)],
      ['Waited for a slot', waitOf(test)],
      ['The server sees us as', test.server?.seesUsAs],
      ['Changed at', test.amendedAt && <Time at={test.amendedAt} />],
      ['Id', test.id],
    ]}
  />
)

/** Returns how long a test has waited for a slot. Null if it did not wait, or never started. */
function waitOf({ queuedAt, startedAt }: RelayTest): string | null {
  if (!queuedAt || !startedAt) return null
  return duration(Math.round((Date.parse(startedAt) - Date.parse(queuedAt)) / 1000))
}

/** Everything of a result that stands below the form. */
export function Result({ test, earlier }: { test: RelayTest; earlier: readonly RelayTestSummary[] }) {
  const { remedy, findings, related, attempts, transcript } = test
  return (
    <div id="result">
      <ThreeFacts test={test} />
      <Actions test={test} />
      <div class="folds">
        {remedy && (
          <Fold id="remedy" title={`${remedy.title}: ${remedy.steps.length} steps`}>
            <Remedy of={remedy} />
          </Fold>
        )}
        {findings.length > 0 && (
          <Fold id="also" title={`Also worth knowing (${findings.length})`}>
            <Findings of={findings} />
          </Fold>
        )}
        {related.length > 0 && (
          <Fold id="others" title={`Other addresses of this server (${related.length})`}>
            <Others of={related} />
          </Fold>
        )}
        {attempts.length > 0 && (
          <Fold id="tried" title={`What we tried (${attempts.length})`}>
            <Attempts of={attempts} lines={transcript} />
          </Fold>
        )}
        <Fold id="talk" title={`The session (${transcript.length} lines)`}>
          <SessionLines lines={transcript} verdict={test.verdict} cut={test.truncated} />
        </Fold>
        {earlier.length > 0 && (
          <Fold id="earlier" title={`Earlier tests of ${test.ip} (${earlier.length})`}>
            <Tests id="earlier-list" of={earlier} />
          </Fold>
        )}
        <Fold id="technical" title="Technical details">
          <Technical test={test} />
        </Fold>
      </div>
    </div>
  )
}
