/**
 * Refusals in other languages than English, one row for each language and meaning. `plainText` has removed the accents
 * of Latin letters. Texts about us are here too: they must never be read as relaying denied.
 */
import { AFTER_MAIL, type TextRow } from './refusal-row.ts'

/** Our address is blocked. */
export const BLOCKED_ABROAD: readonly TextRow[] = [
  {
    refusal: 'blocklisted',
    text: /gesperrt|sperrliste|schwarze[nr]? liste|\bblockiert|(ihre?|deine?|ihrer|ihrem) (ip|server|host|netz|rechner|provider)/,
    source: 'German administrators',
    covers: 'German: blocked, on a list, texts about our host',
  },
  {
    refusal: 'blocklisted',
    text: /liste noire|\bbloque|\bbanni|votre (adresse ip|ip|serveur|reseau|hote|fournisseur)|adresse ip (?:\S{1,20} )?(refusee|rejetee|interdite)|bloccat|lista nera|bloquead|lista negra|tu (ip|servidor)|su (ip|servidor|direccion ip)|seu (ip|servidor)|vostro (ip|server)|tuo (ip|server)|indirizzo ip/,
    source: 'French, Italian, Spanish and Portuguese providers; orange.fr',
    covers: 'French, Italian, Spanish, Portuguese: blocked, on a list, texts about our host',
  },
  {
    refusal: 'blocklisted',
    text: /geblokkeerd|zwarte lijst|uw (ip|server|netwerk)|zablokowan|czarn\w{1,4} lis|twoj\w{0,2} (ip|adres ip|serwer)|blokovan|blockerad|engelle|kara liste/,
    source: 'Dutch, Polish, Czech, Swedish and Turkish administrators',
    covers: 'Dutch, Polish, Czech, Swedish, Turkish: blocked, on a list, texts about our host',
  },
  {
    refusal: 'blocklisted',
    text: /заблокирован|черн\S{2,3} списк|ваш(его|ему|ем)? (ip|сервер|адрес|хост|провайдер)|黑名单|黑名單|封禁|封锁|封鎖|屏蔽|拦截|您的(ip|服务器|地址|主机)|あなたの|ブラックリスト|ブロック|接続を拒否|차단|블랙리스트/,
    source: 'Russian, Chinese, Japanese and Korean providers',
    covers: 'Russian, Chinese, Japanese, Korean: blocked, on a list, texts about our host',
  },
]

/** The server refuses only for now. */
export const LATER_ABROAD: readonly TextRow[] = [
  {
    refusal: 'greylisted',
    text: /spae?ter (?:noch ?mal|noch einmal|erneut|wieder|versuchen)|(?:versuchen|probieren) sie es|(?:erneut|nochmals?|wieder) (?:versuchen|probieren|senden)|vorue?bergehend|plus tard|\bre?essaye|temporairement|mas tarde|\bintent[ea](?:lo)? (?:de nuevo|nuevamente|otra vez)|\breintent|temporalmente|mais tarde|\btent[ae]r? (?:novamente|de novo|outra vez)|temporariamente|piu tardi|\briprov|\britent|temporaneamente|later (?:opnieuw|nog)|\bprobeer|tijdelijk/,
    source: 'greylisting of German, French, Spanish, Portuguese, Italian and Dutch administrators',
    covers: 'German, French, Spanish, Portuguese, Italian, Dutch: later, try again, for a time',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /\bsprob(?:uj|owac)|\bpozniej|\bponow|\btymczasow|\bpozdeji|\bzkuste|\bdocasn|\b(?:forsok|prov) igen|\bsenare\b|\bsenere\b|\btillfallig|\bmidlertidig|\bdaha sonra|\btekrar dene|\bgecici|\bkesobb|\bprobalja ujra|\bideiglenes|\bmai tarziu|\bincercati|\btemporar respins|\bthu lai\b|\btam thoi/,
    source: 'greylisting of Polish, Czech, Nordic, Turkish, Hungarian, Romanian and Vietnamese administrators',
    covers: 'Polish, Czech, the Nordic languages, Turkish, Hungarian, Romanian, Vietnamese: the same',
    only: { temporary: true },
  },
  {
    refusal: 'greylisted',
    text: /позже|позднее|попробуйте|повторите попытку|временно|пізніше|спробуйте|тимчасово|αργοτερα|δοκιμαστε|προσωρινα|稍后|稍後|重试|重試|再试|再試|暂时|暫時|後で|後ほど|しばらく|再試行|再度|一時的|나중에|잠시 후|다시 시도|일시적|ภายหลัง|ลองใหม่|ลองอีกครั้ง|ชั่วคราว|لاحقا|مرة أخرى|مؤقت|מאוחר יותר|נסה שוב|זמני/,
    source: 'greylisting of Russian, Ukrainian, Greek, Asian, Arabic and Hebrew administrators',
    covers: 'Russian, Ukrainian, Greek, Chinese, Japanese, Korean, Thai, Arabic, Hebrew: the same',
    only: { temporary: true },
  },
  {
    refusal: 'server-trouble',
    text: /\bderzeit\b|\bmomentan\b|\bzur ?zeit\b|\bim moment\b|\bactuellement\b|\bpour le moment\b|\ben ce moment\b|\ben este momento\b|\bactualmente\b|\bneste momento\b|\bno momento\b|\bal momento\b|\battualmente\b|\bmomenteel\b|\bop dit moment\b|\bobecnie\b|\bv tuto chvili\b|\bfor tillfallet\b|\bsu anda\b|сейчас|в данный момент|зараз|目前|现在|現在|현재/,
    source: 'administrators whose server cannot do something now',
    covers: 'not now, in the languages that have "now" as an adverb of refusals',
    only: { temporary: true },
  },
]

