/**
 * The word lists of the API, so that all code uses the same words. `STATUSES`, `VERDICTS`, `EVIDENCES`, `OUTCOMES`,
 * `SUITES`, `PROOFS`, `DOMAIN_SOURCES`, `VANTAGE_STATES`, `CHECK_OUTCOMES`, `SWEEP_STATUSES`, `SWEEP_STATES` and
 * `SWEEP_CHANGES` are closed: they never grow. `REASONS`, `CAUSES`, `REFUSALS`, `MAILBOX_SOURCES`, `CAVEATS`,
 * `FINDINGS`, `FOLLOW_UP_OUTCOMES`, `WHYS`, `PHASES` and `VANTAGE_CHECKS` may grow: a client reads an unknown word as
 * "other".
 */

/** Whether a test has ended. */
export const STATUSES = ['running', 'finished'] as const
export type Status = (typeof STATUSES)[number]

/** The verdict of a test. */
export const VERDICTS = ['open', 'closed', 'inconclusive'] as const
export type Verdict = (typeof VERDICTS)[number]

/** How far the server let us go, from weakest to strongest: the order is the rank. */
export const EVIDENCES = ['none', 'recipient-accepted', 'message-accepted', 'delivered'] as const
export type Evidence = (typeof EVIDENCES)[number]

/** How an attempt ended. */
export const OUTCOMES = ['refused', 'accepted', 'deferred', 'not-run'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Which forms a test tries; relay/forms.ts lists them. */
export const SUITES = ['standard', 'full'] as const
export type Suite = (typeof SUITES)[number]

/** How far a test goes with a server that accepts a recipient. */
export const PROOFS = ['recipient', 'message', 'delivery'] as const
export type Proof = (typeof PROOFS)[number]

/** The source of the server's own domain. */
export const DOMAIN_SOURCES = ['request', 'customer', 'greeting'] as const
export type DomainSource = (typeof DOMAIN_SOURCES)[number]

/** The source of the known mailbox. */
export const MAILBOX_SOURCES = ['request', 'customer'] as const
export type MailboxSource = (typeof MAILBOX_SOURCES)[number]

/**
 * Why a verdict is inconclusive. If several reasons fit, the first one in this order is reported; relay/reasons.ts
 * explains each.
 */
export const REASONS = [
  'interrupted',
  'vantage-failed',
  'content-refused',
  'recipient-accepted',
  'accepted-then-bounced',
  'ambiguous-accepted',
  'vantage-banned',
  'vantage-blocked',
  'words-unknown',
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
  'connection-limit',
  'deadline',
] as const
export type Reason = (typeof REASONS)[number]

/** The reasons why an open server relays; relay/causes.ts explains each. */
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
  'mx-steered',
  'source-address-lost',
] as const
export type Cause = (typeof CAUSES)[number]

/** Why a reply refused, as far as its text and codes tell (relay/refusals.ts). */
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

/** How a follow-up ended: the server was asked, the files forbid it, a caller stopped it, or our service failed. */
export const FOLLOW_UP_OUTCOMES = ['visited', 'not-allowed', 'stopped', 'interrupted'] as const
export type FollowUpOutcome = (typeof FOLLOW_UP_OUTCOMES)[number]

/** Other things to know about a verdict. */
export const CAVEATS = [
  'any-local-part-taken',
  'forms-spared',
  'forms-unanswered',
  'answers-differ',
  'existing-sender-untested',
  'domain-doubtful',
  'treats-vantages-differently',
] as const
export type Caveat = (typeof CAVEATS)[number]

/** Other facts about a server, apart from relaying; relay/findings.ts explains each. */
export const FINDINGS = [
  'own-domain-spoofable',
  'any-local-part-taken',
  'bounces-strangers-mail',
  'no-postmaster',
  'takes-all-delivers-nothing',
  'source-address-lost',
] as const
export type Finding = (typeof FINDINGS)[number]

/** Why an attempt was not run, or got no answer. */
export const WHYS = [
  'interrupted',
  'vantage-failed',
  'domain-unknown',
  'host-unknown',
  'local-part-too-long',
  'connection-limit',
  'turned-away',
  'spared',
  'transaction-ended',
  'no-reset',
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

/** The parts of a running test. */
export const PHASES = ['connecting', 'greeting', 'asking', 'sending', 'arriving'] as const
export type PhaseName = (typeof PHASES)[number]

/** Whether a vantage can be used for tests; unknown until its first check. */
export const VANTAGE_STATES = ['up', 'down', 'unknown'] as const
export type VantageState = (typeof VANTAGE_STATES)[number]

/** The checks of a vantage. */
export const VANTAGE_CHECKS = ['source-address', 'proxy', 'ehlo-name', 'mailbox'] as const
export type VantageCheckName = (typeof VANTAGE_CHECKS)[number]

/** How a check of a vantage ended. */
export const CHECK_OUTCOMES = ['ok', 'failed', 'skipped'] as const
export type CheckOutcome = (typeof CHECK_OUTCOMES)[number]

/** Whether a sweep goes on. */
export const SWEEP_STATUSES = ['running', 'finished', 'stopped'] as const
export type SweepStatus = (typeof SWEEP_STATUSES)[number]

/** How far one target of a sweep is. */
export const SWEEP_STATES = ['waiting', 'running', 'tested', 'skipped'] as const
export type SweepState = (typeof SWEEP_STATES)[number]

/** The change of a target since the last sweep of the same name. */
export const SWEEP_CHANGES = ['opened', 'closed', 'new', 'lost'] as const
export type SweepChange = (typeof SWEEP_CHANGES)[number]
