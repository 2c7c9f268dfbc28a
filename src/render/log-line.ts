/**
 * Writes a line of the log for a person who watches a terminal: time, what happened, and what counts. The service logs
 * in JSON; this reads such a line and says it shorter. Nothing that a stranger sent can control the terminal.
 */

import { VERDICTS } from '../contract/words.ts'
import { ansi, COLOURS } from './colours.ts'
import { endpointText } from './endpoint.ts'

type Fields = Readonly<Record<string, unknown>>

const DIM = ansi('2')

/** The colours of words that begin a line. */
const WORD_COLOURS: Readonly<Record<string, (text: string) => string>> = {
  OPEN: COLOURS.open,
  CLOSED: COLOURS.closed,
  INCONCLUSIVE: COLOURS.inconclusive,
  warning: ansi('33'),
  error: ansi('1;31'),
  fatal: ansi('1;31'),
  asking: DIM,
  refused: ansi('33'),
}

/** The names of pino's levels, from the level on that a person should notice. */
const LEVELS: readonly (readonly [from: number, word: string])[] = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warning'],
]

/** The members that every line has, or that only programs need. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'reqId', 'audit', 'decision', 'err'])

/** Control characters, and those that change the direction or the line of a text. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu

const escaped = (text: string): string =>
  text.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)

/** Returns a value as it is shown after its name. A text with spaces is in quotes. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return escaped(typeof value === 'string' && !/^[^\s"]+$/.test(text) ? JSON.stringify(text) : text)
}

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? `${value}` : '')

const endpointOf = ({ ip, port }: Fields): string => endpointText(textOf(ip), textOf(port))

const isVerdict = (value: unknown): boolean => VERDICTS.some((verdict) => verdict === value)

/** Returns the word that begins a line, and the texts after it. */
type Say = (fields: Fields) => readonly [word: string, ...texts: string[]]

/** How lines of a kind are said. The first kind that fits counts. */
const KINDS: readonly { readonly is: (fields: Fields) => boolean; readonly say: Say }[] = [
  {
    is: ({ audit }) => audit === 'intent',
    say: (fields) => ['asking', endpointOf(fields), `${textOf(fields.customer)}, for ${textOf(fields.caller)}`],
  },
  {
    is: ({ verdict, ip, id }) => isVerdict(verdict) && ip !== undefined && id !== undefined,
    say: (fields) => [
      textOf(fields.verdict).toUpperCase(),
      endpointOf(fields),
      textOf(fields.cause) || textOf(fields.reason),
      typeof fields.ms === 'number' ? `${(fields.ms / 1000).toFixed(1)} s` : '',
      `${textOf(fields.customer)}, for ${textOf(fields.caller)}`,
      textOf(fields.reference),
      ...(['followUp', 'withdrawn', 'notStarted'] as const)
        .filter((name) => name in fields)
        .map((name) => `${name}=${shown(fields[name])}`),
      textOf(fields.id),
    ],
  },
  {
    is: ({ msg, problem }) => msg === 'refused' && problem !== undefined,
    say: ({ problem, status, caller, from, detail }) => [
      'refused',
      `${textOf(status)} ${textOf(problem)}`,
      textOf(caller) || 'no valid key',
      textOf(from),
      textOf(detail),
    ],
  },
]

/** Any other line: its message, and its members by name. */
const sayOther: Say = (fields) => {
  const level = typeof fields.level === 'number' ? fields.level : 0
  const word = LEVELS.find(([from]) => level >= from)?.[1] ?? ''
  const members = Object.entries(fields).filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined)
  return [word, textOf(fields.msg), ...members.map(([name, value]) => `${name}=${shown(value)}`)]
}

/** Returns the lines of an error's stack, indented. */
function stackOf({ err }: Fields): string[] {
  if (typeof err !== 'object' || err === null) return []
  const stack = 'stack' in err ? textOf(err.stack) : 'message' in err ? textOf(err.message) : ''
  return stack.split('\n').map((line) => `    ${escaped(line.trim())}`)
}

/**
 * Returns a line of the log as text, with its line end. `line` is JSON; another line is returned as it is.
 *
 * @param coloured adds terminal colours
 */
export function renderLogLine(line: string, coloured: boolean): string {
  const fields = fieldsOf(line)
  if (fields === null) return line
  const [word, ...texts] = (KINDS.find(({ is }) => is(fields))?.say ?? sayOther)(fields)
  const colour = WORD_COLOURS[word]
  const time = textOf(fields.time).slice(11, 19)
  const parts = [coloured ? DIM(time) : time, coloured && colour ? colour(word) : word]
  const told = [...parts, ...texts.map(escaped)].filter((text) => text !== '').join('  ')
  return [told, ...stackOf(fields)].map((text) => `${text}\n`).join('')
}

function fieldsOf(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : null
  } catch {
    return null
  }
}
