/** The types that the client takes from the contract. Its package has a generated file in this place, without zod. */
export type { RelayTestEvent, SessionLine } from '../contract/events.ts'
export type { Limits } from '../contract/limits.ts'
export type { FieldError, LastTest, Problem, ProblemSlug } from '../contract/problems.ts'
export type {
  AttemptView,
  NewRelayTest,
  RelayTest,
  RelayTestList,
  RelayTestSummary,
  TranscriptLine,
} from '../contract/relay-test.ts'
export type { AddressList, Customer, CustomerList } from '../contract/scope.ts'
export type { NewSweep, Sweep, SweepList, SweepResult, SweepResultList } from '../contract/sweeps.ts'
export type { VantageList, VantageView } from '../contract/vantages.ts'
export type { WebhookEvent } from '../contract/webhooks.ts'
export type { SweepChange, SweepState, Verdict } from '../contract/words.ts'
