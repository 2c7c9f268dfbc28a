/**
 * Texts that have broken programs. The list is written by hand, in groups by the kind of program that they broke.
 */
export const NAUGHTY: readonly string[] = [
  // Texts that loosely typed programs convert to another type.
  ...['', ' ', '0', '-0', '1', 'true', 'false', 'null', 'undefined', 'NaN', 'Infinity', 'None', '[]', '{}', '""'],
  // Numbers at and beyond the limits of a type.
  ...['2147483648', '-2147483649', '9007199254740993', '1e309', '1e-400', '0x7f', '0o17', '1_000', '１２', '٣', '½'],
  // Names with a meaning in JavaScript.
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'length', 'toJSON', 'valueOf'],
  // Line ends, ends of text, and characters that look empty.
  ...['\r', '\n', '\r\n', '\0', '\t', '\v', '\f', '\x7f', '\u0085', '\u2028', '\u2029', '\u00a0', '\u200b', '\ufeff'],
  ...['a\r\nRCPT TO:<x@y.example>', 'a\r\n.\r\n', '\r\n\r\nGET / HTTP/1.1', 'a\0b', '%0d%0a', '%00', '\\r\\n'],
  // Characters that reorder or combine text, and invalid text.
  ...[
    '\u202ecod.exe',
    '\u2066a\u2069',
    'Z\u0351\u0321a\u0337l\u0321g\u0489o',
    '\ud800',
    '\udfff',
    '\u{1f468}\u200d\u{1f469}',
  ],
  ...['ﷺ', 'İ', 'ß', 'ı', 'ﬀ', 'K', '田中さん', 'مرحبا', '표', '𝟘', '\ufffe', '\uffff'],
  // Escapes for terminals, markup, queries, shells, templates, paths, formats.
  ...[
    '\x1b[2J',
    '\x1b]0;x\x07',
    '\x9b31m',
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '<!--',
    ']]>',
  ],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE x',
    '$(id)',
    '`id`',
    '; id',
    '| id',
    '&& id',
    '$' + '{7*7}',
    '{{7*7}}',
    '#{7*7}',
    '<%= 7 %>',
  ],
  ...[
    '../../etc/passwd',
    '..\\..\\x',
    '/dev/zero',
    'file:///etc/passwd',
    'con',
    'nul',
    '.',
    '..',
    '~',
    '*',
    '?',
    '#',
    '%',
    '%%',
  ],
  ...[
    '%s%n%x',
    '%2e%2e%2f',
    '%c0%af',
    '$' + '{jndi:ldap://a.invalid/x}',
    '(?:a+)+$',
    'a'.repeat(65),
    'x'.repeat(1_000),
  ],
  // Addresses that some programs read as another address.
  ...[
    '127.1',
    '0177.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.0.0.1\0',
    '::1%lo',
    '[::1]',
    '::ffff:127.0.0.1',
    '0.0.0.0',
    '::',
  ],
  ...[
    '127.0.0.1/32',
    '127.0.0.1:25',
    'localhost',
    '127。0。0。1',
    '1.1.1.1\r\n',
    '169.254.169.254',
    '64:ff9b::7f00:1',
    'fe80::1',
  ],
]
