/** Collects how to undo each step of an admission, so that a refused test leaves nothing behind. */
import type { Background } from './background.ts'
import type { Job } from './job.ts'

/** Undoes the steps of an admission that a later step has refused. */
export class Undo {
  readonly #here: ((error: unknown) => unknown)[] = []
  readonly #inStores: (() => Promise<void>)[] = []

  /** Registers work within this process. It gets the error that ended the admission. */
  here(work: (error: unknown) => unknown): void {
    this.#here.push(work)
  }

  /**
   * Registers work in the stores. Call it before the step itself, because a command that seems to fail may have worked.
   * The work may run late, so it must undo only what this test's id has taken.
   */
  inStores(work: () => Promise<void>): void {
    this.#inStores.push(work)
  }

  /** Undoes everything. Does not wait for the stores: one that does not answer would hold up the refusal. */
  async all(error: unknown, { test, context }: Job, background: Background): Promise<void> {
    const work = async () => void (await Promise.all(this.#inStores.map((step) => step())))
    void background.tryNowThenLater({
      what: 'undoing what a refused test had taken',
      id: test.id,
      log: context.log,
      work,
    })
    for (const step of this.#here) await step(error)
  }
}
