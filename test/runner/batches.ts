/**
 * Decides which test files share a process, and in which order they start. A small file spends more time on loading
 * code that all files need than on its tests.
 */
import type { TestFile } from './kinds.ts'

/** Test files that run in one process, one after the other. */
export type Batch = readonly [TestFile, ...TestFile[]]

/** How many files share a process at most. */
const AT_MOST = 12

/** These take longest: they start first, each in its own process. A file that is missing here only costs time. */
const LONGEST: readonly string[] = [
  'test/injection/greetings.test.ts',
  'test/docs-onboarding.test.ts',
  'test/client/client.test.ts',
  'test/hostile/matrix.test.ts',
  'test/cli/relay-test.test.ts',
  'test/probe/probe.test.ts',
  'test/http/live.test.ts',
  'test/http/contract.test.ts',
  'test/fuzz/requests.test.ts',
  'test/demo.test.ts',
  'test/politeness.lab.test.ts',
  'test/accuracy.lab.test.ts',
  'test/lab/configurations.lab.test.ts',
  'test/console/console.test.ts',
  'test/redis-faults.test.ts',
  'test/fuzz/slow-http.test.ts',
]

const isLong = ({ path }: TestFile): boolean => LONGEST.includes(path)

/** Whether the file may share a process. A lab file has its own network, and a load file needs the whole machine. */
const isSmall = (file: TestFile): boolean => (file.kind === 'unit' || file.kind === 'service') && !isLong(file)

/** Files without packages come first, because the packages must be downloaded; the longest of each come first. */
export function batchesOf(files: readonly TestFile[]): Batch[] {
  const [ready, waiting] = [
    files.filter(({ needsPackages }) => !needsPackages),
    files.filter(({ needsPackages }) => needsPackages),
  ]
  return [ready, waiting].flatMap((part) => [
    ...part
      .filter((file) => !isSmall(file))
      .toSorted((one, other) => rank(one) - rank(other))
      .map((file): Batch => [file]),
    ...together(part.filter(isSmall)),
  ])
}

/** Returns the place in LONGEST, or the place after its end. */
const rank = ({ path }: TestFile): number => (LONGEST.includes(path) ? LONGEST.indexOf(path) : LONGEST.length)

/** Splits files into as few batches as are allowed, of nearly the same size. */
function together(files: readonly TestFile[]): Batch[] {
  const count = Math.ceil(files.length / AT_MOST)
  const batches = Array.from({ length: count }, (_, batch) => files.filter((_file, index) => index % count === batch))
  return batches.flatMap(([first, ...rest]) => (first ? [[first, ...rest] satisfies Batch] : []))
}
