/**
 * Composes a YAML document and limits how deeply it is nested. Without the limit, a small file can end the process: the
 * `yaml` package calls itself once for each level.
 */
import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from 'yaml'

/** The parser counts about three levels for each level of a file. Our files have six. */
const DEEPEST = 64

/**
 * Returns the only document of a text, with its errors. Throws `fault(offset, reason)` if the text is nested too deeply
 * or has a second document.
 */
export function composeYaml(
  text: string,
  lines: LineCounter,
  fault: (offset: number, reason: string) => Error,
): Document.Parsed {
  const documents = new Composer({ prettyErrors: false, lineCounter: lines }).compose(
    tokensOf(text, lines, fault),
    true,
    text.length,
  )
  const { value: first } = documents.next()
  if (!first) throw fault(0, 'the file is empty')
  const { value: second } = documents.next()
  if (second) throw fault(second.range[0], 'the file has a second part after --- or ..., which would not be read')
  return first
}

function* tokensOf(
  text: string,
  lines: LineCounter,
  fault: (offset: number, reason: string) => Error,
): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > DEEPEST) throw fault(parser.offset, 'the file is nested too deeply')
  }
  yield* parser.end()
}
