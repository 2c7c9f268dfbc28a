/** Measures work by the processor time that it takes, which other programs on the machine do not change. */

/** Returns the processor time of work that does not wait, in milliseconds. */
export function cpuMsOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
