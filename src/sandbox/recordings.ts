/**
 * The recorded sessions of the sandbox. All were recorded by the service: two with a Postfix 3.7 of the lab, which are
 * the examples of the API, the others with servers that greylist, accept the percent hack, or wait three seconds before
 * the greeting and one second before each refusal.
 */
import { EXAMPLES } from '../contract/examples.ts'
import type { Recording } from './recording.ts'

type Attempt = Recording['attempts'][number]
type Line = Recording['transcript'][number]

const recording = (
  attempts: readonly (readonly [
    form: string,
    mailFrom: string,
    rcptTo: string,
    connection: number | null,
    why: string | null,
  ])[],
  transcript: readonly (readonly [ms: number, from: Line['from'], line: string, answers?: number])[],
): Recording => ({
  attempts: attempts.map(
    ([form, mailFrom, rcptTo, connection, why]): Attempt => ({ form, mailFrom, rcptTo, connection, why }),
  ),
  transcript: transcript.map(([ms, from, line, answers = null]): Line => ({ ms, connection: 1, from, line, answers })),
})

export const CLOSED: Recording = EXAMPLES.closed.value
export const OPEN: Recording = EXAMPLES.open.value

export const GREYLISTED = recording(
  [
    ['outside-sender', 'i5q3rbokj2tgpcs5@relaytest.isp.example', '6zbkawcf2qydkzja@relaytest.isp.example', 1, null],
    ['own-domain-sender', 'sender@example.com', '5y63tlklrmd6v4l7@relaytest.isp.example', 1, null],
    ['null-sender', '', '7qax2s5zommwsce6@relaytest.isp.example', 1, null],
    [
      'percent-hack',
      'i5q3rbokj2tgpcs5@relaytest.isp.example',
      'qzlfzruaiko3cqxi%relaytest.isp.example@example.com',
      1,
      null,
    ],
  ],
  [
    [1, 'event', 'connecting to 203.0.113.25:25'],
    [4, 'server', '220 mail.example.com ESMTP Postfix (Debian/GNU)'],
    [5, 'client', 'EHLO relaytest.isp.example'],
    [7, 'server', '250-mail.example.com', 2],
    [7, 'server', '250-PIPELINING', 2],
    [7, 'server', '250-SIZE 10240000', 2],
    [7, 'server', '250-STARTTLS', 2],
    [7, 'server', '250-ENHANCEDSTATUSCODES', 2],
    [7, 'server', '250 8BITMIME', 2],
    [10, 'client', 'MAIL FROM:<i5q3rbokj2tgpcs5@relaytest.isp.example>'],
    [10, 'client', 'RCPT TO:<6zbkawcf2qydkzja@relaytest.isp.example>'],
    [10, 'client', 'RCPT TO:<qzlfzruaiko3cqxi%relaytest.isp.example@example.com>'],
    [10, 'client', 'RSET'],
    [10, 'client', 'MAIL FROM:<sender@example.com>'],
    [10, 'client', 'RCPT TO:<5y63tlklrmd6v4l7@relaytest.isp.example>'],
    [10, 'client', 'RSET'],
    [10, 'client', 'MAIL FROM:<>'],
    [10, 'client', 'RCPT TO:<7qax2s5zommwsce6@relaytest.isp.example>'],
    [10, 'client', 'RSET'],
    [11, 'server', '250 2.1.0 Ok', 9],
    [
      54,
      'server',
      '450 4.2.0 <6zbkawcf2qydkzja@relaytest.isp.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
      10,
    ],
    [
      54,
      'server',
      '450 4.2.0 <qzlfzruaiko3cqxi%relaytest.isp.example@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
      11,
    ],
    [54, 'server', '250 2.0.0 Ok', 12],
    [54, 'server', '250 2.1.0 Ok', 13],
    [
      54,
      'server',
      '450 4.2.0 <5y63tlklrmd6v4l7@relaytest.isp.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
      14,
    ],
    [54, 'server', '250 2.0.0 Ok', 15],
    [54, 'server', '250 2.1.0 Ok', 16],
    [
      54,
      'server',
      '450 4.2.0 <7qax2s5zommwsce6@relaytest.isp.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
      17,
    ],
    [54, 'server', '250 2.0.0 Ok', 18],
    [62, 'client', 'QUIT'],
    [65, 'server', '221 2.0.0 Bye', 29],
  ],
)

