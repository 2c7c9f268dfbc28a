/** Texts that try to break out of a line, and the strict reading of a host name. */
import type { Random } from '../harness/random.ts'

/** Bytes that end a line, a string, a message or a field in some language or protocol. */
const BREAKS = [
  ...['\r\n', '\n', '\r', '\0', '\u2028', '\u2029', '\u0085', '\v', '\f', '\x1a', '\x1b[2K', '\t', '\n\n', '\r\n\r\n'],
  ...['\r\n.\r\n', '\n.\n', '\r.\r', '.', '..', '\r\n..\r\n', '%0d%0a', '%0D%0A.%0D%0A', '\\r\\n', '\\u000d\\u000a'],
]
/** Commands that an attacker wants to send to the mail server. */
const PAYLOADS = [
  ...['', 'RCPT TO:<victim@example.com>', 'MAIL FROM:<>', 'DATA', 'QUIT', 'RSET', 'STARTTLS', 'VRFY root', 'EHLO evil'],
  ...['Bcc: victim@example.com', 'Subject: buy', '> NOTIFY=SUCCESS', '> SIZE=1', '<victim@example.com>', '">', "'"],
  ...[
    '%s%n%x',
    '$\u007bjndi:ldap://x}',
    '{{7*7}}',
    '$(id)',
    '`id`',
    '; DROP',
    '<script>',
    '\u202e',
    '\ud83d\ude00',
    '\u00e9',
  ],
]

/** A hostile insertion, now and then longer than any line may be. */
function insertion(random: Random): string {
  if (random.chance(0.08)) return random.pick(['A', '.', '\r\n', 'é', ' ']).repeat(200 + random.int(3_000))
  return `${random.pick(BREAKS)}${random.pick(PAYLOADS)}${random.chance(0.5) ? random.pick(BREAKS) : ''}`
}

/** A good text made hostile: before, behind or within it, or in its place. */
export function hostile(good: string, random: Random): string {
  const added = insertion(random)
  if (random.chance(0.1)) return added
  const at = random.pick([0, good.length, random.int(good.length + 1)])
  const once = good.slice(0, at) + added + good.slice(at)
  return random.chance(0.2) ? once + insertion(random) : once
}

/** Hostile text of what a strict reader takes: 1 to 64 printable ASCII characters. */
export function hostileButPrintable(random: Random): string {
  const text = `${insertion(random)}${insertion(random)}`.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 64)
  return text === '' ? '.' : text
}

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/

/** Whether a text is a host name by letters, digits and hyphens (RFC 1123 section 2.1), in a reading of our own. */
export function isHostName(text: string): boolean {
  const labels = text.split('.')
  const good = labels.every((label) => label.length <= 63 && LABEL.test(label))
  return good && labels.length > 1 && text.length <= 253 && /^[A-Za-z]/.test(labels.at(-1) ?? '')
}
