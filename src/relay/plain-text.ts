/** Reduces the text of a reply to the words that can be judged: without addresses, names, codes and numbers. */
import type { Reply } from './attempt.ts'

/**
 * Returns the reply's words in lower case, without enhanced codes, addresses and the given names. Accents are removed
 * and contractions are written out, so that one row of a table matches all spellings. An IP address becomes `ip`.
 */
export function plainText({ words }: Pick<Reply, 'words'>, names: readonly string[]): string {
  const text = ownWords(folded(words))
    .replace(/<[^<>]*>|\[[^[\]]*\]/g, withoutAddress)
    .replace(IP, ' ip ')
    .split(/\s/)
    .filter((word) => word.slice(1, -1).includes('@') === false)
    .join(' ')
  return names
    .reduce((rest, name) => rest.replaceAll(folded(name), ' '), text)
    .replace(/\(?#?\b[245]\.\d{1,3}\.\d{1,3}\b\)?/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Returns words without links. The name of a page is not what the server says. */
export const withoutLinks = (text: string): string =>
  text
    .replace(/\b(?:https?:|ftp:|www\.)\S*/g, ' ')
    .split(' ')
    .filter((word) => !/(?:^|[a-z0-9]\.[a-z]{2,12})\/\S/.test(word))
    .join(' ')

/**
 * Returns the words by which two refusals are compared. Words that change from reply to reply become `#`: words of six
 * or more characters with a digit, our tokens, hexadecimal numbers, times, and values after `=`. Shorter numbers stay,
 * because an error number may be the only difference between two refusals.
 */
export const comparedText = (reply: Pick<Reply, 'words'>, names: readonly string[]): string =>
  plainText(reply, names)
    .replace(/=[^\s=]+/g, '=#')
    .replace(/\b\d{1,2}:\d{2}(?::\d{2})?\b|\b\d{1,5} ?(?:s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)\b/g, '#')
    .split(' ')
    .map((word) => (CHANGING.test(word) ? '#' : word))
    .join(' ')

/** A word that differs in each reply: an id with a digit, a hexadecimal number, or one of our tokens. */
const CHANGING = /^(?=.{6})\D*\d|^\W*[0-9a-f]{8,}\W*$|^\W*[a-z2-7]{16}\W*$/

const IP = /\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g
const IPV6 = /^(?:ipv6:)?[0-9a-f]{0,4}:[0-9a-f:.]{1,40}$/

/** Returns `ip` for a bracket with an IP address, a space for a mail address or a name, otherwise its content. */
function withoutAddress(bracket: string): string {
  const content = bracket.slice(1, -1).trim()
  if (bracket.startsWith('[') && (content.search(IP) !== -1 || IPV6.test(content))) return ' ip '
  const isOdd = !content.includes(' ') && (bracket.startsWith('<') || /[\d.:]/.test(content))
  return isOdd || content.includes('@') ? ' ' : ` ${content} `
}

/** Returns a text in lower case, with one spelling for each word. */
function folded(text: string): string {
  const lower = (isAscii(text) ? text : withoutAccents(text)).toLowerCase().replaceAll('_', ' ')
  return lower
    .replace(/\b(is|are|was|were|do|does|did|has|have|could|would|should|must)n[’'`´]?t\b/g, '$1 not')
    .replace(/\bcan(?: no|[’'`´])t\b/g, 'cannot')
    .replace(/\bwon[’'`´]t\b/g, 'will not')
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)

/** Letters that Unicode does not split into a plain letter and an accent. */
const LETTERS: Readonly<Record<string, string>> = { ß: 'ss', ł: 'l', ø: 'o', ı: 'i', æ: 'ae', œ: 'oe', đ: 'd' }

/** Returns a text without the accents of Latin and Greek letters, and with `е` for the Russian `ё`. */
const withoutAccents = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/([a-zеα-ω])[\u0300-\u036f]+/g, '$1')
    .normalize('NFC')
    .replace(/[ßłøıæœđ]/g, (letter) => LETTERS[letter] ?? letter)

/** Matches the place where a server begins to quote another server, as it does after it has verified our sender. */
const QUOTE =
  /\b(?:said|says|response|responded|replied|answered|returned)\b:? {0,3}[245]\d\d|\b(?:(?:said|response|responded|replied):|was: {0,3}"?[245]\d\d)/

/** The name of a host, or a word for one, and what it says. A name alone may be the server's own. */
const OTHER =
  /(?:^|\s)(?:[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?:\[[^\]]{1,50}\])?(?: sa(?:ys|id):? |: [245]\d\d[ -])|(?:remote|upstream)(?: host| server)?: )/

/**
 * Whether a reply to a recipient quotes another server: then the server has asked that one. A reply about our sender
 * may quote our server.
 */
export function quotesOther({ words }: Pick<Reply, 'words'>, names: readonly string[]): boolean {
  const own = names.reduce((rest, name) => rest.replaceAll(folded(name), ' '), folded(words))
  return (QUOTE.test(own) || OTHER.test(own)) && !/\bsender\b|\bspf\b|list/.test(own)
}

/** Returns a text without the quoted words of another server, because those are not this server's refusal. */
function ownWords(text: string): string {
  const at = text.search(QUOTE)
  return at === -1 ? text : text.slice(0, at)
}
