/**
 * The words in which model servers refuse, ban and deny. Each row says what it is about, so that the truth about a
 * server needs nothing from the tables of the product.
 */

/** The subject of a refusal, as a person reads its words. */
export type About = 'relaying' | 'a login' | 'the recipient' | 'us' | 'nothing'

/** A refusal: its code and text. `{to}` is the recipient; lines are separated by a line feed. */
export interface Words {
  readonly about: About
  readonly says: string
}

/** How servers refuse an outside recipient of a stranger. */
export const DENIALS = {
  Postfix: { about: 'relaying', says: '554 5.7.1 <{to}>: Relay access denied' },
  'Postfix, 454': { about: 'relaying', says: '454 4.7.1 <{to}>: Relay access denied' },
  Exim: { about: 'relaying', says: '550 relay not permitted' },
  qmail: { about: 'relaying', says: "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)" },
  Exchange: { about: 'relaying', says: '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain' },
  Sendmail: { about: 'relaying', says: '550 5.7.1 <{to}>... Relaying denied' },
  'relaying, in German': { about: 'relaying', says: '550 5.7.1 Weiterleitung verweigert' },
  'relaying, in Chinese': { about: 'relaying', says: '550 不允许转发' },
  'login, 530': { about: 'a login', says: '530 5.7.0 Authentication required' },
  'login, 503': {
    about: 'a login',
    says: '503 This mail server requires authentication when attempting to send to a non-local e-mail address.',
  },
  'login, in German': { about: 'a login', says: '550 Anmeldung erforderlich' },
  'user unknown': { about: 'the recipient', says: '550 5.1.1 <{to}>: Recipient address rejected: User unknown' },
  'user not local': { about: 'the recipient', says: '551 User not local; please try another address' },
  'recipient refused': { about: 'the recipient', says: '554 5.7.1 <{to}>: Recipient address rejected: Access denied' },
  'user unknown, in German': { about: 'the recipient', says: '550 Empfänger unbekannt' },
  'unseen German': { about: 'nothing', says: '550 Das machen wir hier nicht' },
  'unseen Chinese': { about: 'nothing', says: '550 此处不可' },
  'unseen English': { about: 'nothing', says: '550 Computer says no' },
  'empty text': { about: 'nothing', says: '550' },
  'codes only': { about: 'nothing', says: '554 5.0.0' },
  '5.7.1 and unseen words': { about: 'nothing', says: '550 5.7.1 Not on my watch' },
  poem: {
    about: 'nothing',
    says: '550 The woods are lovely, dark and deep,\n550 but I have promises to keep,\n550 and miles to go before I sleep.',
  },
  '551 and no text': { about: 'the recipient', says: '551' },
  '503 and unseen words': { about: 'nothing', says: '503 Not in this way' },
  '571 and unseen words': { about: 'nothing', says: '571 So nicht, mein Herr' },
  'unseen, 451': { about: 'nothing', says: '451 Hier geht es nicht weiter' },
} as const satisfies Record<string, Words>

/** How servers refuse a local part that nobody has. */
export const UNKNOWN_USERS = {
  Postfix: { about: 'the recipient', says: '550 5.1.1 <{to}>: Recipient address rejected: User unknown in table' },
  Exim: { about: 'the recipient', says: '550 Unrouteable address' },
  qmail: { about: 'the recipient', says: '550 sorry, no mailbox here by that name (#5.1.1)' },
  'put off': { about: 'the recipient', says: '450 4.1.1 <{to}>: Recipient address rejected: User unknown' },
  German: { about: 'the recipient', says: '550 Benutzer unbekannt' },
  'unseen German': { about: 'nothing', says: '550 Kennen wir nicht' },
  'unseen Chinese': { about: 'nothing', says: '550 查无' },
  'empty text': { about: 'nothing', says: '550' },
} as const satisfies Record<string, Words>

/** How servers ban: in words, or without any. */
export const BANS = {
  'a block list': { about: 'us', says: '554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using a.b' },
  'our IP address': { about: 'us', says: '550 Your IP address is banned' },
  'our host': { about: 'us', says: '554 5.7.1 <unknown[198.51.100.7]>: Client host rejected: Access denied' },
  'a block list, in German': { about: 'us', says: '550 Ihre IP-Adresse ist gesperrt' },
  spam: { about: 'us', says: '550 Mail appears to be unsolicited' },
  'unseen German': { about: 'nothing', says: '550 Geh weg' },
  'unseen Chinese': { about: 'nothing', says: '550 滚开' },
  'unseen English': { about: 'nothing', says: '554 Nope' },
  'access denied': { about: 'nothing', says: '550 5.7.1 Access denied' },
  'empty text': { about: 'nothing', says: '550' },
  'recipient refused': { about: 'the recipient', says: '550 5.1.1 <{to}>: Recipient address rejected: User unknown' },
  'relaying denied': { about: 'relaying', says: '550 5.7.1 Relaying denied' },
  login: { about: 'a login', says: '530 5.7.0 Authentication required' },
  silence: { about: 'us', says: '' },
  'hanging up': { about: 'us', says: '421 4.7.0 Go away' },
} as const satisfies Record<string, Words>
