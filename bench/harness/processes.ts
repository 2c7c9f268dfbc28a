/** Starts the helper processes of the bench, and reads how much CPU time and memory a process uses. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../test/harness/service.ts'

/** A process of the bench that gets orders and answers each. */
export interface Helper<Order, Answer> {
  readonly process: ChildProcess
  tell(order: Order): Promise<Answer>
}

/** Starts a file of this folder as a process, which ends with the bench. */
export function startHelper<Order extends object, Answer>(
  bench: { after(work: () => unknown): void },
  file: string,
  nodeOptions: readonly string[] = [],
): Helper<Order, Answer> {
  const child = fork(join(ROOT, 'bench/harness', file), {
    execArgv: ['--import', 'tsx', ...nodeOptions],
    serialization: 'advanced',
  })
  bench.after(() => child.kill())
  return {
    process: child,
    async tell(order) {
      child.send(order)
      const [answer]: Answer[] = await once(child, 'message')
      if (answer === undefined) throw new Error(`${file} said nothing`)
      return answer
    },
  }
}

/** Used in a helper process: answers each order. */
export function answering<Order, Answer>(work: (order: Order) => Promise<Answer>): void {
  process.on('message', async (order: Order) => {
    process.send?.(await work(order))
  })
}

/** The unit of CPU times in /proc. Linux always uses 100 ticks a second there. */
const TICKS_PER_SECOND = 100

/** Returns the CPU time that a process has used, in seconds, for all its threads. */
export function cpuSecondsOf({ pid }: { readonly pid?: number | undefined }): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is a name with any characters. utime and stime are the fields 14 and 15 (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Returns the memory that a process uses now, and the most that it used, in MiB. */
export function memoryOf({ pid }: { readonly pid?: number | undefined }): { now: number; most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  return { now: kib('VmRSS') / 1024, most: kib('VmHWM') / 1024 }
}
