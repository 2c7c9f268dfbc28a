/** Finds the first fault in a JSON body and says where it is. `JSON.parse` does not always say where. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FieldError } from '../contract/problems.ts'
import { pointerTo } from '../service/pointer.ts'

/** A fault: the wrong member, and the sentence for the caller. */
export interface JsonFault {
  readonly error: FieldError
  readonly detail: string
}

/** How deep a body may be nested. The deepest request of the contract, a sweep with targets, has three levels. */
const DEPTH = 16

/** The longest string that is read. No request of the contract has a longer one. */
const LONGEST_STRING = 8_192

/**
 * The tokens of JSON (RFC 8259), after the white space before them: a string, a mark, or a number or word. A string has
 * at most 8,192 characters: for each of them, the pattern uses a part of the stack.
 */
const TOKEN =
  /[ \t\n\r]*(?:(?<string>"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){0,8192}")|(?<mark>[{}[\]:,])|(?<plain>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y

/** The advice for each place where another character was expected. */
const NEXT = {
  value: 'write a value',
  name: 'write a name in double quotes',
  colon: 'write a colon',
  inObject: 'write a comma or }',
  inArray: 'write a comma or ]',
  nothing: 'remove the rest',
} as const
type Next = keyof typeof NEXT

/** An object or array around the present token: its names so far, and the member or index that it is at, if any. */
interface Around {
  readonly names: Set<string> | null
  step: string | null
}

/** How many tokens are read before other work of the process gets its turn. */
const AT_A_TIME = 5_000

/**
 * Returns the first fault of a text: it is not JSON, a member is there twice, or one is nested too deep. The body of a
 * large sweep has two million tokens, so the process does other work in between.
 */
export async function faultIn(text: string): Promise<JsonFault | null> {
  const looking = lookFor(text)
  for (let step = looking.next(); ; step = looking.next()) {
    if (step.done) return step.value
    await nextTurn()
  }
}

/** Looks for the first fault, and yields after each AT_A_TIME tokens. */
function* lookFor(text: string): Generator<void, JsonFault | null> {
  const around: Around[] = []
  let next: Next = 'value'
  // Whether an object or array has just begun, so that it may end.
  let isEmpty = false
  // A byte order mark may come first.
  let at = text.startsWith('\uFEFF') ? 1 : 0
  const afterValue = (): Next => {
    const inner = around.at(-1)
    if (!inner) return 'nothing'
    return inner.names ? 'inObject' : 'inArray'
  }
  for (let tokens = 1; ; tokens += 1) {
    if (tokens % AT_A_TIME === 0) yield
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    const rest = text.slice(at).search(/[^ \t\n\r]/)
    if (rest < 0 && next === 'nothing') return null
    const here = rest < 0 ? text.length : at + rest
    const { string, mark, plain } = match?.groups ?? {}
    const inner = around.at(-1)
    const ends = mark === (inner?.names ? '}' : ']') && (isEmpty || next === 'inObject' || next === 'inArray')
    if (inner && ends) {
      around.pop()
      next = afterValue()
    } else if (next === 'value' && (mark === '{' || mark === '[')) {
      if (around.length === DEPTH) return memberFault(around, `must not be nested deeper than ${DEPTH} levels`)
      around.push({ names: mark === '{' ? new Set() : null, step: mark === '{' ? null : '0' })
      next = mark === '{' ? 'name' : 'value'
    } else if (next === 'value' && (string ?? plain) !== undefined) next = afterValue()
    else if (inner?.names && next === 'name' && string !== undefined) {
      const name: string = JSON.parse(string)
      inner.step = name
      if (inner.names.has(name)) return memberFault(around, 'must be given only once')
      inner.names.add(name)
      next = 'colon'
    } else if (next === 'colon' && mark === ':') next = 'value'
    else if (inner && mark === ',' && (next === 'inObject' || next === 'inArray')) {
      inner.step = inner.names ? null : `${Number(inner.step) + 1}`
      next = inner.names ? 'name' : 'value'
    } else return syntaxFault(text, here, around, next)
    isEmpty = mark === '{' || mark === '['
    at = TOKEN.lastIndex
  }
}

const pathOf = (around: readonly Around[]): string => pointerTo(around.flatMap(({ step }) => step ?? []))

function memberFault(around: readonly Around[], detail: string): JsonFault {
  const pointer = pathOf(around)
  return { error: { pointer, detail }, detail: `${pointer}: ${detail}` }
}

function syntaxFault(text: string, at: number, around: readonly Around[], next: Next): JsonFault {
  const lines = text.slice(0, at).split('\n')
  const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
  const isLong = text.startsWith('"', at) && text.length - at > LONGEST_STRING
  const detail = isLong
    ? `must be valid JSON: the string at ${place} has no end, a wrong character, or more than ${LONGEST_STRING} characters`
    : `must be valid JSON: ${NEXT[next]} at ${place}`
  return { error: { pointer: pathOf(around), detail }, detail: `The body ${detail}.` }
}
