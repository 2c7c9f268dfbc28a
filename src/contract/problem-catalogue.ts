/** Every error of the API, in one table. Answers, help pages, openapi.json and docs/partners.md are made from it. */

/** When the same request may be sent again. */
type Again = 'no' | 'yes' | 'after `Retry-After`' | 'with an idempotency key'

/** One kind of problem. */
export interface ProblemRow {
  readonly status: number
  readonly title: string
  /** Explains what has happened, and why the service answers so. */
  readonly meaning: string
  /** The advice for the caller. Backticks mark code. */
  readonly fix: string
  readonly again: Again
  /** An example of `detail`. */
  readonly detail: string
  /** Examples of other members. */
  readonly errors?: readonly { readonly detail: string; readonly pointer: string }[]
  readonly violatedPolicies?: readonly string[]
}

/**
 * One row for each error, by its slug. `type` is `urn:relay-tests:problem:SLUG` and never changes. `detail` says what
 * to do, and its wording may change.
 */
export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    meaning:
      'The service could not read the request, or a member, parameter or header of it has a wrong value. `detail` says what is wrong; `errors` has one entry for each wrong member or parameter.',
    fix: 'Correct the members that `errors` points to.',
    again: 'no',
    detail: 'ip: must be an IPv4 or IPv6 address, not a host name; port: must be a port number, such as 25',
    errors: [
      { pointer: '/ip', detail: 'must be an IPv4 or IPv6 address, not a host name' },
      { pointer: '/port', detail: 'must be a port number, such as 25' },
    ],
  },
  unauthenticated: {
    status: 401,
    title: 'A valid API key is needed',
    meaning: 'The request has no API key, or the key is unknown or has expired.',
    fix: 'Send a valid key that has not expired, as `Authorization: Bearer rtk_…`.',
    again: 'no',
    detail: 'Send a valid key: "Authorization: Bearer rtk_…".',
  },
  'not-allowed': {
    status: 403,
    title: 'This key may not test this address',
    meaning:
      'The address is in no network of the customers that this key may test. The answer is the same for every such address, so that nobody can find out who owns it.',
    fix: 'Test only addresses of your customers. Check that the network of this one is on our list.',
    again: 'no',
    detail: 'this key may not test 198.51.100.1.',
    errors: [{ pointer: '/ip', detail: 'this key may not test 198.51.100.1' }],
  },
  'sweeps-not-allowed': {
    status: 403,
    title: 'This key may not test many servers with one request',
    meaning:
      'A sweep tests up to 100,000 servers. Only callers with `sweeps: true` in the callers file may ask for one.',
    fix: 'Test the servers one by one, or ask us to allow sweeps for your key.',
    again: 'no',
    detail: 'This key may not test many servers with one request. Your provider can allow it: "sweeps: true".',
  },
  'not-found': {
    status: 404,
    title: 'Nothing was found here',
    meaning:
      'The path does not exist, or the result has been deleted or belongs to a customer that this key may not test.',
    fix: 'Check the path and the id. Results are deleted after two days by default.',
    again: 'no',
    detail: 'There is no such result, or it has expired.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This path does not support this method',
    meaning: 'The path exists, but not for this method.',
    fix: 'Use a method that the `Allow` header names.',
    again: 'no',
    detail: 'This path takes only GET, HEAD.',
  },
  'not-acceptable': {
    status: 406,
    title: 'This path cannot answer in any of the accepted media types',
    meaning: 'The `Accept` header names only media types that this path does not have.',
    fix: 'Accept JSON, or another media type that `detail` names.',
    again: 'no',
    detail: 'This endpoint returns application/json or text/plain or text/event-stream.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    meaning: 'The headers and the body of a request must arrive within 10 seconds.',
    fix: 'Send the whole request at once.',
    again: 'yes',
    detail: 'The whole request must arrive within 10 seconds.',
  },
  'sweep-running': {
    status: 409,
    title: 'Another sweep must end first',
    meaning:
      'Only one sweep of a name runs at a time, because each is compared with the one before it. A caller can run at most ten sweeps at a time.',
    fix: 'Wait for the end of the sweep at `Location`, or stop it with `DELETE`.',
    again: 'yes',
    detail:
      'A sweep with the name weekly runs. Wait for its end, or stop it: /sweeps/0b7c1f0e-58f5-4f0e-9c7e-0f4a5d8d2f10.',
  },
  'target-busy': {
    status: 409,
    title: 'This address is being tested right now',
    meaning: 'Two tests of one address at the same time would disturb each other, so only one may run.',
    fix: 'Read the result under `Location`, or wait.',
    again: 'after `Retry-After`',
    detail: '203.0.113.25 is being tested right now: read that result, or try again in a few seconds.',
  },
  'idempotency-running': {
    status: 409,
    title: 'The test for this idempotency key is still running',
    meaning: 'An earlier request with the same `Idempotency-Key` has started the test, and it has not ended yet.',
    fix: 'Read the result under `Location`.',
    again: 'after `Retry-After`',
    detail: 'The test for this idempotency key is still running: read its result, or try again.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'A body may have at most 8192 bytes, or 16 MiB for `POST /sweeps`.',
    fix: 'Send less: a relay test needs a few hundred bytes.',
    again: 'no',
    detail: 'The body may have at most 8192 bytes.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body must be application/json',
    meaning: 'The `Content-Type` is missing or is not JSON, or the body is compressed or not in UTF-8.',
    fix: 'Send `Content-Type: application/json`, in UTF-8, not compressed.',
    again: 'no',
    detail: 'Send the body as application/json.',
  },
  'expectation-failed': {
    status: 417,
    title: 'The service cannot do what the Expect header asks',
    meaning: 'The only expectation that the service can meet is `100-continue`.',
    fix: 'Send no `Expect` header other than `100-continue`.',
    again: 'no',
    detail: 'The only expectation that can be met is "100-continue".',
  },
  'address-special': {
    status: 422,
    title: 'The address is in a special range',
    meaning:
      'Private, reserved and other special addresses lead to no mail server on the Internet. They are tested only if the operator has listed them for it.',
    fix: 'Send a public address, or ask us whether this one can be listed.',
    again: 'no',
    detail: '10.0.0.1 is in 10.0.0.0/8 (private use), which is not tested.',
    errors: [{ pointer: '/ip', detail: '10.0.0.1 is in 10.0.0.0/8 (private use), which is not tested' }],
  },
  'opted-out': {
    status: 422,
    title: 'The address is on the opt-out list',
    meaning: 'The owner of this address does not want relay tests.',
    fix: 'Ask the owner of the address.',
    again: 'no',
    detail: '203.0.113.99 is never tested: its operator asked us not to.',
    errors: [{ pointer: '/ip', detail: '203.0.113.99 is never tested: its operator asked us not to' }],
  },
  'domain-not-listed': {
    status: 422,
    title: 'The domain does not belong to the customer',
    meaning:
      "The test uses sender addresses at `domain`, so the domain must be one of the customer's, or a subdomain of one.",
    fix: 'Send a `domain` of the customer, or a `knownMailbox` at one; or ask us to add the domain.',
    again: 'no',
    detail: 'example.org is not a domain of the customer, and not a subdomain of one: customer acme has example.com.',
    errors: [
      {
        pointer: '/domain',
        detail:
          'example.org is not a domain of the customer, and not a subdomain of one: customer acme has example.com',
      },
    ],
  },
  'vantage-inside-network': {
    status: 422,
    title: "The vantage is inside the customer's network",
    meaning: 'A test from inside proves nothing: servers usually relay for their own network.',
    fix: 'Ask us for another vantage: this test would not come from outside.',
    again: 'no',
    detail: 'our vantage 198.51.100.7 is in a network of customer acme: a test must come from outside.',
    errors: [
      {
        pointer: '/ip',
        detail: 'our vantage 198.51.100.7 is in a network of customer acme: a test must come from outside',
      },
    ],
  },
  'vantage-family': {
    status: 422,
    title: 'The vantage does not support this IP version',
    meaning: 'No vantage can connect to addresses of this IP version, or the one that you named cannot.',
    fix: 'Send an IPv4 address, or ask us for IPv6.',
    again: 'no',
    detail: 'our vantage has no IPv6 address.',
    errors: [{ pointer: '/ip', detail: 'our vantage has no IPv6 address' }],
  },
  'vantage-unknown': {
    status: 422,
    title: 'There is no vantage with this name',
    meaning: 'The member `vantage` names a place that this service does not test from.',
    fix: 'Leave `vantage` out, or use a name from `GET /vantages`.',
    again: 'no',
    detail: 'there is no vantage syd-9: GET /vantages lists them.',
    errors: [{ pointer: '/vantage', detail: 'there is no vantage syd-9: GET /vantages lists them' }],
  },
  'proof-unavailable': {
    status: 422,
    title: 'This service has no mailbox that could prove a delivery',
    meaning: 'The proof `delivery` waits for the test message in a mailbox of ours, and this service runs without one.',
    fix: 'Ask for the proof `message`, or leave `proof` out.',
    again: 'no',
    detail: 'This installation has no mailbox. Ask for the proof "message", or leave proof out.',
    errors: [
      {
        pointer: '/proof',
        detail: 'This installation has no mailbox. Ask for the proof "message", or leave proof out.',
      },
    ],
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'This idempotency key was used for a different request',
    meaning: 'An idempotency key belongs to one request. An earlier one with this key had another body.',
    fix: 'Use a new key for a new request.',
    again: 'no',
    detail: 'This idempotency key was used for a different request: use a new key.',
  },
  'quota-exceeded': {
    status: 429,
    title: 'A quota is used up',
    meaning:
      'Quotas protect the mail servers that are tested and the other callers. `violatedPolicies` names those that are used up, `GET /limits` shows all.',
    fix: 'Wait. If the problem has `lastTest`, show that result until then.',
    again: 'after `Retry-After`',
    detail: '203.0.113.25 was tested twice in the last 10 minutes. You can test it again at 14:32:10 UTC.',
    violatedPolicies: ['tests-target'],
  },
  'headers-too-large': {
    status: 431,
    title: 'The request headers are too large',
    meaning: 'All headers together may have at most 8192 bytes, and some headers have a limit of their own.',
    fix: 'Send fewer headers.',
    again: 'no',
    detail: 'The headers may have at most 8192 bytes.',
  },
  'internal-error': {
    status: 500,
    title: 'The service failed',
    meaning: 'A fault of the service. Its log has the reason, under the id in `instance`.',
    fix: 'Tell us: this is our fault. Include `instance`.',
    again: 'with an idempotency key',
    detail: 'The service failed. Its log says why, under this request id.',
  },
  'at-capacity': {
    status: 503,
    title: 'The service has no room for this request now',
    meaning:
      'All test slots of the service, or of this caller, are taken. With `Prefer: respond-async`, the waiting list is full too. For `POST /sweeps`, too many sweeps run, or other large requests are being read.',
    fix: 'Wait; or send the test with `Prefer: respond-async`, so that it waits for a slot by itself.',
    again: 'after `Retry-After`',
    detail: 'All test slots of the service, or of this key, are taken.',
  },
  'audit-unavailable': {
    status: 503,
    title: 'The audit log cannot be written, so nothing is tested',
    meaning: 'Each test must leave a line in the audit log before it starts, and the log cannot be written.',
    fix: 'Wait: the operator of the service must act.',
    again: 'after `Retry-After`',
    detail: 'The service cannot write its audit log, so it tests nothing. Try again later.',
  },
  'limits-unavailable': {
    status: 503,
    title: 'The quotas cannot be checked, so nothing is tested',
    meaning: 'The store that counts the quotas does not answer. Without a count, no test starts.',
    fix: 'Wait: this usually ends within seconds.',
    again: 'after `Retry-After`',
    detail: 'The quotas cannot be checked right now, so nothing is tested: try again in a few seconds.',
  },
  'memory-lost': {
    status: 503,
    title: 'The service lost its memory, so nothing is tested until earlier tests have ended',
    meaning:
      'The store that knows which tests run has lost its content. Two tests of one address could run at once, so nothing is tested until no earlier test can still run.',
    fix: 'Wait: the service has lost track of the tests that may still run.',
    again: 'after `Retry-After`',
    detail:
      'The service has lost track of the tests that may still run. Nothing is tested until all of them have ended: try again in 43 s.',
  },
  'shutting-down': {
    status: 503,
    title: 'The service is shutting down',
    meaning: 'This replica of the service is about to end and takes no new requests.',
    fix: 'Send it again: another replica answers.',
    again: 'after `Retry-After`',
    detail: 'The service is shutting down. Try again.',
  },
  'vantage-down': {
    status: 503,
    title: 'The vantage is down, so nothing is tested from it',
    meaning: 'The place that the test would come from has failed its own check. `GET /vantages` says why.',
    fix: 'Wait, or leave `vantage` out.',
    again: 'after `Retry-After`',
    detail: 'The vantage syd-1 is down, so nothing can be tested from it. Try again later.',
  },
  'testing-off': {
    status: 503,
    title: 'Testing is switched off',
    meaning: 'The operator of the service has switched all testing off.',
    fix: 'Wait: all testing is switched off.',
    again: 'after `Retry-After`',
    detail: 'The operator of this service has switched testing off. Try again later.',
  },
} as const satisfies Record<string, ProblemRow>
