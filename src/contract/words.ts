/**
 * The closed and open word lists of the API. `STATUSES`, `VERDICTS`, `EVIDENCES`, `OUTCOMES`, `VANTAGE_STATES` and
 * `CHECK_OUTCOMES` are closed: they never grow. `REASONS`, `CAUSES`, `REFUSALS`, `CAVEATS`, `WHYS` and `VANTAGE_CHECKS` may
 * grow; a client reads an unknown value as "other".
 */

export const STATUSES = ['running', 'finished'] as const
export type Status = (typeof STATUSES)[number]

export const VERDICTS = ['open', 'closed', 'inconclusive'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Weakest to strongest: the order is the rank. */
export const EVIDENCES = ['none', 'recipient-accepted', 'message-accepted', 'delivered'] as const
export type Evidence = (typeof EVIDENCES)[number]

export const OUTCOMES = ['refused', 'accepted', 'deferred', 'not-run'] as const
export type Outcome = (typeof OUTCOMES)[number]

export const SUITES = ['standard', 'full'] as const
export type Suite = (typeof SUITES)[number]

export const PROOFS = ['recipient', 'message', 'delivery'] as const
export type Proof = (typeof PROOFS)[number]

export const DOMAIN_SOURCES = ['request', 'customer', 'greeting'] as const
export type DomainSource = (typeof DOMAIN_SOURCES)[number]

/** Why a verdict is inconclusive, in the order in which the first that fits is reported. */
export const REASONS = [
  'interrupted',
  'vantage-failed',
  'recipient-accepted',
  'content-refused',
  'accepted-then-bounced',
  'ambiguous-accepted',
  'vantage-banned',
  'vantage-blocked',
  'greylisted',
  'throttled',
  'server-trouble',
  'tls-required',
  'tls-failed',
  'tarpitted',
  'greeting-refused',
  'connect-timeout',
  'connection-refused',
  'unreachable',
  'protocol-error',
  'dropped',
  'domain-unknown',
  'deadline',
] as const
export type Reason = (typeof REASONS)[number]

/** What an open server trusts. */
export const CAUSES = [
  'everyone',
  'own-domain-sender',
  'own-host-sender',
  'null-sender',
  'percent-hack',
  'bang-path',
  'source-route',
  'address-literal',
  'address-spelling',
  'source-address-lost',
] as const
export type Cause = (typeof CAUSES)[number]

/** Why a reply refused. */
export const REFUSALS = [
  'relay-denied',
  'auth-required',
  'tls-required',
  'sender-rejected',
  'unknown-user',
  'blocklisted',
  'greylisted',
  'throttled',
  'syntax',
  'policy',
  'content',
  'vantage-identity',
  'server-trouble',
  'other',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** What to keep in mind about a verdict. */
export const CAVEATS = ['any-local-part-taken', 'forms-spared'] as const
export type Caveat = (typeof CAVEATS)[number]

/** Why an attempt was not run, or had no answer. */
export const WHYS = [
  'interrupted',
  'vantage-failed',
  'domain-unknown',
  'host-unknown',
  'local-part-too-long',
  'connection-limit',
  'spared',
  'transaction-ended',
  'slowing',
  'tls-failed',
  'greeting-refused',
  'connect-timeout',
  'connection-refused',
  'unreachable',
  'protocol-error',
  'dropped',
  'deadline',
] as const
export type Why = (typeof WHYS)[number]

/** Whether tests can be made from a vantage; unknown until it has been looked at. */
export const VANTAGE_STATES = ['up', 'down', 'unknown'] as const
export type VantageState = (typeof VANTAGE_STATES)[number]

/** What is looked at of a vantage. */
export const VANTAGE_CHECKS = ['source-address', 'proxy', 'ehlo-name', 'mailbox'] as const
export type VantageCheckName = (typeof VANTAGE_CHECKS)[number]

export const CHECK_OUTCOMES = ['ok', 'failed', 'skipped'] as const
export type CheckOutcome = (typeof CHECK_OUTCOMES)[number]
