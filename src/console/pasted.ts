/** Understands what people paste into the field for the mail server: it finds the name or the address in it. */
import { endpointText } from './endpoint.ts'

/** The parts of a pasted text. `name` is an address, a host name or a mail domain; the service checks it. */
export interface Pasted {
  readonly name: string
  /** The port that was pasted with it; null if there was none. */
  readonly port: number | null
  /** The mail address that was pasted; null if it was something else. */
  readonly mailbox: string | null
}

/** Reads what was pasted: an address, a name, a mail address, a web address, `ip:port`, or a command such as telnet. */
export function readPasted(text: string): Pasted {
  const bare = withoutWrapping(text)
  const url = /^(?:([a-z][a-z0-9+.-]*):)?\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(bare)
  if (url) return endpointIn(url[2] ?? '', /^smtps?$/i.test(url[1] ?? ''))
  const mail = /^(?:mailto:)?([^\s@<>]+)@([^\s@<>/?]+)(?:\?.*)?$/i.exec(bare)
  if (mail) {
    const { name } = endpointIn(mail[2] ?? '', false)
    return { name, port: null, mailbox: `${mail[1]}@${name}` }
  }
  const words = bare.split(/\s+/)
  const [host = '', port = ''] = words.filter((word, at) => at === words.length - 1 || !isNoise(word))
  return endpointIn(port ? endpointText({ ip: host, port }) : host, true)
}

/** Whether a word stands before a name and is none: a command, or the preference of an MX record. */
const isNoise = (word: string): boolean => /^(telnet|nc|ping|openssl|mx|\d{1,5})$/i.test(word)

/** Removes spaces, brackets, quotes and a final comma. Of `Joe <joe@example.net>` it keeps the address. */
function withoutWrapping(text: string): string {
  const inner = /<([^<>\s]+)>/.exec(text)?.[1] ?? text
  return inner
    .trim()
    .replace(/^["'(]{1,3}/, '')
    .replace(/["'),;]{1,3}$/, '')
    .trim()
}

/** Reads a host, perhaps with a port. The port counts only if it can be that of a mail server. */
function endpointIn(text: string, withPort: boolean): Pasted {
  const literal = /^\[(?:ipv6:)?([^\]]*)\](?::(\d{1,5}))?$/i.exec(text)
  const named = /^([^:]*):(\d{1,5})$/.exec(text)
  const [, host = text, port] = literal ?? named ?? []
  return { name: inAscii(host), port: withPort && port ? Number(port) : null, mailbox: null }
}

/** Returns a name as DNS writes it: `müller.de` becomes `xn--mller-kva.de`. Everything else stays as it is. */
function inAscii(text: string): string {
  const name = text.replace(/\.$/, '')
  // The URL parser also reads 127.1 and full-width digits as addresses. Only the service may read addresses.
  if (!/[^\p{ASCII}]/u.test(name) || !URL.canParse(`http://${name}`)) return name
  const { hostname } = new URL(`http://${name}`)
  return /[a-z]/.test(hostname) ? hostname : name
}
