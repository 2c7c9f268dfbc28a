/** Keeps a value up to date with the files that it was read from. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, FileFaults } from './yaml-file.ts'

/** The time between two looks at the files. */
const LOOK_MS = 2_000

/**
 * A value from a YAML file, or from a folder of them. The first version must be valid. If a later version is not, the
 * last valid one stays in use, and `error` says what is wrong.
 */
export class Reloading<T> {
  readonly path: string
  readonly #reload: (files: readonly string[]) => T | Promise<T>
  #current: T
  #signature: string
  #loadedAt = new Date()
  #error: string | null = null
  #timer: NodeJS.Timeout | undefined

  /**
   * Reads the first version. Throws FileFaults if it is not valid.
   *
   * @param reload reads later versions, if `load` would block the event loop for too long
   */
  constructor(
    path: string,
    load: (files: readonly string[]) => T,
    reload: (files: readonly string[]) => T | Promise<T> = load,
  ) {
    this.path = path
    this.#reload = reload
    this.#signature = signatureOf(path)
    this.#current = load(filesOf(path))
  }

  /** The last valid version. */
  get current(): T {
    return this.#current
  }

  get loadedAt(): Date {
    return this.#loadedAt
  }

  /** The fault of the newest version, or null. */
  get error(): string | null {
    return this.#error
  }

  /** Looks for changes every two seconds, until `unwatch`. Calls `changed` after each new version, valid or not. */
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
      signature = signatureOf(this.path)
      if (signature === this.#signature) return false
      this.#current = await this.#reload(filesOf(this.path))
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

/** Returns the YAML files of a path: the file itself, or the files of the folder, sorted by name. */
function filesOf(path: string): string[] {
  return onDisk(path, () => {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path).filter((name) => /^[^.].*\.ya?ml$/.test(name))
    if (names.length === 0) throw new FileFaults([`${path}: the folder contains no .yaml file`])
    return names.sort().map((name) => join(path, name))
  })
}

/** Returns a text that changes when a file is written or replaced, or when Kubernetes changes a link to it. */
function signatureOf(path: string): string {
  return filesOf(path)
    .map((file) => {
      const { dev, ino, size, mtimeNs, ctimeNs } = onDisk(file, () => statSync(file, { bigint: true }))
      return [file, dev, ino, size, mtimeNs, ctimeNs].join(':')
    })
    .join('\n')
}

function onDisk<T>(path: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (error instanceof FileFaults) throw error
    throw new FileFaults([`${path}: cannot be read (${codeOf(error)})`])
  }
}
