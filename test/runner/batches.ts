/**
 * Decides which test files share a process, and in which order they start. A small file spends more time on loading
 * code that all files need than on its tests.
 */
import type { TestFile } from './kinds.ts'

/** Test files that run in one process, one after the other. */
export type Batch = readonly [TestFile, ...TestFile[]]

/** How many files share a process at most. */
const AT_MOST = 8

/**
 * These wait for most of their time: for servers that are slow on purpose, for retries, or for a program to start. Each
 * has a process of its own, and they start in this order. Files that need packages come after long ones that need none,
 * because the packages are downloaded meanwhile.
 */
const WAITING: readonly string[] = [
  'test/hostile/matrix.test.ts',
  'test/probe/probe.test.ts',
  'test/client/package.test.ts',
  'test/client/client.test.ts',
  'test/http/second-vantage.test.ts',
  'test/http/waiting.test.ts',
  'test/docs-onboarding.test.ts',
  'test/follow-ups.lab.test.ts',
  'test/webhooks-replicas.test.ts',
  'test/sweeps-replicas.test.ts',
  'test/follow-ups-replicas.test.ts',
  'test/redis-memory.test.ts',
  'test/accuracy.lab.test.ts',
  'test/redis-replicas.test.ts',
  'test/demo.test.ts',
  'test/sweeps/sweeps.test.ts',
  'test/politeness.lab.test.ts',
  'test/webhooks/receiver.test.ts',
  'test/probe/broken-dialogue.test.ts',
  'test/probe/field-cases.test.ts',
  'test/mailbox/listener.test.ts',
  'test/mailbox/limits.test.ts',
  'test/probe/questions.test.ts',
  'test/redis-faults.test.ts',
  'test/docs-partners.test.ts',
  'test/hostile/specials.test.ts',
  'test/hostile/service.test.ts',
  'test/stopping.test.ts',
  'test/mx-steered.lab.test.ts',
  'test/probe/implicit-tls.test.ts',
  'test/http/live.test.ts',
  'test/docs-operators.test.ts',
  'test/http/sandbox.test.ts',
  'test/http/stop.test.ts',
  'test/docs-support.test.ts',
  'test/client/sandbox.test.ts',
  'test/cli/live.test.ts',
  'test/sandbox.lab.test.ts',
]

/** These work longest: they start first, each in a process of its own. */
const WORKING: readonly string[] = [
  'test/console/console.test.ts',
  'test/http/evidence.test.ts',
  'test/cli/relay-test.test.ts',
  'test/cli/commands.test.ts',
  'test/console/reference.test.ts',
  'test/cli/sweep/sweep.test.ts',
  'test/fuzz/slow-http.test.ts',
  'test/probe/truth.test.ts',
  'test/http/delivery.test.ts',
  'test/access/cut-files.test.ts',
  'test/injection/greetings.test.ts',
  'test/http/findings.test.ts',
]

/** Batches that run side by side, in two rows: those that mostly wait do not keep a core from those that work. */
export interface Batches {
  readonly waiting: readonly Batch[]
  readonly working: readonly Batch[]
}

const isNamed = (names: readonly string[]) => (file: TestFile) => names.includes(file.path)
const inOrderOf = (names: readonly string[]) => (one: TestFile, other: TestFile) =>
  names.indexOf(one.path) - names.indexOf(other.path)

/** Whether the file may share a process. A lab file has its own network, and a load file runs at the end. */
const isSmall = ({ kind }: TestFile): boolean => kind === 'unit' || kind === 'service'

/** Returns batches in the order in which they start. A file that neither table names costs time, and nothing else. */
export function batchesOf(files: readonly TestFile[]): Batches {
  const waiting = files.filter(isNamed(WAITING)).toSorted(inOrderOf(WAITING))
  const long = files.filter(isNamed(WORKING)).toSorted(inOrderOf(WORKING))
  const others = files.filter((file) => !isNamed([...WAITING, ...WORKING])(file))
  const small = others.filter(isSmall)
  return {
    waiting: waiting.map((file): Batch => [file]),
    working: [
      ...[...long, ...others.filter((file) => !isSmall(file))].map((file): Batch => [file]),
      ...together(small.filter(({ needsBuild }) => !needsBuild)),
      ...together(small.filter(({ needsBuild, needsPackages }) => needsBuild && !needsPackages)),
      ...together(small.filter(({ needsPackages }) => needsPackages)),
    ],
  }
}

/** Splits files into as few batches as are allowed, of nearly the same size. */
function together(files: readonly TestFile[]): Batch[] {
  const count = Math.ceil(files.length / AT_MOST)
  const batches = Array.from({ length: count }, (_, batch) => files.filter((_file, index) => index % count === batch))
  return batches.flatMap(([first, ...rest]) => (first ? [[first, ...rest] satisfies Batch] : []))
}
