/** Ends everything that a part of the bench started, also after a failure. */

/** One part of the bench while it runs. */
export interface Bench {
  /** Runs `work` when the part ends. */
  after(work: () => unknown): void
}

/** Runs a part, and then ends everything that it started, in reverse order. */
export async function during<T>(work: (bench: Bench) => Promise<T>): Promise<T> {
  const endings: (() => unknown)[] = []
  try {
    return await work({ after: (ending) => void endings.push(ending) })
  } finally {
    for (const ending of endings.reverse()) await ending()
  }
}