/** The server does not relay for strangers. */
export const RELAYING_ABROAD: readonly TextRow[] = [
  {
    refusal: 'relay-denied',
    text: /\b(relay(ing)?|relay[- ]?zugriff|weiterleit(ung|en)|weitergabe) (?:\S{1,24} ){0,3}(verweigert|abgelehnt|verboten|untersagt|(ist |wird )?nicht (erlaubt|gestattet|zulaessig|zulassig|zugelassen|moglich|moeglich|unterstuetzt|unterstutzt))|\bkein (?:offenes |offener )?(?:mail-?)?relay/,
    source: 'German Exchange and Postfix: Relay-Zugriff verweigert; Weiterleitung verweigert',
    covers: 'German: relaying or forwarding is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\b(relais|relayage|retransmission|relay) (?:\S{1,24} ){0,3}(refusee?|interdite?|(non|pas) (autorisee?|permise?|admise?)|rejetee?)\b|\bacces (au|de) relais\b|ne rela(ie|yons) pas/,
    source: 'French servers: retransmission refusée, relais interdit',
    covers: 'French: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\b(retransmision|reenvio|relay|relevo) (?:\S{1,24} ){0,3}(denegad[oa]|prohibid[oa]|rechazad[oa]|no (esta )?(permitid[oa]|autorizad[oa]|admitid[oa]))|no se permite (el )?(relay|reenvio)/,
    source: 'Spanish servers: relay denegado',
    covers: 'Spanish: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\b(retransmissao|encaminhamento|relay) (?:\S{1,24} ){0,2}(negad[oa]|proibid[oa]|recusad[oa]|rejeitad[oa]|nao (e |esta )?(permitid[oa]|autorizad[oa]|aceit[oa]))/,
    source: 'Portuguese servers: Relay não permitido',
    covers: 'Portuguese: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\b(inoltro|relay) (?:\S{1,24} ){0,2}(negato|vietato|proibito|rifiutato|non (e )?(consentito|permesso|autorizzato|ammesso))/,
    source: 'Italian servers: relay non consentito',
    covers: 'Italian: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\b(relay(en|ing)?|doorsturen|doorgifte) (?:\S{1,24} ){0,2}(geweigerd|verboden|niet toegestaan)/,
    source: 'Dutch servers',
    covers: 'Dutch: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\b(przekazywanie|relay(owanie)?|przesylanie|predavani) (?:\S{1,24} ){0,2}(zabronion|niedozwolon|odrzucon|odmowa|odmitnut|zakazan|neni povolen)/,
    source: 'Polish and Czech servers',
    covers: 'Polish, Czech: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /\brelay(ing|a)? (?:\S{1,24} ){0,2}(nekad|nekas|tillats inte|inte tillat|ikke tilladt|ikke tillatt|izni yok|reddedildi)/,
    source: 'Swedish, Danish, Norwegian and Turkish servers',
    covers: 'the Nordic languages, Turkish: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /(релей|релеинг|релея|релею|ретрансляци[яию]|пересылк[аиу]) (?:\S{1,24} ){0,3}(запрещ\S{1,5}|отклон\S{1,5}|отказано|не разреш\S{1,5}|заборонен\S)|(запрещ\S{1,5}|не разреш\S{1,5}) (релей|релеинг|ретрансляци|пересылк)/,
    source: 'Russian servers: пересылка запрещена, релей запрещен',
    covers: 'Russian, Ukrainian: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /(不允许|不允許|禁止|拒绝|拒絕|不支持|无权|無權|不能|不可|没有权限)(邮件|郵件|为您|進行|进行)?(转发|轉發|中继|中繼|转寄|轉寄)|(转发|轉發|中继|中繼|轉寄)(访问|存取|请求)?(被)?(拒绝|拒絕|禁止|不允许|不允許)/,
    source: 'Chinese servers: 不允许转发, 拒绝中继 (Coremail)',
    covers: 'Chinese: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /(リレー|中継|転送)(アクセス)?(は|を|が)?(拒否|禁止|許可されて(い)?ません|許可しません|できません)|릴레이(가|를|는)? ?(거부|금지|허용되지|허용하지)/,
    source: 'Japanese and Korean servers',
    covers: 'Japanese, Korean: relaying is denied',
  },
]

