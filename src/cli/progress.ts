import type { Ending } from './ending.ts'

const WIDTH = 24

/** How far many tests have come, in one line: for somebody who looks on. */
export function progressLine(endings: readonly Ending[], total: number): string {
  const filled = Math.floor((endings.length / total) * WIDTH)
  const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
  const counts = (['open', 'closed', 'inconclusive', 'error'] as const).map(
    (ending) => `${endings.filter((one) => one === ending).length} ${ending}`,
  )
  return `[${bar}] ${endings.length}/${total}  ${counts.join(', ')}`
}

/** Draws the line over the one before, on a terminal; anywhere else nothing. */
export function showProgress(stream: NodeJS.WriteStream, endings: readonly Ending[], total: number): void {
  if (!stream.isTTY) return
  const end = endings.length === total ? '\n' : ''
  // A line that wraps cannot be drawn over; a terminal that does not know its width has 0.
  const line = progressLine(endings, total).slice(0, (stream.columns || Number.POSITIVE_INFINITY) - 1)
  stream.write(`\r${line}\x1b[K${end}`)
}
