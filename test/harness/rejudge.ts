import type { RelayTest } from '../../src/contract/relay-test.ts'
import { WHYS } from '../../src/contract/words.ts'
import type { Attempt, Exchange, Findings, Phase } from '../../src/relay/findings.ts'
import { formOf } from '../../src/relay/forms.ts'
import { type Judgement, judge } from '../../src/relay/verdict.ts'
import { type Reply, ReplyParser } from '../../src/smtp/reply.ts'

/** Judges a result as the API returned it anew, from its transcript, by the functions that judge a run. */
export function rejudge(result: RelayTest): Judgement {
  return judge(findingsOf(result))
}

function findingsOf(result: RelayTest): Findings {
  const { proof, domain, domainSource, vantage, ip, transcript } = result
  const exchanges = exchangesOf(result)
  const attempts = result.attempts.map((attempt): Attempt => {
    const { form, mailFrom, rcptTo, connection, why } = attempt
    const arrived = result.delivery?.form === form ? result.delivery : null
    const seen = arrived && {
      kind: 'message' as const,
      peer: arrived.from.ip ?? '',
      helo: arrived.from.helo ?? '',
      received: null,
      receivedAt: arrived.receivedAt,
    }
    const own = exchanges.get(envelope(mailFrom, rcptTo)) ?? []
    return {
      form: formOf(form),
      mailFrom,
      rcptTo,
      connection,
      exchanges: own,
      seen,
      why: WHYS.find((known) => known === why) ?? null,
    }
  })
  const greeting = replyTo(result, null)
  const sender = result.attempts.find(({ form }) => form === 'outside-sender')?.mailFrom ?? ''
  const names = [sender.slice(sender.lastIndexOf('@') + 1), vantage.ehlo, vantage.ip, ip, domain]
  const turnedAway = result.attempts.every(({ why }) => why === 'greeting-refused')
  const hello = transcript.findLastIndex(({ from, line }) => from === 'client' && /^(EHLO|HELO) /.test(line))
  return {
    proof,
    refusedBefore: result.reason === 'vantage-banned',
    domain,
    domainSource,
    vantage: [vantage.ip, vantage.ehlo].flatMap((name) => name || []),
    names: names.flatMap((name) => name || []),
    greeting,
    turnedAway: turnedAway ? (hello === -1 ? greeting : replyTo(result, hello)) : null,
    attempts,
  }
}

const envelope = (sender: string | null, recipient: string | null): string => `${sender} ${recipient}`

/** What was said to each envelope, in the order of the session. */
function exchangesOf(result: RelayTest): Map<string, Exchange[]> {
  const found = new Map<string, Exchange[]>()
  const open = new Map<number, { sender: string; mail: Exchange | null; current: Exchange[] | null }>()
  for (const [index, { from, line, connection }] of result.transcript.entries()) {
    if (from !== 'client') continue
    const answer = (phase: Phase): Exchange | null => {
      const answered = replyTo(result, index)
      return answered && { phase, ...answered }
    }
    const [, sender] = /^MAIL FROM:<(.*)>$/.exec(line) ?? []
    if (sender !== undefined) open.set(connection, { sender, mail: answer('mail'), current: null })
    const transaction = open.get(connection)
    if (!transaction) continue
    const [, recipient] = /^RCPT TO:<?(.*?)>?$/.exec(line) ?? []
    if (recipient !== undefined) {
      const key = envelope(transaction.sender, recipient)
      transaction.current = found.get(key) ?? []
      found.set(key, transaction.current)
      const said = [transaction.mail, answer('rcpt')]
      const refused = said.findIndex((exchange) => exchange !== null && exchange.reply.code >= 400)
      const counted = refused === -1 ? said : said.slice(0, refused + 1)
      transaction.current.push(...counted.filter((exchange) => exchange !== null))
    }
    const phase = line === 'DATA' ? 'data' : line === '.' ? 'dot' : null
    const exchange = phase && answer(phase)
    if (exchange) transaction.current?.push(exchange)
  }
  return found
}

/** The reply to a line of the transcript, or the greeting. */
function replyTo({ transcript }: RelayTest, line: number | null): { reply: Reply; at: number[] } | null {
  const at = [...transcript.keys()].filter((index) => {
    const entry = transcript[index]
    return entry?.from === 'server' && entry.answers === line && (line !== null || entry.connection === 1)
  })
  const text = at.map((index) => `${transcript[index]?.line}\r\n`).join('')
  const event = new ReplyParser().push(Buffer.from(text, 'latin1')).find(({ kind }) => kind === 'reply')
  return event?.kind === 'reply' ? { reply: event.reply, at: line === null ? at : [line, ...at] } : null
}
