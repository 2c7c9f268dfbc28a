/** Tests the targets of a file: reads earlier results, prints each new one, and shows the progress. */
import { FORMATS } from '../render/formats.ts'
import { changesIn, type Row, rowOfLine } from '../render/row.ts'
import { testMany } from './batch.ts'
import { LastTime } from './changes.ts'
import { exitCodeOf, lineFor } from './ending.ts'
import type { FileOrder } from './options.ts'
import { Progress } from './progress.ts'
import { KeptResults, readResults } from './results.ts'
import { makeClient } from './service.ts'
import { type ListedTarget, readTargets } from './targets.ts'
import { complain, terminalView, write } from './terminal.ts'

/** The files that a batch reads before it begins. */
export interface Inputs {
  readonly targets: readonly ListedTarget[]
  readonly kept: KeptResults | null
  readonly last: LastTime | null
}

/** Reads all files. Throws Mistake if one of them is wrong. */
export const readInputs = ({ file, resume, diff }: FileOrder): Inputs => ({
  targets: readTargets(file).map(({ target }) => target),
  last: diff === null ? null : new LastTime(readResults(diff)),
  kept: resume === null ? null : new KeptResults(resume),
})

/** Tests the targets, and returns the exit code. */
export async function testFile({ targets, kept, last }: Inputs, order: FileOrder): Promise<number> {
  const format = FORMATS[order.format ?? (process.stdout.isTTY ? 'table' : 'ndjson')]
  const client = makeClient((error) => progress.note(`waiting: ${lineFor(error)}`))
  const progress = new Progress(process.stderr, targets.length)
  const leave = () => progress.leave()
  process.once('exit', leave)
  const view = terminalView()
  const rows: Row[] = []
  const print = (line: object) => {
    const row = rowOfLine(line)
    rows.push(row)
    const text = format.row(row, line, view)
    if (text !== '') progress.above(() => write(text), process.stdout.isTTY)
  }
  write(format.head)
  const batch = {
    targets,
    test: order.test,
    atOnce: order.atOnce,
    known: (target: object) => kept?.take(target) ?? null,
  }
  const stopped = await testMany(client, batch, {
    ended: (line, ending, isNew) => {
      if (isNew) kept?.keep(line)
      print(last ? { ...line, ...last.compare(line) } : line)
      progress.ended(ending)
    },
    found: (addresses) => progress.found(addresses),
    waiting: (count, reason) => progress.waiting(count, reason),
    inLine: (target, position) => progress.inLine(target, position),
    skipped: (reason) => progress.note(`skipped: ${reason}`),
  })
  last?.gone().forEach(print)
  write(format.foot(rows))
  process.off('exit', leave)
  progress.close()
  if (last) complain(`since the last time: ${changesIn(rows)}`)
  if (stopped !== null) complain(`${stopped}; the remaining targets were not tested`)
  return exitCodeOf(progress.endings)
}
