/** Every way in which a server may repeat a text that it was sent, and a search for a text repeated in any of them. */

const codes = (text: string): number[] => [...Buffer.from(text)]
const hex = (code: number): string => code.toString(16).padStart(2, '0')

/** Ways of writing a text, without line breaks. */
export const WRITINGS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'upper case': (text) => text.toUpperCase(),
  'mixed case': (text) => [...text].map((char, at) => (at % 2 === 0 ? char : char.toUpperCase())).join(''),
  backwards: (text) => [...text].reverse().join(''),
  'in a message id': (text) => `<${text}@relaytest.isp.example>`,
  'with dots': (text) => [...text].join('.'),
  'with dashes': (text) => [...text].join('-'),
  'with spaces': (text) => [...text].join(' '),
  'with NUL': (text) => [...text].join('\0'),
  'in groups': (text) => text.replace(/.{5}/g, '$& '),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64, one byte before': (text) => Buffer.from(`<${text}>`).toString('base64'),
  'base64, two bytes before': (text) => Buffer.from(`: ${text}`).toString('base64url'),
  'base64 in upper case': (text) => Buffer.from(text.toUpperCase()).toString('base64'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex in upper case': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'hex with colons': (text) => codes(text).map(hex).join(':'),
  'hex of upper case': (text) => Buffer.from(text.toUpperCase()).toString('hex'),
  percent: (text) =>
    codes(text)
      .map((code) => `%${hex(code)}`)
      .join(''),
  'quoted-printable': (text) =>
    codes(text)
      .map((code) => `=${hex(code).toUpperCase()}`)
      .join(''),
  xtext: (text) =>
    codes(text)
      .map((code) => `+${hex(code).toUpperCase()}`)
      .join(''),
  'our own escapes': (text) =>
    codes(text)
      .map((code) => `\\x${hex(code)}`)
      .join(''),
  'hex numbers': (text) =>
    codes(text)
      .map((code) => `0x${hex(code)}`)
      .join(', '),
  'HTML entities': (text) =>
    codes(text)
      .map((code) => `&#${code};`)
      .join(''),
  'some characters escaped': (text) =>
    [...text].map((char, at) => (at % 3 === 0 ? `%${hex(codes(char)[0] ?? 0)}` : char)).join(''),
}

/** Letters and digits only. What stands between them, a reader skips. */
const bare = (text: string): string => text.replace(/[^a-z0-9]/gi, '')

/** Returns the readings of an output in which a person could find a text, one a line: as it is, and decoded. */
function readingsOf(output: string): string {
  const escapes = /(?:[%=+]|\\x|0x)([0-9a-f]{2})/gi
  const decoded = output
    .replace(escapes, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/&#(\d{1,5});/g, (_entity, digits: string) => String.fromCharCode(Number(digits)))
  const words = output.match(/[A-Za-z0-9+/_-]{8,}/g) ?? []
  const fromBase64 = words.flatMap((word) =>
    [0, 1, 2, 3].map((skip) => Buffer.from(word.slice(skip), 'base64').toString('latin1')),
  )
  const digits = output.replace(/[^0-9a-f]/gi, '')
  const fromHex = [0, 1].map((skip) => Buffer.from(digits.slice(skip), 'hex').toString('latin1'))
  return [output, decoded, ...fromBase64, ...fromHex].map(bare).join('\n').toLowerCase()
}

/** Returns the pieces of secrets, of eight characters, that a person could find in an output. */
export function leaksOf(secrets: readonly string[], output: string): string[] {
  const readings = readingsOf(output)
  const ways = secrets.flatMap((secret) => [secret, [...secret].reverse().join('')]).map((text) => text.toLowerCase())
  const pieces = ways.flatMap((way) => Array.from({ length: way.length - 7 }, (_, at) => way.slice(at, at + 8)))
  return pieces.filter((piece) => readings.includes(piece))
}
