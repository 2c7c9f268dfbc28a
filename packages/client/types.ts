/** Writes the types of the client's package: those that src/client/types.ts takes from the contract, without zod. */
import { relayTestEvent } from '../../src/contract/events.ts'
import { limits } from '../../src/contract/limits.ts'
import { PROBLEMS } from '../../src/contract/problem-catalogue.ts'
import { problem } from '../../src/contract/problems.ts'
import { relayTest, relayTestList, relayTestRequest } from '../../src/contract/relay-test.ts'
import { addressList, customerList } from '../../src/contract/scope.ts'
import { sweep, sweepList, sweepRequest, sweepResult, sweepResultList } from '../../src/contract/sweeps.ts'
import { vantageList } from '../../src/contract/vantages.ts'
import { webhookEvent } from '../../src/contract/webhooks.ts'
import { SWEEP_CHANGES, SWEEP_STATES, VERDICTS } from '../../src/contract/words.ts'
import { typesOf } from './schema-types.ts'

const ANSWERS = [
  relayTest,
  relayTestList,
  relayTestEvent,
  limits,
  problem,
  addressList,
  customerList,
  vantageList,
  webhookEvent,
  sweep,
  sweepList,
  sweepResult,
  sweepResultList,
]

const REQUESTS = [relayTestRequest, sweepRequest]

const choice = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' | ')

/** The names of src/client/types.ts that are not names of schemas. */
const OTHER_NAMES = `export type NewRelayTest = RelayTestRequest
export type AttemptView = Attempt
export type VantageView = Vantage
export type Customer = CustomerList['customers'][number]
export type FieldError = NonNullable<Problem['errors']>[number]
export type LastTest = NonNullable<Problem['lastTest']>
export type NewSweep = SweepRequest
export type SweepState = ${choice(SWEEP_STATES)}
export type SweepChange = ${choice(SWEEP_CHANGES)}
export type Verdict = ${choice(VERDICTS)}
export type ProblemSlug = ${choice(Object.keys(PROBLEMS))}
`

/** Returns the text of `types.d.ts` in the package. */
export const clientTypes = (): string =>
  [
    '/** The requests and answers of the service, made from its schemas. */',
    typesOf([
      ...REQUESTS.map((schema) => ({ schema, io: 'input' }) as const),
      ...ANSWERS.map((schema) => ({ schema, io: 'output' }) as const),
    ]),
    OTHER_NAMES,
  ].join('\n\n')
