/**
 * Recognises the mail server software from its texts, so that a remedy can name its settings. One row for each way to
 * recognise a software, with its source.
 */

/** The texts of a server, all printable. */
export interface ServerTexts {
  /** The greeting without its code, its lines joined by a space. */
  readonly greeting: string
  /** The lines of the EHLO reply after the first, without their codes. */
  readonly extensions: readonly string[]
  /** The lines of other replies, without their codes. */
  readonly replies: readonly string[]
}

/** One way to recognise a software. Every pattern that is given must match; its group 1, if any, is the version. */
interface SoftwareRow {
  readonly name: string
  /** No pattern may have a quantifier inside a quantifier: a match could take forever. */
  readonly greeting?: RegExp
  /** Matched against each line. */
  readonly extension?: RegExp
  /** Matched against each line. */
  readonly reply?: RegExp
  readonly source: string
}

/** The first match counts: greetings that name the software first, then texts that only it uses. */
const SOFTWARE = [
  {
    name: 'Postfix postscreen',
    greeting: /\bE?SMTP Postfix\b/,
    reply: /^(4\.3\.2 Service currently unavailable|5\.7\.1 Service unavailable; client \[)/,
    source: 'measured; postscreen binary of Debian 3.7',
  },
  { name: 'Postfix', greeting: /\bE?SMTP Postfix\b(?: \((\d[\w.-]*)\))?/, source: 'measured: Debian 3.7; postconf(5)' },
  {
    name: 'Zimbra',
    greeting: /\bE?SMTP Zimbra\b/,
    source: 'zimbraMtaSmtpdBanner, $myhostname ESMTP $mail_name: the same as Postfix unless it was changed',
  },
  { name: 'Exim', greeting: /\bE?SMTP Exim\b(?: (\d[\w.-]*))?/, source: 'measured: Debian 4.96' },
  {
    name: 'Sendmail',
    greeting: /\bE?SMTP Sendmail\b(?: (?:AIX[\d.]{1,9}\/)?(\d[\w.-]*))?/,
    source: 'measured; nmap service probes',
  },
  { name: 'OpenSMTPD', greeting: /\bESMTP OpenSMTPD\b/, source: 'measured; smtp_session.c' },
  { name: 'Courier', greeting: /\bCourier Mail Server ([\d.]+)/, source: 'nmap service probes' },
  {
    name: 'Haraka',
    greeting: /\bESMTP Haraka\b(?:[/ ](\d[\w.-]*))?/,
    source: 'connection.js; issue haraka/Haraka#2978',
  },
  {
    name: 'Exchange Online',
    greeting: /\.mail\.protection\.outlook\.com Microsoft ESMTP MAIL Service/i,
    source: 'greetings of outlook.com, 2019 to 2026',
  },
  {
    name: 'Exchange',
    greeting: /\bMicrosoft Exchange Internet Mail (?:Service|Connector) (\d[\d.]*)/,
    source: 'Microsoft KB: telnet test of Exchange 5.5; up to 4.0 the service is called Connector',
  },
  {
    name: 'Windows SMTP Service',
    greeting: /\bMicrosoft ESMTP MAIL Service, Version: (\d[\d.]*)/i,
    source: 'nmap service probes; Exchange 2000 and 2003 run on it',
  },
  {
    name: 'Exchange',
    greeting: /\bMicrosoft ESMTP MAIL Service\b(?: Version: (\d[\d.]*))?/i,
    source: 'Set-ReceiveConnector -Banner, Exchange 2007 on; nmap service probes',
  },
  { name: 'hMailServer', greeting: /\bhMailServer\b(?: (\d[\w.-]*))?/i, source: 'nmap service probes' },
  { name: 'Stalwart', greeting: /\bStalwart E?SMTP\b/, source: 'default of session.connect.greeting' },
  { name: 'Apache James', greeting: /\bJAMES SMTP Server\b(?: (\d[\w.-]*))?/, source: 'greetings of James 2.3.2' },
  {
    name: 'Domino',
    greeting: /\((?:Lotus|IBM|HCL) Domino (?:[A-Z][a-z]{1,20} )?V?(\d[\w.]*)/,
    source: 'greetings of Lotus 5.0.4 to HCL 11.0.1',
  },
  {
    name: 'MailEnable',
    greeting: /\bMail ?Enable (?:SMTP )?Service, Version: (?:\d--)?(\d[\d.]*)/,
    source: 'greetings of 1.981 to 10.55',
  },
  { name: 'MDaemon', greeting: /\bESMTP (?:MSA )?MDaemon (\d[\w.]*)/, source: 'nmap service probes' },
  { name: 'Kerio Connect', greeting: /\bKerio (?:Connect|MailServer) (\d[\w.]*)/, source: 'nmap service probes' },
  {
    name: 'IceWarp',
    greeting: /\bE?SMTP (?:IceWarp|Merak) (\d[\w.-]*)/,
    source: 'OpenVAS banners; nmap service probes',
  },
  { name: 'IMail', greeting: /\(IMail (\d[\w.]*)/, source: 'nmap service probes' },
  { name: 'GroupWise', greeting: /\bGroupWise Internet Agent (\d[\w.]*)/, source: 'nmap service probes' },
  { name: 'CommuniGate Pro', greeting: /\bESMTP CommuniGate Pro\b(?: (\d[\w.]*))?/, source: 'nmap service probes' },
  { name: 'PowerMTA', greeting: /\(PowerMTA\(TM\) v(\d[\w.]*)\)/, source: 'nmap service probes' },
  { name: 'Mercury', greeting: /\bMercury(?:\/32)? v?(\d[\w.]*) ESMTP server/, source: 'nmap service probes' },
  { name: 'Axigen', greeting: /\bAxigen ESMTP\b/, source: 'nmap service probes' },
  {
    name: 'Cisco PIX or ASA inspection',
    greeting: /^(?=.*\*{4})[*\d ]+$/,
    source: 'Microsoft KB 320027; nmap service probes: all but digits of the greeting turned to stars',
  },

  // Some greetings do not name the software, but extensions and other replies do.
  { name: 'Exim', extension: /^(X_)?PIPE_?CONNECT$/i, source: 'measured: Debian 4.96' },
  { name: 'Courier', extension: /^XVERP=Courier$/i, source: 'measured' },
  { name: 'Exchange', extension: /^X-ANONYMOUSTLS$/i, source: 'nmap service probes: Exchange 2007 on' },
  { name: 'Cisco PIX or ASA inspection', extension: /^X{3,}[A-Z]?$/, source: 'nmap service probes; cisco-nsp 2004' },
  {
    name: 'qmail',
    reply: /list of allowed rcpthosts|^flushed$|\bok \d+ qp \d+$/,
    source: 'qmail-smtpd.c, also of notqmail',
  },
  { name: 'Haraka', reply: /Haraka is at your service|I cannot deliver mail for/, source: 'connection.js, measured' },
  {
    name: 'hMailServer',
    reply: /^(Delivery is not allowed to this address|SMTP authentication is required)\.$/,
    source: 'SMTPConnection.cpp',
  },
  { name: 'smtp-server', reply: /^\S+ Nice to meet you, /, source: 'nodemailer smtp-connection.js' },
  { name: 'maddy', reply: /\(msg ID = [0-9a-f]{8}\)/, source: 'maddy internal/endpoint/smtp' },
  { name: 'OpenSMTPD', reply: /Destination address valid: Recipient ok/, source: 'smtp_session.c' },
  { name: 'Sendmail', reply: /\.\.\. (Sender ok|Relaying denied)/, source: 'measured' },
  { name: 'MailEnable', reply: /, this server offers \d+ extensions$/, source: 'nmap service probes' },
] as const satisfies readonly SoftwareRow[]

/** The names in the table. */
export type SoftwareName = (typeof SOFTWARE)[number]['name']

const ROWS: readonly SoftwareRow[] = SOFTWARE

/** A mail server software. The version is null if it is unknown. */
export interface Software {
  readonly name: string
  readonly version: string | null
}

/** Returns the software of a server, or null if it cannot be recognised. */
export function recognise(texts: ServerTexts): Software | null {
  const greetings = [texts.greeting]
  for (const row of ROWS) {
    const greeting = firstMatch(row.greeting, greetings)
    const extension = greeting === null ? null : firstMatch(row.extension, texts.extensions)
    const reply = extension === null ? null : firstMatch(row.reply, texts.replies)
    if (reply !== null) return { name: row.name, version: (greeting ?? extension ?? reply)?.[1] ?? null }
  }
  return null
}

/** Returns the first match in the lines, or null. Returns undefined if there is no pattern. */
function firstMatch(pattern: RegExp | undefined, lines: readonly string[]): RegExpExecArray | null | undefined {
  if (!pattern) return undefined
  for (const line of lines) {
    const found = pattern.exec(line.trim())
    if (found) return found
  }
  return null
}

/** All patterns, for the test that no match takes forever. */
export const SOFTWARE_PATTERNS: readonly RegExp[] = ROWS.flatMap((row) => [
  ...(row.greeting ? [row.greeting] : []),
  ...(row.extension ? [row.extension] : []),
  ...(row.reply ? [row.reply] : []),
])
