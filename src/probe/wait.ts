/** Reads how long a server asks us to wait. */
import type { Reply } from '../relay/attempt.ts'

/** Returns how many milliseconds a reply asks us to wait; null if it names no time. */
export function waitIn({ lines }: Reply): number | null {
  const [, number, unit] = /(\d{1,4}) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?)\b/i.exec(lines.join(' ')) ?? []
  return number === undefined ? null : Number(number) * (unit?.toLowerCase().startsWith('m') ? 60_000 : 1_000)
}
