import { readFileSync } from 'node:fs'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

/** What is wrong with a configuration file, each with file, line and reason. */
export class FileFaults extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

type Path = readonly PropertyKey[]

/** A YAML file whose values know their lines. */
export interface YamlFile {
  readonly value: unknown
  /** A fault at a place in the value, as `FILE:LINE: reason`. */
  fault(path: Path, reason: string): string
}

/** How many faults of one file are shown: the rest repeats the same mistake as a rule. */
const SHOWN = 20

/** Reads a YAML 1.2 file. Throws FileFaults where it cannot be read or is no YAML. */
export function readYamlFile(file: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(readText(file), { lineCounter: lines, prettyErrors: false })
  const at = (offset: number, reason: string) => `${file}:${lines.linePos(offset).line}: ${reason}`
  if (document.errors.length > 0) {
    throw new FileFaults(document.errors.slice(0, SHOWN).map(({ pos, message }) => at(pos[0], message)))
  }
  const offsetOf = (path: Path): number => {
    const parent = path.slice(0, -1)
    // A member is where its key is: its value may begin on a later line.
    const holder = document.getIn(parent, true)
    const pair = isMap(holder) ? holder.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0]
    const node = document.getIn(path, true)
    if (isNode(node) && node.range) return node.range[0]
    return path.length === 0 ? 0 : offsetOf(parent)
  }
  return { value: plainValue(document, file), fault: (path, reason) => at(offsetOf(path), reason) }
}

/** A few aliases are a convenience, many are a bomb: the library refuses those. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new FileFaults([`${file}:1: an alias (*name) leads nowhere, or there are too many of them`])
  }
}

/** Reads several files in the same shape. Faults of one do not hide those of the others: all are added to `faults`. */
export function readAll<T>(
  paths: readonly string[],
  schema: z.ZodType<T>,
  faults: string[],
): { readonly file: YamlFile; readonly value: T }[] {
  return paths.flatMap((path) => {
    try {
      const file = readYamlFile(path)
      return [{ file, value: validate(file, schema) }]
    } catch (error) {
      if (!(error instanceof FileFaults)) throw error
      faults.push(...error.faults)
      return []
    }
  })
}

/** The value of a YAML file in the shape of a schema. Throws FileFaults that name line, member and what was expected. */
export function validate<T>(file: YamlFile, schema: z.ZodType<T>): T {
  const result = schema.safeParse(file.value, { error: inWords })
  if (result.success) return result.data
  throw new FileFaults(result.error.issues.slice(0, SHOWN).flatMap((issue) => describe(file, issue)))
}

/** What was expected, where a schema does not say it itself. */
const inWords = (issue: z.core.$ZodRawIssue): string | undefined =>
  issue.code === 'invalid_type' ? EXPECTED[issue.expected] : undefined

const EXPECTED: Readonly<Record<string, string>> = {
  array: 'must be a list',
  object: 'must have members, as in the example file',
  string: 'must be a text',
  boolean: 'must be true or false',
}

function describe(file: YamlFile, issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => file.fault([...issue.path, key], `${nameOf([...issue.path, key])} is unknown here`))
  }
  return [file.fault(issue.path, `${nameOf(issue.path)}: ${issue.message}`)]
}

/** `customers[3].networks[0]` for a path; `the file` for the root. */
export function nameOf(path: Path): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return name.replace(/^\./, '') || 'the file'
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new FileFaults([`${file}: cannot be read (${codeOf(error)})`])
  }
}

/** The errno of a failed system call. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
