/** Reads YAML files, and says in which line of which file a mistake is. */
import { type Document, isMap, isNode, isScalar, LineCounter, type YAMLError } from 'yaml'
import { z } from 'zod'
import { FileFaults } from './faults.ts'
import { nearest } from './nearest.ts'
import type { FileContent } from './on-disk.ts'
import { textOf } from './text.ts'
import { composeYaml } from './yaml-text.ts'

type Path = readonly PropertyKey[]

/** The value of a YAML file. Each part of it knows its line. */
export interface YamlFile {
  readonly value: unknown
  /** Returns a fault at a place in the value, as `FILE:LINE: reason`. */
  fault(path: Path, reason: string): string
}

/** The most faults that are shown for one file. More of them usually repeat one mistake. */
const SHOWN = 20

/** The key at the beginning of a text, without quotes. */
const KEY = /^["']?([^\s:"']+)/

/** Reads a YAML 1.2 file. Throws FileFaults if it is not whole, or is not YAML. */
export function readYamlFile(content: FileContent): YamlFile {
  const file = content.path
  const lines = new LineCounter()
  const at = (offset: number, reason: string) => `${file}:${lines.linePos(offset).line}: ${reason}`
  const text = textOf(content)
  const document = composeYaml(text, lines, (offset, reason) => new FileFaults([at(offset, reason)]))
  if (document.errors.length > 0) {
    const reasonOf = ({ code, message, pos: [start] }: YAMLError) =>
      code === 'DUPLICATE_KEY' ? `the key ${KEY.exec(text.slice(start, start + 64))?.[1] ?? ''} is here twice` : message
    throw new FileFaults(document.errors.slice(0, SHOWN).map((error) => at(error.pos[0], reasonOf(error))))
  }
  const offsetOf = (path: Path): number => {
    const parent = path.slice(0, -1)
    // The line of a member is the line of its key, because the value can begin later.
    const holder = document.getIn(parent, true)
    const pair = isMap(holder) ? holder.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0]
    const node = document.getIn(path, true)
    // The value of an empty file stands at its end.
    if (isNode(node) && node.range && (path.length > 0 || node.range[1] > node.range[0])) return node.range[0]
    return path.length === 0 ? 0 : offsetOf(parent)
  }
  return { value: plainValue(document, file), fault: (path, reason) => at(offsetOf(path), reason) }
}

/** Limits aliases: with many of them, a small file can grow without bound in memory. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new FileFaults([`${file}:1: an alias (*name) has no anchor, or there are too many aliases`])
  }
}

/** Reads several files with the same schema. Adds the faults of all files to `faults`. */
export function readAll<T>(
  contents: readonly FileContent[],
  schema: z.ZodType<T>,
  faults: string[],
): { readonly file: YamlFile; readonly value: T }[] {
  return contents.flatMap((content) => {
    try {
      const file = readYamlFile(content)
      return [{ file, value: validate(file, schema) }]
    } catch (error) {
      if (!(error instanceof FileFaults)) throw error
      faults.push(...error.faults)
      return []
    }
  })
}

/** Checks a YAML file with a schema and returns its value. Throws FileFaults with line, member and what it must be. */
export function validate<T>(file: YamlFile, schema: z.ZodType<T>): T {
  /** The known names of each object that has an unknown one. The key is the name of its path. */
  const known: KnownNames = new Map()
  const error = (issue: z.core.$ZodRawIssue): string | undefined => {
    if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
      known.set(nameOf(issue.path ?? []), Object.keys(issue.inst.shape))
    }
    return issue.code === 'invalid_type' ? TYPE_MESSAGES[issue.expected] : undefined
  }
  const result = schema.safeParse(file.value, { error })
  if (result.success) return result.data
  throw new FileFaults(result.error.issues.flatMap((issue) => faultsOf(file, issue, known)).slice(0, SHOWN))
}

type KnownNames = Map<string, readonly string[]>

/** Messages for schemas without their own. */
const TYPE_MESSAGES: Readonly<Record<string, string>> = {
  array: 'must be a list',
  object: 'must have members, as in the example file',
  string: 'must be a text',
  boolean: 'must be true or false',
}

function faultsOf(file: YamlFile, issue: z.core.$ZodIssue, known: KnownNames): string[] {
  if (issue.code === 'unrecognized_keys') {
    const names = known.get(nameOf(issue.path)) ?? []
    return issue.keys.slice(0, SHOWN).map((key) => {
      const meant = nearest(key, names)
      const advice = meant === null ? '' : `; did you mean ${meant}?`
      return file.fault([...issue.path, key], `${nameOf([...issue.path, key])} is unknown here${advice}`)
    })
  }
  return [file.fault(issue.path, `${nameOf(issue.path)}: ${issue.message}`)]
}

/** Returns the name of a path, such as `customers[3].networks[0]`; `the file` for the root. */
export function nameOf(path: Path): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return name.replace(/^\./, '') || 'the file'
}
