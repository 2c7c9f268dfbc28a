/** Shows errors and quotas. After an error, links to a result that the user can read instead. */
import { ApiError } from './api.js'
import { idInPage, page } from './state.js'
import { byId, element, showProblem, showProgress, showQuotas } from './view.js'

/** Shows what is left of each quota. For an address quota, only an answer about that address tells. */
export const showQuotasLeft = (left) =>
  showQuotas(
    page.quotas.map((quota) => ({ ...quota, ...left.get(quota.name) })).filter(({ remaining }) => remaining !== null),
  )

/** Shows the form for the key, with a message. */
export function askForKey(detail) {
  byId('test-form').hidden = true
  byId('key-form').hidden = false
  byId('key-problem').textContent = detail
  byId('key').focus()
}

/** Shows an error at the field or form that it is about, and offers a result to read instead. */
export function showError(error) {
  if (error.name === 'AbortError') return
  showProgress('')
  if (!(error instanceof ApiError)) throw error
  const { problem, testId, quotas: left } = error
  const id = idInPage()
  if (left.size > 0) showQuotasLeft(left)
  if (problem.status === 401) askForKey(byId('key').value ? 'This key is not valid.' : '')
  else showProblem(problem)
  if (problem.lastTest) offerTest(problem.lastTest.id, `Show its last result: ${problem.lastTest.verdict}`)
  else if (testId) offerTest(testId, 'Watch that test')
  else if (problem.status === 0 && id && !page.shown) offerTest(id, 'Look for its result')
}

/** Adds a link to a test below the form. */
const offerTest = (id, text) => byId('form-problem').append(' ', element('a', text, { href: `#/${id}` }))
