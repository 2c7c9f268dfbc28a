/** The slots for tests that run at the same time in this replica. */
export interface Slots {
  /** Takes a slot and returns a function that gives it back. Null if all slots, or all of this caller, are taken. */
  take(callerId: string): (() => void) | null
  /** How many slots one caller gets. */
  readonly perCaller: number
}

/** Makes slots. A caller gets at most a quarter of them, and at least one, so that no caller locks the others out. */
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
