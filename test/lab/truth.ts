/** Finds out with real mail whether a server relays, without any code of the product. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { MailRecorder } from '../harness/recorder.ts'
import { eachAtOnce } from './each-at-once.ts'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { patientClient, type Reply } from './patient-client.ts'

export interface Truth {
  /** Whether mail from a stranger to an outside recipient arrived; null if a form got no final answer. */
  readonly relays: boolean | null
  /** The forms whose mail arrived. */
  readonly by: readonly FormName[]
  /** Describes the measurement in one sentence. */
  readonly how: string
}

export interface TruthOptions {
  /** Records the mail that arrives at `network.exit`. */
  readonly recorder: MailRecorder
  /** Whether to wait until greylisting of up to a minute is over. */
  readonly slow?: boolean
  readonly also?: readonly ExtraForm[] | undefined
}

const HOME = 'relaytest.isp.example'
const OWN = 'example.com'
const OUTSIDE = `sender@${HOME}`

/** The sender and the recipient of each form. The marker makes the recipient unique. */
const FORMS = {
  outside: [OUTSIDE, (marker: string) => `${marker}@${HOME}`],
  'own-domain sender': [`sender@${OWN}`, (marker: string) => `${marker}@${HOME}`],
  'existing own-domain sender': [`postmaster@${OWN}`, (marker: string) => `${marker}@${HOME}`],
  'null sender': ['', (marker: string) => `${marker}@${HOME}`],
  'percent hack': [OUTSIDE, (marker: string) => `${marker}%${HOME}@${OWN}`],
  'bang path': [OUTSIDE, (marker: string) => `${HOME}!${marker}@${OWN}`],
  'quoted at own domain': [OUTSIDE, (marker: string) => `"${marker}@${HOME}"@${OWN}`],
  quoted: [OUTSIDE, (marker: string) => `"${marker}@${HOME}"`],
  'source route': [OUTSIDE, (marker: string) => `@${OWN}:${marker}@${HOME}`],
  'outside over IPv6': [OUTSIDE, (marker: string) => `${marker}@${HOME}`],
  'known mailbox sender': [`jane@${OWN}`, (marker: string) => `${marker}@${HOME}`],
  'own-host sender': [`sender@mail.${OWN}`, (marker: string) => `${marker}@${HOME}`],
  'outside in TLS': [OUTSIDE, (marker: string) => `${marker}@${HOME}`],
} as const satisfies Record<string, readonly [string, (marker: string) => string]>

export type FormName = keyof typeof FORMS

/** Forms that only some servers need, because each message costs time. */
const EXTRA = ['known mailbox sender', 'own-host sender', 'outside in TLS'] as const satisfies readonly FormName[]
export type ExtraForm = (typeof EXTRA)[number]

interface Answer {
  readonly form: FormName
  readonly marker: string
  /** The last command and its reply; the reply is null if the server hung up or the time was over. */
  readonly phase: string
  readonly reply: Reply | null
}

const limitMs = 35_000
const greylistMs = 65_000
const arrivalMs = 5_000
// Every server of the lab allows one client this number of connections at once (Courier: MAXPERIP).
const lanes = 4

/** Sends one message for each form, each on a separate connection, and looks at what arrives. */
export async function measureTruth(network: LabNetwork, server: LabServer, options: TruthOptions): Promise<Truth> {
  const deadline = Date.now() + limitMs
  const left: readonly FormName[] = [
    ...EXTRA.filter((form) => !options.also?.includes(form)),
    ...(server.address6 ? [] : (['outside over IPv6'] as const)),
  ]
  const forms = (Object.keys(FORMS) as FormName[]).filter((form) => !left.includes(form))
  const answers = await eachAtOnce(forms, options.slow ? forms.length : lanes, (form) =>
    patiently(network, server, form, deadline, options.slow ?? false),
  )
  const accepted = answers.filter(({ phase, reply }) => phase === 'the dot' && reply?.code === 250)
  const arrived = () =>
    accepted.filter(({ marker }) => options.recorder.mails.some(({ to }) => to.some((one) => one.includes(marker))))
  const end = Date.now() + arrivalMs
  while (arrived().length < accepted.length && Date.now() < end) await delay(50)

  const by = Object.keys(FORMS).filter((name) => arrived().some(({ form }) => form === name)) as FormName[]
  const unsure = answers.filter((answer) => !isFinal(answer))
  const relays = by.length > 0 ? true : unsure.length > 0 ? null : false
  return { relays, by, how: explain(by, accepted, unsure[0] ?? answers.find(({ form }) => form === 'outside')) }
}

