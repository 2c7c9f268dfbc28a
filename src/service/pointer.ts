/** Returns the JSON Pointer (RFC 6901 section 3) to a member, such as `/ip`. Empty for the whole document. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