export const SLOW = recording(
  [
    ['outside-sender', 'jaunqglh2nyzzzuz@relaytest.isp.example', 'b3kjceofxenjpbmd@relaytest.isp.example', 1, null],
    ['own-domain-sender', 'sender@example.com', 'pe44qxv5t7gjlzpx@relaytest.isp.example', 1, null],
    ['null-sender', '', 'cecq67wjqtpiufsp@relaytest.isp.example', 1, null],
    [
      'percent-hack',
      'jaunqglh2nyzzzuz@relaytest.isp.example',
      'wfbx7uhx6tymzgqu%relaytest.isp.example@example.com',
      1,
      null,
    ],
  ],
  [
    [0, 'event', 'connecting to 203.0.113.25:25'],
    [3012, 'server', '220 mail.example.com ESMTP Postfix (Debian/GNU)'],
    [3012, 'client', 'EHLO relaytest.isp.example'],
    [3013, 'server', '250-mail.example.com', 2],
    [3013, 'server', '250-SIZE 10240000', 2],
    [3013, 'server', '250-ENHANCEDSTATUSCODES', 2],
    [3013, 'server', '250 8BITMIME', 2],
    [3015, 'client', 'MAIL FROM:<jaunqglh2nyzzzuz@relaytest.isp.example>'],
    [3016, 'server', '250 2.1.0 Ok', 7],
    [3016, 'client', 'RCPT TO:<b3kjceofxenjpbmd@relaytest.isp.example>'],
    [4022, 'server', '554 5.7.1 <b3kjceofxenjpbmd@relaytest.isp.example>: Relay access denied', 9],
    [4022, 'client', 'RCPT TO:<wfbx7uhx6tymzgqu%relaytest.isp.example@example.com>'],
    [5027, 'server', '554 5.7.1 <wfbx7uhx6tymzgqu%relaytest.isp.example@example.com>: Relay access denied', 11],
    [5027, 'client', 'RSET'],
    [5028, 'server', '250 2.0.0 Ok', 13],
    [5028, 'client', 'MAIL FROM:<sender@example.com>'],
    [5029, 'server', '250 2.1.0 Ok', 15],
    [5029, 'client', 'RCPT TO:<pe44qxv5t7gjlzpx@relaytest.isp.example>'],
    [6032, 'server', '554 5.7.1 <pe44qxv5t7gjlzpx@relaytest.isp.example>: Relay access denied', 17],
    [6033, 'client', 'RSET'],
    [6033, 'server', '250 2.0.0 Ok', 19],
    [6034, 'client', 'MAIL FROM:<>'],
    [6034, 'server', '250 2.1.0 Ok', 21],
    [6034, 'client', 'RCPT TO:<cecq67wjqtpiufsp@relaytest.isp.example>'],
    [7035, 'server', '554 5.7.1 <cecq67wjqtpiufsp@relaytest.isp.example>: Relay access denied', 23],
    [7035, 'client', 'RSET'],
    [7036, 'server', '250 2.0.0 Ok', 25],
    [7039, 'client', 'QUIT'],
    [7040, 'server', '221 2.0.0 Bye', 27],
  ],
)

export const AMBIGUOUS = recording(
  [
    ['outside-sender', 'xa3t73ajonxprwod@relaytest.isp.example', '6s2cpll3ska2jqgd@relaytest.isp.example', 1, null],
    ['own-domain-sender', 'sender@example.com', 'ituwr5w57v4fc34r@relaytest.isp.example', 1, null],
    ['null-sender', '', 'bcwehrvcgxun7jla@relaytest.isp.example', 1, null],
    [
      'percent-hack',
      'xa3t73ajonxprwod@relaytest.isp.example',
      'i4wm7poaysfdzaw2%relaytest.isp.example@example.com',
      1,
      null,
    ],
  ],
  [
    [0, 'event', 'connecting to 203.0.113.25:25'],
    [3, 'server', '220 mail.example.com ESMTP Postfix (Debian/GNU)'],
    [3, 'client', 'EHLO relaytest.isp.example'],
    [4, 'server', '250-mail.example.com', 2],
    [4, 'server', '250-PIPELINING', 2],
    [4, 'server', '250-SIZE 10240000', 2],
    [4, 'server', '250-STARTTLS', 2],
    [4, 'server', '250-ENHANCEDSTATUSCODES', 2],
    [4, 'server', '250 8BITMIME', 2],
    [5, 'client', 'MAIL FROM:<xa3t73ajonxprwod@relaytest.isp.example>'],
    [5, 'client', 'RCPT TO:<6s2cpll3ska2jqgd@relaytest.isp.example>'],
    [5, 'client', 'RCPT TO:<i4wm7poaysfdzaw2%relaytest.isp.example@example.com>'],
    [5, 'client', 'RSET'],
    [5, 'client', 'MAIL FROM:<sender@example.com>'],
    [5, 'client', 'RCPT TO:<ituwr5w57v4fc34r@relaytest.isp.example>'],
    [5, 'client', 'RSET'],
    [5, 'client', 'MAIL FROM:<>'],
    [5, 'client', 'RCPT TO:<bcwehrvcgxun7jla@relaytest.isp.example>'],
    [5, 'client', 'RSET'],
    [6, 'server', '250 2.1.0 Ok', 9],
    [47, 'server', '554 5.7.1 <6s2cpll3ska2jqgd@relaytest.isp.example>: Relay access denied', 10],
    [47, 'server', '250 2.1.5 Ok', 11],
    [47, 'server', '250 2.0.0 Ok', 12],
    [47, 'server', '250 2.1.0 Ok', 13],
    [47, 'server', '554 5.7.1 <ituwr5w57v4fc34r@relaytest.isp.example>: Relay access denied', 14],
    [47, 'server', '250 2.0.0 Ok', 15],
    [47, 'server', '250 2.1.0 Ok', 16],
    [47, 'server', '554 5.7.1 <bcwehrvcgxun7jla@relaytest.isp.example>: Relay access denied', 17],
    [47, 'server', '250 2.0.0 Ok', 18],
    [55, 'client', 'QUIT'],
    [57, 'server', '221 2.0.0 Bye', 29],
  ],
)

export const DEAD = recording(
  [
    [
      'outside-sender',
      'i5q3rbokj2tgpcs5@relaytest.isp.example',
      '6zbkawcf2qydkzja@relaytest.isp.example',
      null,
      'connect-timeout',
    ],
    ['own-domain-sender', 'sender@example.com', '5y63tlklrmd6v4l7@relaytest.isp.example', null, 'connect-timeout'],
    ['null-sender', '', '7qax2s5zommwsce6@relaytest.isp.example', null, 'connect-timeout'],
    [
      'percent-hack',
      'i5q3rbokj2tgpcs5@relaytest.isp.example',
      'qzlfzruaiko3cqxi%relaytest.isp.example@example.com',
      null,
      'connect-timeout',
    ],
  ],
  [
    [0, 'event', 'connecting to 203.0.113.25:25'],
    [10000, 'event', 'no connection: connect-timeout'],
  ],
)
