/** The response headers of the API, for its OpenAPI document. */

/** Response headers by status. `Request-Id` is in all of them. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  '201': ['Location', 'Idempotency-Replayed'],
  '202': ['Location', 'Retry-After', 'Preference-Applied'],
  '401': ['WWW-Authenticate'],
  '405': ['Allow'],
  '409': ['Retry-After', 'Location'],
  '429': ['Retry-After'],
  '503': ['Retry-After'],
}

/** Statuses of requests that are not counted. */
const UNCOUNTED: ReadonlySet<string> = new Set(['401', '405', '408', '417', '431'])

const HEADER_DOCS: Readonly<Record<string, string>> = {
  'Request-Id': 'The id of this request, as in the logs.',
  Location: 'The path of the result.',
  RateLimit: 'What is left of each quota (draft-ietf-httpapi-ratelimit-headers-10).',
  'RateLimit-Policy': 'The quotas that apply (draft-ietf-httpapi-ratelimit-headers-10).',
  'WWW-Authenticate': 'How to authenticate.',
  Allow: 'The methods that this path accepts.',
  'Idempotency-Replayed': '`true` if an earlier request with the same key made the test.',
  'Preference-Applied': '`respond-async` (RFC 7240).',
  'Retry-After': 'When to try again, in seconds.',
}

/** Returns the headers of a response by its status. `needsKey` is true for routes behind a key, which have quotas. */
export function headersOf(status: string, needsKey: boolean): Record<string, object> {
  const quotas = needsKey && !UNCOUNTED.has(status) ? ['RateLimit', 'RateLimit-Policy'] : []
  const names = ['Request-Id', ...(HEADERS[status] ?? []), ...quotas]
  return Object.fromEntries(names.map((name) => [name, { description: HEADER_DOCS[name], schema: { type: 'string' } }]))
}