/** The recipient is at none of the server's domains. At MAIL, such words are about our sender. */
export const NOT_LOCAL_ABROAD: readonly TextRow[] = [
  {
    refusal: 'relay-denied',
    text: /nur (?:fur |fuer )?lokale (empfae?nger|adressen|domains)|domain (?:wird |ist )?(?:hier )?nicht (bedient|lokal|gehostet|zustandig|zustaendig)|(?:empfae?nger|adresse|empfae?ngeradresse|benutzer)(?: ist)? nicht lokal/,
    source: 'German administrators',
    covers: 'German: a recipient or a domain that is not local',
    only: { moments: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /domaine (?:non|pas) (gere|heberge|local)|destinataire non local|(?:dominio|destinatario) (?:no|nao|non) (?:es |e )?(?:local[ei]?\b|alojado|hospedado|ospitato|gestito)|(?:dominio|destinatario) (?:no )?(?:externo|esterno) (?:no|nao|non) (?:permitido|consentito|autorizado)/,
    source: 'French, Spanish, Portuguese and Italian administrators',
    covers: 'French, Spanish, Portuguese, Italian: a recipient or a domain that is not local',
    only: { moments: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /домен не обслуживается|не локальн\S{2} (домен|пользователь|получатель)|(?:получатель|домен) не локальн|домен не обслугов/,
    source: 'Russian and Ukrainian administrators',
    covers: 'Russian, Ukrainian: a recipient or a domain that is not local',
    only: { moments: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /不是本地(域|用户|域名|地址)|非本地(用户|域|域名|收件人)|域名不在本/,
    source: 'Chinese administrators',
    covers: 'Chinese: a recipient or a domain that is not local',
    only: { moments: AFTER_MAIL },
  },
]

/** The server relays only for clients that log in. */
export const LOGIN_ABROAD: readonly TextRow[] = [
  {
    refusal: 'auth-required',
    text: /(authentifizierung|anmeldung|smtp-auth|autorisierung) (?:\S{1,20} ){0,2}(erforderlich|notwendig|benotigt|benoetigt)|bitte (authentifizieren|melden) sie sich|(mussen|muessen) sich (zuerst |vorher )?(anmelden|authentifizieren)|bitte (zuerst |vorher )?anmelden|vous devez vous (authentifier|identifier)|precisa se autenticar|devi autenticarti|deve autenticarsi|authentification (?:smtp )?(requise|necessaire|obligatoire|exigee)|(autenticacion|autenticacao|autenticazione)(?: smtp)? (requerida|necesaria|obligatoria|necessaria|obrigatoria|richiesta)|(requiere|requer|richiede|debe|exige) (la )?(autentica|autenticarse)/,
    source: 'German, French (orange.fr), Spanish, Portuguese and Italian servers',
    covers: 'German, French, Spanish, Portuguese, Italian: a login is required',
  },
  {
    refusal: 'auth-required',
    text: /authenticatie (is )?(vereist|verplicht|nodig)|(wymagan\S (jest )?(autoryzacja|uwierzytelnien\S{1,2}|autentykacja))|(autoryzacja|uwierzytelnianie|uwierzytelnienie)(?: smtp)? (jest )?wymagan|vyzaduje (se )?(autentizac|overeni)|autentisering kravs|musisz sie zalogowac|(требуется|необходима|нужна) (smtp[- ])?(аутентификация|авторизация)|(аутентификация|авторизация) (требуется|обязательна|необходима)/,
    source: 'Dutch, Polish, Czech, Swedish and Russian servers',
    covers: 'Dutch, Polish, Czech, Swedish, Russian: a login is required',
  },
  {
    refusal: 'auth-required',
    text: /(需要|必须|必須|请先|請先|要求)(进行|進行|先|通过|smtp)?(身份|smtp)?(验证|驗證|认证|認證|授权|登录|登入)|認証が必要|認証してください|인증(이|을)? ?필요/,
    source: 'Chinese, Japanese and Korean servers',
    covers: 'Chinese, Japanese, Korean: a login is required',
  },
]

/** The recipient does not exist. */
export const NO_USER_ABROAD: readonly TextRow[] = [
  {
    refusal: 'unknown-user',
    text: /(benutzer|empfae?nger(adresse)?|postfach|adressat|mailbox|adresse|konto)(?: \S{1,40})? (ist |wurde )?(unbekannt|ungultig|ungueltig|nicht (gefunden|bekannt|vorhanden)|existiert nicht|abgelehnt)|unbekannte[rs]? (benutzer|empfae?nger|adresse)|kein (solcher )?(benutzer|empfae?nger|postfach)/,
    source: 'German servers',
    covers: 'German: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(utilisateur|destinataire|boite(?: aux lettres)?|adresse|compte)(?: \S{1,40})? (inconnue?|inexistante?|invalide|introuvable|n.existe pas)|aucun (utilisateur|destinataire)/,
    source: 'French servers; sisimai UserUnknown',
    covers: 'French: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(usuario|buzon|destinatario|cuenta|direccion|utilizador|caixa|conta|endereco)(?: \S{1,40})? (desconocid[oa]|desconhecid[oa]|inexistente|invalid[oa]|no existe|nao existe|no encontrad[oa]|nao encontrad[oa])|no existe (ese|el|dicha) (usuario|persona)/,
    source: 'Spanish and Portuguese servers; sisimai UserUnknown',
    covers: 'Spanish, Portuguese: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(utente|casella|destinatario|indirizzo|account)(?: \S{1,40})? (sconosciut[oa]|inesistente|non valid[oa]|non trovat[oa]|non esiste)|nessun utente/,
    source: 'Italian servers; sisimai UserUnknown',
    covers: 'Italian: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(gebruiker|ontvanger|mailbox|postbus|adres)(?: \S{1,40})? (onbekend|bestaat niet|niet gevonden|ongeldig)|onbekende (gebruiker|ontvanger)/,
    source: 'Dutch servers',
    covers: 'Dutch: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(uzytkownik|adresat|odbiorca|konto|skrzynka|adres)(?: \S{1,40})? (nie istnieje|nieznany|nie znaleziono)|nie ma takiego|nieznany (uzytkownik|odbiorca|adresat)|(uzivatel|schranka|prijemce)(?: \S{1,40})? (neexistuje|neznam\S|nenalezen)|(kullanici|alici)(?: \S{1,40})? (bulunamadi|yok|bilinmiyor)|okand (anvandare|mottagare)/,
    source: 'Polish, Czech, Turkish and Swedish servers',
    covers: 'Polish, Czech, Turkish, Swedish: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(пользователь|получатель|ящик|адресат|адрес|учетная запись)(?: \S{1,40})? (не найден|не существует|неизвестен|отсутствует)|неизвестный (пользователь|получатель|адресат)|нет такого (пользователя|ящика|адреса|получателя)/,
    source: 'Russian servers',
    covers: 'Russian: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(用户|用戶|使用者|收件人|收件者|邮箱|郵箱|信箱|帐号|账号|帳號|地址)(不存在|无效|無效|未知)|(没有|沒有|无|無|查无|查無)(此|该|這個|这个)(用户|用戶|使用者|收件人|邮箱|帐号|人)|找不到(用户|收件人|使用者)|(ユーザー?|宛先|メールボックス|受信者)(は|が)?(存在しません|不明|見つかりません)|(사용자|수신자|메일함)(가|를|는)? ?(없|존재하지|찾을 수)/,
    source: 'Chinese, Japanese and Korean servers',
    covers: 'Chinese, Japanese, Korean: no such user',
  },
]
