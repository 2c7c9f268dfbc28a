/** Reads configuration files from disk without blocking the event loop. Only regular files are read. */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FileFaults } from './faults.ts'

/** A file as it was read. */
export interface FileContent {
  readonly path: string
  readonly bytes: Buffer
}

/** The files of a path at one moment. */
export interface FilesAtOnce {
  /** Changes if a file is added, removed, replaced or written to, even if its size and its times stay the same. */
  readonly signature: string
  readonly files: readonly FileContent[]
}

/** Larger files are refused: reading them would take too much memory. */
const LARGEST_MIB = 64
const LARGEST_BYTES = LARGEST_MIB * 1_048_576

/** Each part of a file is hashed in less than a millisecond. */
const PART_BYTES = 262_144

/**
 * Returns the YAML files of a path: the file itself, or the files of the folder, sorted by name. Throws FileFaults if
 * the path cannot be read, or if the folder has no YAML file.
 */
async function filesOf(path: string): Promise<readonly string[]> {
  const isFolder = (await onDisk(path, () => stat(path))).isDirectory()
  if (!isFolder) return [path]
  const names = (await onDisk(path, () => readdir(path))).filter((name) => /^[^.].*\.ya?ml$/.test(name))
  if (names.length === 0) throw new FileFaults([`${path}: the folder contains no .yaml file`])
  return names.sort().map((name) => join(path, name))
}

/** Returns a text that changes if a file is written or replaced, or a link to it is changed. Reads no file. */
export async function signatureOf(path: string): Promise<string> {
  const files = await filesOf(path)
  const parts = await Promise.all(files.map(async (file) => identityOf(file, await onDisk(file, () => stat(file)))))
  return parts.join('\n')
}

/** Reads all files of a path. Throws FileFaults if one of them is no regular file, is too large or cannot be read. */
export async function readFiles(path: string): Promise<FilesAtOnce> {
  const files = await filesOf(path)
  const read = await Promise.all(files.map(readOne))
  return { signature: read.map(({ signature }) => signature).join('\n'), files: read }
}

async function readOne(path: string): Promise<FileContent & { readonly signature: string }> {
  // Looks before it opens: opening a device can already do something.
  refuseOthers(path, await onDisk(path, () => stat(path)))
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  const handle = await onDisk(path, () => open(path, constants.O_RDONLY | constants.O_NONBLOCK))
  try {
    const { size } = refuseOthers(path, await onDisk(path, () => handle.stat()))
    const { bytes, digest } = await onDisk(path, () => readParts(handle, size))
    const identity = identityOf(path, await onDisk(path, () => handle.stat()))
    return { path, bytes, signature: `${identity}:${digest}` }
  } finally {
    await handle.close()
  }
}

/** Reads up to `size` bytes. A file that has grown since then has another signature at the next look. */
async function readParts(handle: FileHandle, size: number): Promise<{ bytes: Buffer; digest: string }> {
  const bytes = Buffer.alloc(size)
  const hash = createHash('sha256')
  let length = 0
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, Math.min(PART_BYTES, size - length), length)
    if (bytesRead === 0) break
    hash.update(bytes.subarray(length, length + bytesRead))
    length += bytesRead
  }
  return { bytes: bytes.subarray(0, length), digest: hash.digest('hex') }
}

const identityOf = (path: string, { dev, ino, size, mtimeMs, ctimeMs }: Stats): string =>
  [path, dev, ino, size, mtimeMs, ctimeMs].join(':')

/** Returns the facts of a regular file of a fair size. Throws FileFaults for anything else. */
function refuseOthers(path: string, stats: Stats): Stats {
  const [kind] = KINDS.find(([, is]) => is(stats)) ?? []
  if (kind) throw new FileFaults([`${path}: is ${kind}; only a regular file is read`])
  if (stats.size <= LARGEST_BYTES) return stats
  const size = Math.ceil(stats.size / 1_048_576)
  throw new FileFaults([`${path}: has ${size} MiB; a file may have at most ${LARGEST_MIB} MiB. Use a folder of files`])
}

const KINDS: readonly (readonly [kind: string, is: (stats: Stats) => boolean])[] = [
  ['a folder', (stats) => stats.isDirectory()],
  ['a FIFO (named pipe)', (stats) => stats.isFIFO()],
  ['a socket', (stats) => stats.isSocket()],
  ['a device', (stats) => stats.isCharacterDevice() || stats.isBlockDevice()],
]

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new FileFaults([`${path}: cannot be read (${codeOf(error)})`])
  }
}

/** Returns the errno of a failed system call. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
