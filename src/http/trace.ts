/** W3C Trace Context, section 3.2: version, trace-id, parent-id, flags. A later version may go on after another dash. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/

/** The longest header that is looked at: later versions are longer than the 55 characters of the first. */
const LONGEST = 256

/** What a `traceparent` adds to the log lines of its request; nothing where it is not well-formed. */
export function traceOf(header: string | string[] | undefined): { traceId: string; parentId: string } | null {
  if (typeof header !== 'string' || header.length > LONGEST) return null
  const [, version, traceId, parentId, rest] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || parentId === undefined) return null
  return version === '00' && rest !== undefined ? null : { traceId, parentId }
}
