/** Keeps a value up to date with the files that it was read from. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FileFaults } from './faults.ts'
import { type FileContent, type FilesAtOnce, readFiles, signatureOf } from './on-disk.ts'

/** The time between two looks for a change. */
const LOOK_MS = 1_000

/** The time between the two readings that must agree. */
const SETTLE_MS = 100

/** How many times files that change are read again, before that is a fault. */
const MOST_READINGS = 20

/** How a value is made from files. */
export interface Loader<T> {
  /** Reads a version. Throws FileFaults if it is not valid. */
  load(files: readonly FileContent[]): Promise<T>
  /**
   * Returns what the newer version no longer denies, or null. Called only if a file of the folder is gone: a lost file
   * must not take its denials with it.
   */
  lost?(current: T, newer: T): Promise<string | null>
  /** Waits between the two readings that must agree. */
  settle?(): Promise<unknown>
}

/** A version of the value, and the files that it was read from. */
interface Version<T> {
  readonly value: T
  readonly files: readonly string[]
}

/**
 * A value from a YAML file, or from a folder of them. The first version must be valid. If a later version is not, the
 * last valid one stays in use, and `error` says what is wrong. A version counts only if two readings agree.
 */
export class Reloading<T> {
  readonly path: string
  readonly #loader: Loader<T>
  #version: Version<T>
  /** The signature of the newest version that was read, valid or not. */
  #signature: string
  #loadedAt = new Date()
  #error: string | null = null
  #timer: NodeJS.Timeout | undefined

  private constructor(path: string, loader: Loader<T>, version: Version<T>, signature: string) {
    this.path = path
    this.#loader = loader
    this.#version = version
    this.#signature = signature
  }

  /** Reads the first version. Throws FileFaults if it is not valid. */
  static async open<T>(path: string, loader: Loader<T>): Promise<Reloading<T>> {
    const signature = await signatureOf(path)
    return new Reloading(path, loader, await versionAt(path, loader, null), signature)
  }

  /** The last valid version. */
  get current(): T {
    return this.#version.value
  }

  get loadedAt(): Date {
    return this.#loadedAt
  }

  /** The fault of the newest version, or null. */
  get error(): string | null {
    return this.#error
  }

  /** Looks for changes every second, until `unwatch`. Calls `changed` after each new version, valid or not. */
  watch(changed: (error: string | null) => void): void {
    let looking = false
    const timer = setInterval(async () => {
      // Reading a large file can take longer than the time between two looks.
      if (looking) return
      looking = true
      const isNew = await this.look()
      looking = false
      if (isNew && this.#timer === timer) changed(this.#error)
    }, LOOK_MS)
    this.#timer = timer.unref()
  }

  unwatch(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Looks now. Resolves with true if there is a new version. Do not call it again before it resolves. */
  async look(): Promise<boolean> {
    // A file that cannot be read has no signature, so its return counts as a new version.
    let signature = ''
    try {
      signature = await signatureOf(this.path)
      if (signature === this.#signature) return false
      this.#version = await versionAt(this.path, this.#loader, this.#version)
      this.#loadedAt = new Date()
      this.#error = null
    } catch (error) {
      if (!(error instanceof FileFaults)) throw error
      if (error.message === this.#error) return false
      this.#error = error.message
    } finally {
      this.#signature = signature
    }
    return true
  }
}

/** Reads a version. Throws FileFaults if it is not valid, or if a denial has gone with its file. */
async function versionAt<T>(path: string, loader: Loader<T>, before: Version<T> | null): Promise<Version<T>> {
  const { files } = await settled(path, loader.settle ?? (() => sleep(SETTLE_MS)))
  const version = { value: await loader.load(files), files: files.map((file) => file.path) }
  const gone = before?.files.filter((file) => !version.files.includes(file)) ?? []
  const lost = before && gone.length > 0 ? await loader.lost?.(before.value, version.value) : null
  if (!lost) return version
  const advice = 'Put the file back. To drop this on purpose, take it out of the file first, and then remove the file'
  throw new FileFaults([`${gone.join(', ')}: the file is gone, and with it ${lost}. ${advice}`])
}

/** Reads the files until two readings agree. Throws FileFaults if they never do. */
async function settled(path: string, settle: () => Promise<unknown>): Promise<FilesAtOnce> {
  let before = await readFiles(path)
  for (let readings = 1; readings < MOST_READINGS; readings += 1) {
    await settle()
    const after = await readFiles(path)
    if (after.signature === before.signature) return after
    before = after
  }
  throw new FileFaults([`${path}: changes all the time, so that no two readings agree`])
}
