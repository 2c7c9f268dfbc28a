/** The places for tests that run at once. */
export interface Slots {
  /** Takes a place, or returns null where all, or the caller's share, are taken. The result gives it back, once. */
  take(callerId: string): (() => void) | null
  readonly perCaller: number
}

/** A caller holds at most a quarter of the places, but at least one, so that nobody locks the others out. */
export function makeSlots(total: number): Slots {
  const perCaller = Math.max(1, Math.floor(total / 4))
  const held = new Map<string, number>()
  let taken = 0
  return {
    perCaller,
    take(callerId) {
      const own = held.get(callerId) ?? 0
      if (taken >= total || own >= perCaller) return null
      taken += 1
      held.set(callerId, own + 1)
      let left = false
      return () => {
        if (left) return
        left = true
        taken -= 1
        const others = (held.get(callerId) ?? 0) - 1
        if (others > 0) held.set(callerId, others)
        else held.delete(callerId)
      }
    },
  }
}
