/** Texts that some program reads as an address, and that must not pass for one here. */
export function hostileSpellings(): readonly string[] {
  const ipv4 = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.1.10', '203.0.113.25', '8.8.8.8', '0.0.0.0']
  const ipv6 = ['::1', '::', 'fe80::1', '2001:db8::25', '::ffff:127.0.0.1', '64:ff9b::a00:1', 'fd00:ec2::254']
  return [...new Set([...[...ipv4, ...ipv6].flatMap(hostileSpellingsOf), ...oddTexts])]
}

/** Hostile spellings of one address, which is given in canonical text. */
export function hostileSpellingsOf(text: string): readonly string[] {
  return [...(text.includes(':') ? ipv6Spellings(text) : ipv4Spellings(text)), ...wrappedSpellings(text)]
}

function ipv4Spellings(text: string): readonly string[] {
  const octets = text.split('.').map(Number)
  const [a = 0, b = 0, c = 0, d = 0] = octets
  const dword = ((a * 256 + b) * 256 + c) * 256 + d
  const octal = octets.map((octet) => `0${octet.toString(8)}`)
  const hex = octets.map((octet) => `0x${octet.toString(16)}`)
  const swapped = (odd: readonly string[]): readonly string[] =>
    odd.map((part, at) => octets.map((octet, index) => (index === at ? part : octet)).join('.'))
  return [
    ...swapped(octal),
    ...swapped(hex),
    ...swapped(octets.map((octet) => String(octet).padStart(4, '0'))),
    ...swapped(octets.map((octet) => String(octet + 256))),
    ...swapped(octets.map((octet) => `+${octet}`)),
    ...swapped(octets.map((octet) => `-${octet}`)),
    ...swapped(['', '', '', '']),
    ...swapped(octets.map((octet) => `${octet}e0`)),
    ...swapped(octets.map((octet) => ` ${octet}`)),
    octal.join('.'),
    hex.join('.').toUpperCase(),
    String(dword),
    `0${dword.toString(8)}`,
    `0x${dword.toString(16)}`,
    String(dword + 2 ** 32),
    `${a}.${dword % 2 ** 24}`,
    `${a}.${b}.${dword % 2 ** 16}`,
    `${text}.0`,
    `0.${text}`,
    `::ffff:0${text}`,
    `::${text}:1`,
    `${text}::`,
    `1:2:3:4:5:6:7:${text}`,
    `::ffff:${a}.${b}.${c}`,
    `::ffff:${text}.1`,
    `::ffff:${hex.join('.')}`,
    text.replaceAll('.', ','),
    text.replaceAll('.', '..'),
    text.replaceAll('.', '\u3002'),
    text.replaceAll('.', '\uff0e'),
    text.replaceAll('.', '\uff61'),
    text.replaceAll('.', '%2e'),
    ...[0xff10, 0x0660, 0x06f0, 0x0966, 0x1d7ce].map((zero) => digitsFrom(zero, text)),
  ]
}

function ipv6Spellings(text: string): readonly string[] {
  return [
    ...['%lo', '%eth0', '%1', '%', '%25lo'].map((zone) => `${text}${zone}`),
    `[${text}]:25`,
    `${text}:::`,
    `:::${text}`,
    `${text}::1::`,
    `${text}:`,
    `1:2:3:4:5:6:7:8:${text}`,
    `${text}:12345`,
    `${text}g`,
    `0x${text}`,
    `${text}.`,
    text.replaceAll(':', '\uff1a'),
    text.replaceAll(':', ';'),
    digitsFrom(0xff10, `${text}0`),
  ]
}

function wrappedSpellings(text: string): readonly string[] {
  const around = ['\0', ' ', '\t', '\n', '\r\n', '\v', '\f', '\u0085', '\u00a0', '\u00ad', '\u200b', '\u2028', '\ufeff']
  return [
    ...around.flatMap((mark) => [`${text}${mark}`, `${mark}${text}`]),
    ...['.', '/32', '/128', '/', '/0', '%00', '#', '?', '\\', '\u202e', ',8.8.8.8', '-1', '*'].map((end) => text + end),
    ...['http://', '//', 'user@', 'IPv6:', '+', '-', '!', "'"].map((start) => start + text),
    `[${text}]`,
    `[${text}`,
    `${text}]`,
    `"${text}"`,
    `(${text})`,
    `${text.includes(':') ? `[${text}]` : text}:25`,
    `${text}\r\nRCPT TO:<victim@example.com>`,
    `${text}${' '.repeat(10_000)}`,
  ]
}

function digitsFrom(zero: number, text: string): string {
  return text.replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)))
}

const oddTexts = [
  ...['', '.', '...', ':', ':::', '::::', '0', '00', '1', '127', '127.1', '0x7f.1', '①27.0.0.1', '1.2.3', '1.2.3.4.5'],
  ...['localhost', 'mail.example.com', 'cafe', 'dead.beef', 'mail.example.com:25', 'null', 'NaN', '1e3', 'Infinity'],
  ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4::5:6:7:8', '::1:2:3:4:5:6:7:8', '1::2::3', ':1:2:3:4:5:6:7:8'],
  ...['1:2:3:4:5:6:7:', ':1', '1:', '12345::', '::00001', '::fffg', '::-1', '::+1', '::0x1', '::1.2.3.4.5', '::1.2'],
  ...['1.2.3.4:5:6:7:8:9:a:b', '::1.2.3.256', '::1.2.3.04', '::ffff:1.2.3.4%eth0', '٣.٣.٣.٣', '1:'.repeat(5000)],
]
