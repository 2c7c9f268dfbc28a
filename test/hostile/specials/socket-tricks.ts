/** Servers whose connections do not begin or end as they should. */
import { flood } from '../faults.ts'
import { at, type Special } from './special.ts'

/** The parts of a greeting, each with the time at which it is sent, in milliseconds. */
const LATE = [
  [700, '220-please\r\n'],
  [1_400, '220-wait\r\n220'],
  [2_000, ' mail.example.com\r\n'],
] as const

export const SOCKETS: readonly Special[] = [
  {
    name: 'a greeting two seconds late, in parts',
    separates: 'the client sends nothing before the whole greeting has arrived',
    expected: 'closed',
    script: at('greeting', (peer) => {
      for (const [ms, part] of LATE)
        setTimeout(() => peer.say(peer.heard.length === 0 ? part : '554 too early\r\n'), ms)
      return null
    }),
  },
  {
    name: 'a connection that stays open after 221',
    separates: 'the client closes the connection after QUIT',
    expected: 'closed',
    script: at('QUIT', (peer) => {
      peer.say('221 2.0.0 Bye\r\n')
      return null
    }),
  },
  {
    name: 'a server that goes on talking after 221',
    separates: 'the client reads nothing after 221',
    expected: 'closed',
    script: at('QUIT', (peer) => {
      peer.say('221 2.0.0 Bye\r\n')
      flood(peer, '250 still here\r\n')
      return null
    }),
  },
  {
    name: 'a server that never reads',
    separates: 'unread data does not keep the socket open',
    expected: 'deadline',
    script: at('connect', ({ wire, say }) => {
      wire.pause()
      setTimeout(() => wire.resume(), 8_000).unref()
      say('220 mail.example.com\r\n')
      return null
    }),
  },
]
