/**
 * Puts a model server on real sockets, and tests it with the real probe. Times are shorter than in memory, and traits
 * that only cost time are left out: `test/probe/broken-dialogue.test.ts` has those on sockets.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { parseAddress } from '../../../src/ip/address.ts'
import { probe } from '../../../src/probe/probe.ts'
import { type OwnMailbox, serverAt } from '../../../src/probe/server.ts'
import { judge } from '../../../src/relay/verdict.ts'
import { dialFrom } from '../../../src/smtp/dial.ts'
import { Transcript } from '../../../src/smtp/transcript.ts'
import { type Said as Bytes, type Script, type ScriptedSession, scriptedServer } from '../../harness/mail-server.ts'
import { EXPIRED } from '../../hostile/server.ts'
import { type Examined, examinedAs } from './examine.ts'
import { MailModel, type ModelSession, type Said } from './mail-model.ts'
import { bytesOf } from './replies.ts'
import { type Traits, traitsOf } from './traits.ts'
import { DELIVERY_WAIT_MS, optionsFor } from './visit.ts'

/** How much faster the time of a model server runs on sockets. */
const SPEED = 50
/** How long a test may take, in milliseconds. */
const DEADLINE = 4_000

const LOOPBACK = parseAddress('127.0.0.1') ?? assert.fail()
const CERTIFICATE = createSecureContext(EXPIRED)

/** Tests the server with that number through sockets. */
export async function examineOnSockets(seed: number): Promise<Examined> {
  const traits = forSockets(traitsOf(seed))
  const ends: (() => unknown)[] = []
  try {
    return examinedAs(seed, traits, await visitOnSockets(traits, { after: (end) => void ends.push(end) }))
  } finally {
    for (const end of ends) await end()
  }
}

/** Returns the traits that a test on sockets has. Loopback is always reachable. */
function forSockets(traits: Traits): Traits {
  const isBroken = traits.pipelining !== 'works'
  const isAway = ['silent', 'refuses connections', 'unreachable'].includes(traits.reach)
  return {
    ...traits,
    ...(isBroken ? { pipelining: 'not offered' as const } : {}),
    ...(isAway ? { reach: 'answers' as const } : {}),
  }
}

async function visitOnSockets(traits: Traits, t: Parameters<typeof scriptedServer>[0]) {
  const startedAt = performance.now()
  const model = new MailModel(traits, () => (performance.now() - startedAt) * SPEED)
  const stop = new AbortController()
  const { port } = await scriptedServer(
    t,
    scriptOf(model, () => stop.abort()),
  )
  const route = {
    address: LOOPBACK,
    port,
    dial: dialFrom([]),
    ehlo: 'relaytest.isp.example',
    deadline: startedAt + DEADLINE,
    transcript: new Transcript(),
    stop: stop.signal,
    tlsFirst: false,
    cut: new AbortController().signal,
    dialling() {},
  }
  const options = { ...optionsFor(traits), deliveryWaitMs: DELIVERY_WAIT_MS / SPEED }
  const { observations } = await probe(options, serverAt(route, mailboxOf(model, startedAt)))
  return { observations, judgement: judge(observations), model }
}

function mailboxOf(model: MailModel, startedAt: number): OwnMailbox {
  const { mailbox } = model.traits
  return {
    async arrival({ id }, ms) {
      const now = performance.now()
      const mail = model.mail.get(id)
      const inMs = mail && mailbox === 'works' ? startedAt + mail.at / SPEED - now : Number.POSITIVE_INFINITY
      await sleep(Math.max(0, Math.min(inMs, ms)))
      return mail && inMs <= ms ? mail.seen : null
    },
    troubled: async () => mailbox !== 'works',
  }
}

/** After this many commands, the caller of some tests stops them. */
const COMMANDS_UNTIL_STOP = 6

/** Returns the script of a model server. */
function scriptOf(model: MailModel, stop: () => void): Script {
  const sessions = new WeakMap<ScriptedSession, ModelSession>()
  const { reach } = model.traits
  return {
    inGroups: true,
    keepsNothing: true,
    greeting(session) {
      const own = model.connect()
      sessions.set(session, own)
      session.socket.once('close', () => own.end())
      if (reach === 'hangs up at once') session.socket.destroy()
      if (reach === 'no mail server') return Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')
      return send(session, own.greeting())
    },
    say(line, session) {
      const own = sessions.get(session) ?? assert.fail('no greeting')
      if (line === '.') return send(session, own.message(session.message.length === 0))
      const said = own.command(line)
      if (model.traits.stop === 'after 6 commands' && model.witness.commands >= COMMANDS_UNTIL_STOP) stop()
      if (line !== 'STARTTLS' || !said.text?.startsWith('220')) return send(session, said)
      session.socket.write(bytesOf(said.text))
      session.startTls(CERTIFICATE)
      own.tls = true
      return null
    },
  }
}

/** Returns the bytes of an answer, after its delay. */
function send(session: ScriptedSession, { text, ms, ends }: Said): Bytes | Promise<Bytes> {
  if (text === null) return null
  if (ends) setImmediate(() => session.socket.end())
  const bytes = bytesOf(text)
  return ms <= 1 ? bytes : sleep(ms / SPEED).then(() => bytes)
}
