/** Reads a recorded session the way a run reads it from the wire, so that it can be judged again. */
import type { AttemptView, RelayTest } from '../contract/relay-test.ts'
import { WHYS } from '../contract/words.ts'
import { assess } from '../relay/assess.ts'
import type { Attempt, Exchange, Stage } from '../relay/attempt.ts'
import { knownAs } from '../relay/controls.ts'
import { formOf } from '../relay/forms.ts'
import { hostNameIn } from '../relay/host-name.ts'
import type { Observations } from '../relay/observations.ts'
import { unprinted } from '../smtp/printable.ts'
import { type Reply, ReplyParser } from '../smtp/reply.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'

/** A session and its attempts, without a judgement: the answers are judged each time. */
export interface Recording {
  readonly attempts: readonly Pick<AttemptView, 'form' | 'mailFrom' | 'rcptTo' | 'connection' | 'why'>[]
  readonly transcript: readonly TranscriptEntry[]
}

/** The members of a result that the observations of its session depend on. */
export type SessionContext = Pick<
  RelayTest,
  'proof' | 'domain' | 'domainSource' | 'knownMailbox' | 'vantage' | 'ip' | 'delivery'
>

/** Returns what a run found, read from the transcript of its session. */
export function observationsIn(recording: Recording, context: SessionContext): Observations {
  const { transcript } = recording
  const { proof, domain, domainSource, knownMailbox, vantage, ip, delivery } = context
  const exchanges = exchangesOf(recording)
  const attempts = recording.attempts.map((attempt): Attempt => {
    const { form, mailFrom, rcptTo, connection, why } = attempt
    const arrived = delivery?.form === form ? delivery : null
    const seen = arrived && {
      kind: 'message' as const,
      peer: arrived.from.ip ?? '',
      helo: arrived.from.helo ?? '',
      received: null,
      receivedAt: arrived.receivedAt,
      report: null,
    }
    const own = exchanges.get(envelope(mailFrom, rcptTo)) ?? []
    return {
      form: formOf(form),
      mailFrom,
      rcptTo,
      connection,
      node: connection === null ? null : nodeOn(recording, connection, vantage.ehlo),
      exchanges: own,
      seen,
      why: WHYS.find((known) => known === why) ?? null,
    }
  })
  const greeting = replyTo(recording, null)
  const sender = recording.attempts.find(({ form }) => form === 'outside-sender')?.mailFrom ?? ''
  const echoes = [sender.slice(sender.lastIndexOf('@') + 1), vantage.ehlo, vantage.ip, ip, knownMailbox, domain]
  const names = echoes.flatMap((name) => name || [])
  const turnedAway = recording.attempts.every(({ why }) => why === 'greeting-refused')
  const hello = transcript.findLastIndex(({ from, line }) => from === 'client' && /^(EHLO|HELO) /.test(line))
  return {
    proof,
    known: knownAs(knownMailbox),
    refusedBefore: false,
    domain,
    domainSource,
    vantage: [vantage.ip].flatMap((address) => address || []),
    ehlo: vantage.ehlo,
    helloLine: hello === -1 ? null : (replyTo(recording, hello)?.reply.lines[0] ?? null),
    names,
    greeting,
    turnedAway: turnedAway ? (hello === -1 ? greeting : replyTo(recording, hello)) : null,
    mailboxTroubled: false,
    rows: attempts.map((attempt) => assess(attempt, names)),
  }
}

/** Returns the host name that the server gave on a connection; null if it gave none. */
function nodeOn(recording: Recording, connection: number, ehlo: string | null): string | null {
  const { transcript } = recording
  const own = (line: TranscriptEntry) => line.connection === connection
  const greeting = transcript.find((line) => own(line) && line.from === 'server' && line.answers === null)
  const hello = transcript.findLastIndex(
    (line) => own(line) && line.from === 'client' && /^(EHLO|HELO) /.test(line.line),
  )
  const lines = [greeting?.line.slice(4), hello === -1 ? null : replyTo(recording, hello)?.reply.lines[0]]
  return hostNameIn(lines, ehlo)
}

const envelope = (sender: string | null, recipient: string | null): string => `${sender} ${recipient}`

/** Returns the exchanges of each envelope, in the order of the session. */
function exchangesOf(recording: Recording): Map<string, Exchange[]> {
  const found = new Map<string, Exchange[]>()
  const open = new Map<number, { sender: string; mail: Exchange | null; current: Exchange[] | null }>()
  for (const [index, { from, line, connection }] of recording.transcript.entries()) {
    if (from !== 'client') continue
    const answer = (stage: Stage): Exchange | null => {
      const answered = replyTo(recording, index)
      return answered && { stage, ...answered }
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
    const stage = line === 'DATA' ? 'data' : line === '.' ? 'dot' : null
    const exchange = stage && answer(stage)
    if (exchange) transaction.current?.push(exchange)
  }
  return found
}

/** Returns the extensions that the server offered in its last reply to EHLO. */
export function extensionsIn(recording: Recording): string[] {
  const hello = recording.transcript.findLastIndex(({ from, line }) => from === 'client' && line.startsWith('EHLO '))
  return hello === -1 ? [] : (replyTo(recording, hello)?.reply.lines.slice(1) ?? [])
}

/** Returns the reply to a transcript line (for null, the greeting), with the indexes of all lines of the exchange. */
function replyTo({ transcript }: Recording, line: number | null): { reply: Reply; at: number[] } | null {
  const at = [...transcript.keys()].filter((index) => {
    const entry = transcript[index]
    return entry?.from === 'server' && entry.answers === line && (line !== null || entry.connection === 1)
  })
  const text = at.map((index) => `${unprinted(transcript[index]?.line ?? '')}\r\n`).join('')
  const event = new ReplyParser().push(Buffer.from(text, 'latin1')).find(({ kind }) => kind === 'reply')
  return event?.kind === 'reply' ? { reply: event.reply, at: line === null ? at : [line, ...at] } : null
}
