import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, FileFaults } from './yaml-file.ts'

/** How often a file is looked at. */
const LOOK_MS = 2_000

/**
 * A value read from a YAML file, or from a folder of them, that follows its changes. The first version must be good; of
 * later ones the last good stays in use, and `error` says what is wrong with the newest.
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
   * Throws FileFaults where the first version is no good.
   *
   * @param reload how later versions are read, where that takes too long for a thread that serves
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

  get current(): T {
    return this.#current
  }

  get loadedAt(): Date {
    return this.#loadedAt
  }

  get error(): string | null {
    return this.#error
  }

  /** Looks for changes every two seconds and tells of each new version, good or bad, until `unwatch`. */
  watch(changed: (error: string | null) => void): void {
    let looking = false
    const timer = setInterval(async () => {
      // A large file may take longer to read than the time between two looks.
      if (looking) return
      looking = true
      const isNews = await this.look()
      looking = false
      if (isNews && this.#timer === timer) changed(this.#error)
    }, LOOK_MS)
    this.#timer = timer.unref()
  }

  unwatch(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Looks now, not twice at once. Resolves with whether there is a new version; `error` then tells whether it is in use. */
  async look(): Promise<boolean> {
    // A file that cannot be read has no signature: when it comes back as it was, that is news.
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

/** The YAML files behind a path: itself, or those of the folder in the order of their names. */
function filesOf(path: string): string[] {
  return onDisk(path, () => {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path).filter((name) => /^[^.].*\.ya?ml$/.test(name))
    if (names.length === 0) throw new FileFaults([`${path}: the folder holds no .yaml file`])
    return names.sort().map((name) => join(path, name))
  })
}

/** Changes whenever a file is written, replaced or, as Kubernetes does, reached through another link. */
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
