/** One run of the bench: what ends with it. */
export interface Bench {
  after(work: () => unknown): void
}

/** Runs a part and ends what it started, the last first. */
export async function during<T>(work: (bench: Bench) => Promise<T>): Promise<T> {
  const endings: (() => unknown)[] = []
  try {
    return await work({ after: (ending) => void endings.push(ending) })
  } finally {
    for (const ending of endings.reverse()) await ending()
  }
}
