/**
 * The recorded sessions of the sandbox. All were recorded by the service: two with a Postfix 3.7 of the lab, which are
 * the examples of the API, the others with servers that greylist, accept the percent hack, wait three seconds before
 * the greeting and one second before each refusal, or refuse in words that nobody knows.
 */
import { EXAMPLES } from '../contract/examples.ts'
import type { Recording } from './recording.ts'

type Attempt = Recording['attempts'][number]
type Line = Recording['transcript'][number]

type Attempts = readonly (readonly [
  form: string,
  mailFrom: string,
  rcptTo: string,
  connection: number | null,
  why: string | null,
])[]
type Lines = readonly (readonly [ms: number, from: Line['from'], line: string, answers?: number])[]

const recording = (attempts: Attempts, transcript: Lines): Recording => ({
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

/** The first forms of a session with a server that refuses in words that no table has. */
const unknownWordsForms = (ownSender: string): Attempts => [
  ['outside-sender', '2pezkajulecl277b@relaytest.isp.example', 'dyufabbiiueivevr@relaytest.isp.example', 1, null],
  ['own-domain-sender', ownSender, 'iujqgjdf6bwr2zxi@relaytest.isp.example', 1, null],
  ['null-sender', '', 'oglvq3judecadr3j@relaytest.isp.example', 1, null],
  [
    'percent-hack',
    '2pezkajulecl277b@relaytest.isp.example',
    '7zr7mdkd7lcmwmsq%relaytest.isp.example@example.com',
    1,
    null,
  ],
  ['own-domain-postmaster', 'postmaster@example.com', 'l2ts3ryxfamjo72y@relaytest.isp.example', 1, null],
]

/** The lines of these forms. */
const unknownWordsLines = (ownSender: string): Lines => [
  [1, 'event', 'connecting to 203.0.113.25:25'],
  [14, 'server', '220 mail.example.com ESMTP'],
  [15, 'client', 'EHLO relaytest.isp.example'],
  [18, 'server', '250-mail.example.com', 2],
  [18, 'server', '250-PIPELINING', 2],
  [18, 'server', '250-SIZE 52428800', 2],
  [18, 'server', '250-8BITMIME', 2],
  [18, 'server', '250 ENHANCEDSTATUSCODES', 2],
  [22, 'client', 'MAIL FROM:<2pezkajulecl277b@relaytest.isp.example>'],
  [22, 'client', 'RCPT TO:<dyufabbiiueivevr@relaytest.isp.example>'],
  [22, 'client', 'RCPT TO:<7zr7mdkd7lcmwmsq%relaytest.isp.example@example.com>'],
  [22, 'client', 'RSET'],
  [22, 'client', `MAIL FROM:<${ownSender}>`],
  [22, 'client', 'RCPT TO:<iujqgjdf6bwr2zxi@relaytest.isp.example>'],
  [22, 'client', 'RSET'],
  [22, 'client', 'MAIL FROM:<>'],
  [22, 'client', 'RCPT TO:<oglvq3judecadr3j@relaytest.isp.example>'],
  [22, 'client', 'RSET'],
  [26, 'server', '250 2.0.0 Ok', 8],
  [26, 'server', '550 5.0.0 Hier endet die Reise', 9],
  [26, 'server', '550 5.0.0 Hier endet die Reise', 10],
  [26, 'server', '250 2.0.0 Ok', 11],
  [26, 'server', '250 2.0.0 Ok', 12],
  [26, 'server', '550 5.0.0 Hier endet die Reise', 13],
  [26, 'server', '250 2.0.0 Ok', 14],
  [26, 'server', '250 2.0.0 Ok', 15],
  [26, 'server', '550 5.0.0 Hier endet die Reise', 16],
  [26, 'server', '250 2.0.0 Ok', 17],
  [130, 'client', 'MAIL FROM:<postmaster@example.com>'],
  [130, 'client', 'RCPT TO:<l2ts3ryxfamjo72y@relaytest.isp.example>'],
  [130, 'client', 'RSET'],
  [134, 'server', '250 2.0.0 Ok', 28],
  [134, 'server', '550 5.0.0 Hier endet die Reise', 29],
  [134, 'server', '250 2.0.0 Ok', 30],
]

/** No mailbox at that server is known. */
export const UNKNOWN_WORDS = recording(
  [
    ...unknownWordsForms('sender@example.com'),
    ['postmaster-control', '2pezkajulecl277b@relaytest.isp.example', 'postmaster@example.com', 1, null],
    ['random-local-control', '2pezkajulecl277b@relaytest.isp.example', 'kc73cqd76lk3pceb@example.com', 1, null],
    ['own-sender-to-local', 'sender@example.com', 'postmaster@example.com', 1, null],
  ],
  [
    ...unknownWordsLines('sender@example.com'),
    [138, 'client', 'MAIL FROM:<2pezkajulecl277b@relaytest.isp.example>'],
    [138, 'client', 'RCPT TO:<postmaster@example.com>'],
    [138, 'client', 'RSET'],
    [142, 'server', '250 2.0.0 Ok', 34],
    [142, 'server', '250 2.0.0 Ok', 35],
    [142, 'server', '250 2.0.0 Ok', 36],
    [144, 'client', 'MAIL FROM:<2pezkajulecl277b@relaytest.isp.example>'],
    [144, 'client', 'RCPT TO:<kc73cqd76lk3pceb@example.com>'],
    [144, 'client', 'RSET'],
    [148, 'server', '250 2.0.0 Ok', 40],
    [148, 'server', '550 5.0.0 Hier endet die Reise', 41],
    [148, 'server', '250 2.0.0 Ok', 42],
    [150, 'client', 'MAIL FROM:<sender@example.com>'],
    [154, 'server', '250 2.0.0 Ok', 46],
    [155, 'client', 'RCPT TO:<postmaster@example.com>'],
    [159, 'server', '250 2.0.0 Ok', 48],
    [162, 'client', 'QUIT'],
    [166, 'server', '221 2.0.0 Bis bald', 50],
  ],
)

/** The known mailbox of the next session. */
export const RECORDED_MAILBOX = 'jane@example.com'

/** The same server, for a test that names a mailbox there. It takes mail for that mailbox. */
export const UNKNOWN_WORDS_KNOWN_MAILBOX = recording(
  [
    ...unknownWordsForms(RECORDED_MAILBOX),
    ['known-mailbox-control', '2pezkajulecl277b@relaytest.isp.example', 'jane@example.com', 1, null],
    ['own-sender-to-local', 'jane@example.com', 'jane@example.com', 1, null],
  ],
  [
    ...unknownWordsLines(RECORDED_MAILBOX),
    [138, 'client', 'MAIL FROM:<2pezkajulecl277b@relaytest.isp.example>'],
    [138, 'client', 'RCPT TO:<jane@example.com>'],
    [138, 'client', 'RSET'],
    [142, 'server', '250 2.0.0 Ok', 34],
    [142, 'server', '250 2.0.0 Ok', 35],
    [142, 'server', '250 2.0.0 Ok', 36],
    [144, 'client', 'MAIL FROM:<jane@example.com>'],
    [148, 'server', '250 2.0.0 Ok', 40],
    [149, 'client', 'RCPT TO:<jane@example.com>'],
    [153, 'server', '250 2.0.0 Ok', 42],
    [156, 'client', 'QUIT'],
    [160, 'server', '221 2.0.0 Bis bald', 44],
  ],
)
