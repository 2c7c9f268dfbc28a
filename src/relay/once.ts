/**
 * The same function, which works a thing out once for the same names: rules ask about an attempt or a reply again and again,
 * and neither ever changes.
 */
export function oncePerNames<T extends object, R>(
  work: (subject: T, names: readonly string[]) => R,
): (subject: T, names: readonly string[]) => R {
  const known = new WeakMap<T, { readonly names: readonly string[]; readonly result: R }>()
  return (subject, names) => {
    const before = known.get(subject)
    if (before && isSame(before.names, names)) return before.result
    const result = work(subject, names)
    known.set(subject, { names, result })
    return result
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index])