/** Tries again after a temporary refusal, as a mail server would; if `slow`, once more when greylisting is over. */
async function patiently(
  network: LabNetwork,
  server: LabServer,
  form: FormName,
  deadline: number,
  slow: boolean,
): Promise<Answer> {
  const marker = `truth-${randomBytes(6).toString('hex')}`
  const six = form === 'outside over IPv6'
  const place = { address: six ? (server.address6 ?? '') : server.address, port: server.port }
  const from = six ? network.vantage6 : network.vantage
  let answer = await attempt(place, from, form, marker, deadline)
  if (!isFinal(answer)) answer = await attempt(place, from, form, marker, deadline)
  if (!isFinal(answer) && slow) {
    await delay(greylistMs)
    answer = await attempt(place, from, form, marker, Date.now() + limitMs)
  }
  return answer
}

async function attempt(
  place: Pick<LabServer, 'address' | 'port'>,
  from: string,
  form: FormName,
  marker: string,
  deadline: number,
): Promise<Answer> {
  const client = patientClient(place, from, deadline)
  const [sender, recipient] = FORMS[form]
  const message = [
    `From: <${OUTSIDE}>`,
    `Message-ID: <${marker}@${HOME}>`,
    'Subject: Who relays?',
    '',
    'A test in a lab.',
    '.',
  ]
  const steps: readonly (readonly [phase: string, command: string | undefined, taken: number])[] = [
    ['connect', undefined, 220],
    ['EHLO', `EHLO ${HOME}`, 250],
    ['MAIL', `MAIL FROM:<${sender}>`, 250],
    ['RCPT', `RCPT TO:<${recipient(marker)}>`, 250],
    ['DATA', 'DATA', 354],
    ['the dot', message.join('\r\n'), 250],
  ]
  try {
    let last: Answer | undefined
    for (const [phase, command, taken] of steps) {
      let reply = await client.ask(command)
      const isSecret = reply?.code === 530 && /STARTTLS/i.test(reply.text)
      if (isSecret || (form === 'outside in TLS' && phase === 'EHLO')) {
        await client.ask('STARTTLS')
        client.startTls()
        reply = await client.ask(`EHLO ${HOME}`)
        if (isSecret) reply = await client.ask(command)
      }
      last = { form, marker, phase, reply }
      if (reply?.code !== taken) return last
    }
    await client.ask('QUIT')
    return last as Answer
  } finally {
    client.close()
  }
}

/** Whether an answer is final: the message was accepted, or the refusal is permanent or mentions relaying. */
const isFinal = ({ phase, reply }: Answer): boolean =>
  reply !== null &&
  phase !== 'connect' &&
  phase !== 'EHLO' &&
  (reply.code >= 500 || (reply.code === 250 && phase === 'the dot') || /relay/i.test(reply.text.replaceAll(HOME, '')))

function explain(by: readonly FormName[], accepted: readonly Answer[], telling: Answer | undefined): string {
  if (by.length > 0) return `mail arrived: ${by.join(', ')}`
  const taken = accepted.length > 0 ? `; taken at the dot: ${accepted.map(({ form }) => form).join(', ')}` : ''
  const words = telling?.reply?.text ?? 'no reply'
  return `nothing arrived; ${telling?.form} at ${telling?.phase}: ${words}${taken}`
}
