/**
 * Tells whether a report is about a failure. Other mail quotes our message too: a vacation reply, a receipt, a notice
 * of a filter, or a report that the message is late or was passed on.
 */
import type { Header } from './parts.ts'

/** The parts of a message that show whether it reports a failure. */
export interface MessageText {
  readonly header: Header
  readonly subject: string
  /** The lines before the copy of our message, in lower case and without accents. */
  readonly lines: readonly string[]
  /** The values of its Action fields. */
  readonly actions: readonly string[]
}

/** Words of a report that only says that the message is late. */
const ONLY_LATE: readonly RegExp[] = [
  /\bnot yet been (?:delivered|sent)|\bwarning(?: message)? only\b/,
  /\bdelivery (?:is |was |has been )?delayed|\bdelayed (?:mail|delivery)|\bdelivery delay\b|\bmessage \S{1,40} delayed/,
  /\b(?:will|shall) (?:keep|continue|go on|be) (?:on |to )?(?:try|attempt|retr)|\bwill (?:try|retry|attempt)\b/,
  /\battempts? will (?:continue|be made)|\bwill be (?:retried|attempted)|\bdo not need to re-?send|\bno action is (?:required|needed)/,
  // German, Dutch, the Nordic languages.
  /\bverzoe?ger|\bweitere[n]? (?:zustell)?versuch|\bnoch nicht (?:zugestellt|ausgeliefert)|\bweiterhin (?:versuch|zu)/,
  /\bvertraag|\buitgesteld|\bforsinket|\bforsenad/,
  // French, Spanish, Portuguese, Italian.
  /\bretard|\bdiffere\b|\bnouvelles tentatives|\bdemorad|\bretras|\batrasad|\bin ritardo|\bseguira intentando/,
  // Polish, Czech, Russian, Chinese, Japanese.
  /\bopoznion|\bzpozden|задерж|отложен|延迟|延遲|遅延|遅れて/,
]

/** Words that only together, in one line, say that a delivery failed. */
const FAILS_TOGETHER: readonly (readonly [RegExp, RegExp])[] = [
  [/\b(?:deliver(?:y|ed|ing)?|sending|smtp|transmission)\b/, /\b(?:fail|failed|failure|errors?|rejected|bounced?)\b/],
  [/\bzustell/, /\b(?:fehl|gescheitert)/],
]

/** Words of a failure. A row whose words are common in other mail also needs a word about delivery. */
const FAILS: readonly RegExp[] = [
  /\bundeliver(?:able|ed)|\bnon-?delivery|\breturned (?:mail|to sender)|\breturning message|\bfailure notice|\bnot deliverable/,
  /\bfailed recipients?\b/,
  /\b(?:mail|message|recipients?)\b.{0,40}\b(?:is|was|were|been) (?:rejected|bounced|refused|returned)\b|\b(?:rejected|refused) your (?:e-?mail|message)/,
  /\b(?:could|can|was|were|has|have|been|be)(?: ?not|n't)\b.{0,30}\b(?:deliver|sent\b|relayed|transmitted)/,
  /\b(?:unable|not able|wasn't able|not possible|impossible) to (?:\w+ ){0,2}(?:deliver|relay|route)/,
  /\bdid not reach|\bpermanent (?:fatal |delivery )*errors?|\bi've given up\b|\bmessage (?:has )?expired\b|\bnot allowed to relay|\brelay(?:ing)? (?:access )?denied/,
  // German, Dutch, the Nordic languages, Finnish.
  /unzustellbar|\bnicht zustellbar|\bnicht (?:\w+ )?(?:zugestellt|ubermittelt|uebermittelt|gesendet|ausgeliefert|versendet)/,
  /\bfehler bei der zustellung|\babgelehnt|\bzuruckgewiesen|\bzurueckgewiesen/,
  /\bonbestelbaar|\bniet (?:\w+ )?(?:bezorgd|afgeleverd|besteld|verzonden)|\bkunde inte lever|\bikke (?:\w+ )?lever|\bei voitu toimittaa/,
  // French, Spanish, Portuguese, Italian.
  /\bnon (?:remis|distribu|delivr|livr|recapitat|consegnat)|\bechec\b|\bpas (?:pu )?etre (?:remis|distribu|delivr|livr|envoy|achemin)/,
  /\bno (?:se )?(?:pudo|puede|ha podido) (?:ser )?(?:entreg|envia)|\bno entregad|\bnao (?:foi |pode )?(?:possivel )?(?:ser )?(?:entreg|envia)/,
  /\bfal(?:l|h)[ao] (?:en|na) (?:la )?entrega|\bdevuelto|\bdevolvid|\bmancat[oa] (?:recapito|consegna)|\bimpossibile (?:recapitare|consegnare)/,
  // Polish, Czech, Turkish, Hungarian.
  /\bniedostarcz|\bnie (?:mozna|mogla|zostala) (?:\w+ )?dostarcz|\bnedorucit?el|\bnelze dorucit|\bteslim edilemedi|\biletilemedi|\bkezbesithetetlen/,
  // Russian, Chinese, Japanese, Korean.
  /недоставл|не (?:был[оа]? )?доставлен|не (?:удалось|может быть|могло быть) (?:\S+ )?достав|невозможно доставить|отклонен/,
  /退信|退回|无法投递|無法投遞|投递失败|未能送达|无法送达|發送失敗|发送失败|無法傳遞/,
  /配信不能|配信できません|配送できません|送信できません|届けられません|配信に失敗|반송|전송 ?실패|배달되지|전달되지/,
]

/** The status or reply of a permanent failure, in any language. */
const PERMANENT = /^status: 5\.|#5\.\d{1,3}\.\d{1,3}\b|(?:^|[:;'"<] ?)5[0-57]\d[ -](?:#?5\.\d|[a-z(])/
/** The same after an address. */
const PERMANENT_AFTER = / 5[0-57]\d[ -](?:#?5\.\d|[a-z(])/

/** Words of a success. Such a report may also have words of a failure, such as "0 failures". */
const SUCCEEDED = /\bsuccessful|\bsuccess\b|\berfolgreich|\bavec succes|\bcorrectamente|\bcon successo/

/** Whether a message reports a failure. RFC 3464 says it as an action (section 2.3.3), other reports in words. */
export function isFailure({ header, subject, lines, actions }: MessageText): boolean {
  if (actions.length > 0) return actions.some((action) => action.startsWith('failed'))
  const told = [withoutAccents(subject), ...lines]
  if (told.some((line) => ONLY_LATE.some((words) => words.test(line)) || SUCCEEDED.test(line))) return false
  if (isDeliveryReport(header) || header.has('x-failed-recipients')) return true
  return told.some(saysFailure)
}

function saysFailure(line: string): boolean {
  if (PERMANENT.test(line) || (line.includes('@') && PERMANENT_AFTER.test(line))) return true
  return (
    FAILS.some((words) => words.test(line)) ||
    FAILS_TOGETHER.some(([about, failed]) => about.test(line) && failed.test(line))
  )
}

/** Whether a message says that it is a report about a delivery (RFC 6522), and not a receipt or a complaint. */
function isDeliveryReport(header: Header): boolean {
  const type = (header.get('content-type') ?? '').toLowerCase()
  const [, kind = 'delivery-status'] = /;\s?report-type\s?=\s?"?([a-z-]+)/.exec(type) ?? []
  return type.startsWith('multipart/report') && kind === 'delivery-status'
}

/** Returns a text in lower case without accents, so that one row covers all spellings. */
export const withoutAccents = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replaceAll('ß', 'ss')
