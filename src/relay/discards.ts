/** Recognises a server that accepts a message and says that it threw it away: nothing was relayed. */
import type { Reply } from './attempt.ts'
import { plainText } from './plain-text.ts'

/** Words for a message that is kept from its recipient. Sources: amavisd-new, MIMEDefang, Haraka, ASSP, Barracuda. */
const DISCARDED = [
  /\bdiscard(?:ed|ing)?\b|\bdropp(?:ed|ing)\b|\bblack-? ?hol(?:ed?|ing)\b|\bsink-? ?hole|\bquarantin(?:ed?|ing)\b/,
  /\b(?:silently|quietly) (?:dropped|deleted|ignored|removed|eaten|swallowed)\b|\/dev\/null|\bbit ?bucket\b/,
  /\b(?:message|mail|e-?mail|it)(?: (?:is|was|has been|will be|being))? (?:deleted|trashed|ignored|thrown away)\b/,
  /\b(?:message|mail|e-?mail|it)(?: (?:is|was|has been|will be|being))? (?:rejected|refused|suppressed|junked|blocked)\b/,
  /\bno valid recipients?\b|\b0 recipients\b|\bheld as (?:spam|junk)\b|\bspam sink\b/,
  /\b(?:not|never) (?:be |been )?(?:delivered|forwarded|relayed|sent)\b|\bthank you,? but no\b/,
  /\b(?:in|into|to) (?:the |your |our |a )?(?:trash|junk|garbage|rubbish|waste|recycle|spam|bin)\b/,
  /\bverworfen\b|\bgeloscht\b|\bpapierkorb\b|\bsupprime\b|\bcorbeille\b|\bdescartado\b|\bscartato\b|\bcestino\b/,
  /\b(?:nachricht|mail|e-mail) (?:wurde )?(?:abgelehnt|zuruckgewiesen|blockiert)\b|\b(?:mensaje|correo) (?:\w{1,8} )?(?:rechazado|bloqueado|no enviado)\b/,
  /\bmessage (?:\w{1,8} )?(?:rejete|refuse|bloque|non (?:relaye|transmis|delivre))\b|\bmessaggio (?:\w{1,8} )?(?:rifiutato|bloccato|non inoltrato)\b/,
  /\bpapelera\b|\blixeira\b|\bverwijderd\b|\bodrzucon|удалено|отброшен|丢弃|丟棄|破棄|ゴミ箱|垃圾箱|폐기/,
]

/** Words for a server that takes every message and passes none on, and for a refusal with a positive code. */
const NO_SERVICE = [
  /\b(?:test|testing|dummy|fake|mock|debug|demo|sandbox) ?(?:server|system|mode|only|service|mailbox|smtp)\b/,
  /\bhoneypot\b|\bspam ?trap\b|\bdry[- ]run\b/,
  /\brelay(?:ing)? (?:access |attempt |service )?(?:is |was )?(?:denied|refused|rejected|prohibited|forbidden|disabled)\b/,
  /\brelay(?:ing)? (?:access |attempt |service )?(?:is |was )?not (?:allowed|permitted|authori[sz]ed|available)\b/,
]

/** A word of these lists after a negation, such as "not discarded", means the opposite. */
const DENIED =
  /\b(?:not|never|without|nothing|no)(?: mails?| messages?)?(?: be| been| being| was)? (?:discard|dropp|quarantin|delet|reject|block)/

/** Texts that only look like it: other mail, a mail that waits, a queue directory, a setting that is off, an id. */
const LOOKALIKES = [
  /\bif (?:it|this|the message|your message) (?:is|was|looks like) [^.;]{1,80}/g,
  /\b(?:discard|drop|quarantine|block) (?:policy|policies|rules?|filters?) (?:is |was |were |did )?not (?:match|appl|hit)\w{0,3}/g,
  /\b(?:not|never) (?:be |been )?(?:delivered|forwarded|relayed|sent) (?:yet|so far|until|before|now)\b/g,
  /\bdropped (?:in|into|to|at) (?:the |a |our )?(?:[\w-]{1,16} )?(?:queue|pick-?up|spool|mailbox|inbox|folder|directory|drop)/g,
  /\b(?:spam|viruses|virus|malware|bounces|bounce|junk|duplicates|attachments|infected (?:mail|messages))(?: mails?| messages?)? (?:is|are|will be|may be|gets?|shall be) (?:\w{1,12} )?(?:discarded|dropped|quarantined|deleted|rejected|ignored|refused|junked)/g,
  /\b(?:discard(?:ed)?|drop(?:ped)?|quarantined?|black-?hole|sink-?hole|delete|trash)[=:] ?(?:no|none|false|off|0)\b/g,
  /\b(?:queued as|queue-?id|message-?id|msg-?id|id)[ =:]{1,2}[\w.-]{1,60}/g,
]

/** Whether a word is no host name. A name has two dots, or a hyphen before a dot. */
const isNoName = (word: string): boolean => word.split(/\w\.\w/).length < 3 && !/^\w+-[\w-]+\.\w/.test(word)

/** Returns whether a 2xx reply to the final dot says that the message was thrown away, or that none is passed on. */
export function saysDiscarded(reply: Pick<Reply, 'code' | 'words'>): boolean {
  if (reply.code < 200 || reply.code > 299) return false
  const words = plainText(reply, []).split(' ')
  const text = LOOKALIKES.reduce((rest, lookalike) => rest.replaceAll(lookalike, ' '), words.filter(isNoName).join(' '))
  return [...DISCARDED, ...NO_SERVICE].some((discard) => discard.test(text)) && !DENIED.test(text)
}
