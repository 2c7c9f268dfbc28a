/**
 * Decides which test files share a process, and in which order they start. A small file spends more time on loading
 * code that all files need than on its tests.
 */
import type { TestFile } from './kinds.ts'

/** Test files that run in one process, one after the other. */
export type Batch = readonly [TestFile, ...TestFile[]]

/** How many files share a process at most. */
const AT_MOST = 8

/** These take longest: they start first, each in its own process. A file that is missing here only costs time. */
const LONGEST: readonly string[] = [
  'test/hostile/matrix.test.ts',
  'test/http/evidence.test.ts',
  'test/docs-onboarding.test.ts',
  'test/cli/relay-test.test.ts',
  'test/probe/probe.test.ts',
  'test/injection/greetings.test.ts',
  'test/client/client.test.ts',
  'test/client/package.test.ts',
  'test/cli/commands.test.ts',
  'test/http/second-vantage.test.ts',
  'test/http/waiting.test.ts',
  'test/follow-ups.lab.test.ts',
  'test/console/console.test.ts',
  'test/accuracy.lab.test.ts',
  'test/follow-ups-replicas.test.ts',
  'test/sweeps-replicas.test.ts',
  'test/webhooks-replicas.test.ts',
  'test/console/reference.test.ts',
  'test/redis-replicas.test.ts',
  'test/politeness.lab.test.ts',
  'test/redis-faults.test.ts',
  'test/redis-memory.test.ts',
  'test/http/delivery.test.ts',
  'test/http/findings.test.ts',
  'test/fuzz/slow-http.test.ts',
  'test/dial/stray-dial.lab.test.ts',
  'test/stopping.test.ts',
  'test/demo.test.ts',
  'test/sweeps/sweeps.test.ts',
  'test/probe/truth.test.ts',
  'test/webhooks/receiver.test.ts',
  'test/mailbox/listener.test.ts',
  'test/docs-partners.test.ts',
  'test/cli/sweep/sweep.test.ts',
  'test/probe/broken-dialogue.test.ts',
  'test/probe/field-cases.test.ts',
  'test/access/cut-files.test.ts',
]

const isLong = ({ path }: TestFile): boolean => LONGEST.includes(path)

/** Whether the file may share a process. A lab file has its own network, and a load file runs at the end. */
const isSmall = (file: TestFile): boolean => (file.kind === 'unit' || file.kind === 'service') && !isLong(file)

/**
 * Returns batches in the order in which they start: long files, then small ones, so that all end at nearly the same
 * time. The packages are downloaded meanwhile, so a file that needs them comes after the long ones that need none.
 */
export function batchesOf(files: readonly TestFile[]): Batch[] {
  const alone = files.filter((file) => !isSmall(file)).toSorted((one, other) => rank(one) - rank(other))
  const small = files.filter(isSmall)
  return [
    ...alone.map((file): Batch => [file]),
    ...together(small.filter(({ needsBuild }) => !needsBuild)),
    ...together(small.filter(({ needsBuild, needsPackages }) => needsBuild && !needsPackages)),
    ...together(small.filter(({ needsPackages }) => needsPackages)),
  ]
}

/** Returns the place in LONGEST, or the place after its end. */
const rank = ({ path }: TestFile): number => (LONGEST.includes(path) ? LONGEST.indexOf(path) : LONGEST.length)

/** Splits files into as few batches as are allowed, of nearly the same size. */
function together(files: readonly TestFile[]): Batch[] {
  const count = Math.ceil(files.length / AT_MOST)
  const batches = Array.from({ length: count }, (_, batch) => files.filter((_file, index) => index % count === batch))
  return batches.flatMap(([first, ...rest]) => (first ? [[first, ...rest] satisfies Batch] : []))
}
