/** The slots for tests that run at the same time in this replica. */
export interface Slots {
  /**
   * Takes a slot and returns a function that gives it back. Null if all slots are taken, or all slots of this caller. A
   * test that nobody waits for leaves some slots to people.
   */
  take(callerId: string, isAwaited: boolean): (() => void) | null
  /** Takes a slot for a test of a sweep. Null if sweeps have half of all slots, or if the rest is left to people. */
  takeForSweep(callerId: string): (() => void) | null
  /** Whether no caller gets a slot for a test that nobody waits for. */
  readonly leavesNone: boolean
  /** How many slots one caller gets. */
  readonly perCaller: number
}

/** Returns how many slots the tests that nobody waits for may take. The other slots are left to people. */
const unawaited = (slots: number): number => Math.max(1, Math.floor((slots * 3) / 4))

/** Returns how many slots sweeps may take together. */
export const slotsOfSweeps = (slots: number): number => Math.max(1, Math.floor(slots / 2))

/**
 * Makes slots. A caller gets at most a quarter of them, and at least one, so that no caller locks the others out.
 *
 * @param left called with the caller of each slot that is given back
 */
export function makeSlots(total: number, left: (callerId: string) => void = () => {}): Slots {
  const perCaller = Math.max(1, Math.floor(total / 4))
  const held = new Map<string, number>()
  let taken = 0
  let ofSweeps = 0
  /** Returns a function that gives a slot back. Only its first call counts. */
  const leaving = (callerId: string, giveBack: () => void) => {
    let isLeft = false
    return () => {
      if (isLeft) return
      isLeft = true
      taken -= 1
      giveBack()
      left(callerId)
    }
  }
  return {
    perCaller,
    get leavesNone() {
      return taken >= unawaited(total)
    },
    take(callerId, isAwaited) {
      const own = held.get(callerId) ?? 0
      const [all, ofCaller] = isAwaited ? [total, perCaller] : [unawaited(total), unawaited(perCaller)]
      if (taken >= all || own >= ofCaller) return null
      taken += 1
      held.set(callerId, own + 1)
      return leaving(callerId, () => {
        const others = (held.get(callerId) ?? 0) - 1
        if (others > 0) held.set(callerId, others)
        else held.delete(callerId)
      })
    },
    takeForSweep(callerId) {
      if (taken >= unawaited(total) || ofSweeps >= slotsOfSweeps(total)) return null
      taken += 1
      ofSweeps += 1
      return leaving(callerId, () => {
        ofSweeps -= 1
      })
    },
  }
}
