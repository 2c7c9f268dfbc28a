/** Reads the `traceparent` header, so that log lines can be found by the trace of their request. */

/** W3C Trace Context, section 3.2: version, trace-id, parent-id, flags. Later versions may add fields at the end. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/

/** The longest header that is read. The present version has 55 characters, later ones may have more. */
const LONGEST = 256

/** Returns what a `traceparent` adds to the log lines of its request, or null if it is not well-formed. */
export function traceOf(header: string | string[] | undefined): { traceId: string; parentId: string } | null {
  if (typeof header !== 'string' || header.length > LONGEST) return null
  const [, version, traceId, parentId, rest] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || parentId === undefined) return null
  return version === '00' && rest !== undefined ? null : { traceId, parentId }
}
