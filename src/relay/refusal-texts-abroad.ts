/**
 * Refusals in other languages than English, one row for each language and meaning. `plainText` has removed the accents
 * of Latin letters. Texts about us are here too: they must never be read as relaying denied.
 */
import { AFTER_MAIL, type TextRow } from './refusal-row.ts'

/** Our address is blocked. */
export const BLOCKED_ABROAD: readonly TextRow[] = [
  {
    refusal: 'blocklisted',
    text: /gesperrt|sperrliste|schwarze[nr]? liste|\bblockiert|(ihre?|deine?|ihrer|ihrem) (ip|server|host|netz|rechner|provider|adresse|domain|absender|mailserver|verbindung|standort)/,
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
  {
    refusal: 'blocklisted',
    text: /\bauf (?:einer|unserer|der|mehreren|unseren|schwarzen) (?:schwarzen |internen )?listen?\b|\bgelistet\b|reputation|(?:schlechte[nmr]?|wegen) ruf\b|spam-?(?:quelle|versender|server|schleuder|verdacht|host)|spammer|\bmissbrauch|relay-?(?:host|server|rechner) (?:ist |wird |wurde |hier )?(?:abgelehnt|verweigert|verboten|zuruckgewiesen|gesperrt|unerwunscht|nicht)/,
    source: 'German administrators',
    covers: 'German: on a list, a reputation, a source of spam, a relay host that is refused',
  },
  {
    refusal: 'blocklisted',
    text: /\bvotre (?:machine|adresse|domaine|hebergeur|fai|connexion|pays|messagerie)\b|\bsur (?:une|notre|la|les|nos|des|plusieurs) listes?\b|\breputation\b|\b(?:source|emetteurs?|origine|serveur) de (?:spams?|pourriels?)|\bspammeu|(?:hote|serveur|machine) (?:de )?relais (?:est |a ete )?(?:refuse|rejete|interdit|non|inconnu)|\brelais inconnu/,
    source: 'French administrators',
    covers: 'French: texts about our host, on a list, a reputation, a source of spam, a relay host that is refused',
  },
  {
    refusal: 'blocklisted',
    text: /\b(?:su|tu|sua|seu|suo|tua|vostra|vostro|il suo|la sua) (?:direccion|maquina|dominio|host|red|equipo|endereco|rede|provedor|proveedor|indirizzo|macchina|rete|provider|pais|paese)\b|\b(?:en|em|numa|na|in|nella|nelle) (?:una |uma |nuestra |nossa |nostra |la |varias )?listas?\b(?! (?:de|di) (?:dominios?|domini|destinatari))|\b(?:en|em|in) (?:una |uma )?lista de (?:bloque|spam)|\breputa(?:cion|cao|zione)|\b(?:fuente|origen|fonte|origem|sorgente) (?:de|di) spam|\bspammer|(?:servidor|host|maquina|server) (?:de |di )?(?:relay|reenvio|retransmision|retransmissao|inoltro) (?:\S{1,20} ){0,2}(?:denegad|rechazad|prohibid|no|negad|recusad|rejeitad|nao|rifiutat|negat|vietat|non)/,
    source: 'Spanish, Portuguese and Italian administrators',
    covers: 'Spanish, Portuguese, Italian: the same',
  },
  {
    refusal: 'blocklisted',
    text: /\bop (?:een|onze|de) (?:zwarte )?lijst|reputatie|\buw (?:adres|machine|host|domein|provider|verbinding)|\bspambron|\bbron van spam|relay-?(?:server|host) (?:is |wordt )?(?:geweigerd|verboden)|\bna (?:naszej |czarnej |cernem |nasem )?(?:liscie|seznamu)\b|\breputacj|\bzrodl\w{1,3} spamu|\btwoj\w{0,2} (?:host|domen|siec)|\bserwer (?:relay|przekazujacy)|\bvas(?:e|i|a|eho)? (?:ip|server|adres|pocitac|host|domen)|\breputac[ei]|\bzdroj spamu/,
    source: 'Dutch, Polish and Czech administrators',
    covers: 'Dutch, Polish, Czech: the same',
  },
  {
    refusal: 'blocklisted',
    text: /\bpa (?:en|var|vor|en av) (?:lista|liste)\b|\bsparrlist|\bsperreliste|\bsortliste|\bsvartlist|\bblokeret|\bblokkert|\brykte\b|\bomdomme|\bomdome|\b(?:din|ditt|er|deres) (?:ip|server|adresse?|vard|vert|maskin|host)|\bspam-?(?:kalla|kilde)|relay-?(?:vard|vert|server|host) (?:ar |er )?(?:nekad|avvis|afvis|ikke|inte|ej)|\blistesinde\b|\blistemizde\b|\blistede\b|\bitibar|\bip ?(?:adresiniz|niz)|\bsunucunuz|\badresiniz|\bspam kaynag/,
    source: 'Nordic and Turkish administrators',
    covers: 'the Nordic languages, Turkish: blocked, and the same',
  },
  {
    refusal: 'blocklisted',
    text: /репутац|(?:в|на|у) (?:наш\S{1,3} |черн\S{1,3} |чорн\S{1,3} )?(?:списк[еу]|списках)|источник\S{0,2} спама|джерел\S{1,2} спаму|\sспам|^спам|спамер|ваш\S{0,3} (?:домен|сет|узел|узл|компьютер|почт|комп|хост|мереж|адрес)|(?:релей|релея)[- ](?:хост|сервер|узел)\S{0,2}|(?:хост|сервер)\S{0,1} (?:релея|ретрансляц|пересылк)\S{0,2} (?:отклон|запрещ|отказ|заборон)|заблоковано|чорн\S{2,3} списк/,
    source: 'Russian and Ukrainian administrators',
    covers: 'Russian, Ukrainian: the same',
  },
  {
    refusal: 'blocklisted',
    text: /垃圾|信誉|信譽|信用|声誉|聲譽|滥用|濫用|(?:黑|封|阻止|拒绝|拒絕|限制|禁止)(?:名单|名單|列表)|(?<!不在[^,，。]{0,12})(?:名单|名單|列表|清单|清單)(?:中|上|内|內|里|裡)|(?:中继|中繼|转发|轉發)(?:服务器|伺服器|主机|主機|ip|来源)|(?:来自|來自)(?:您|你|此|该|該|贵|貴|不|未|国外|境外|ip)|(?:您|你|贵|貴)(?:的)?(?:ip|服务器|地址|主机|域名|网络|伺服器|主機|網域|網路)|动态ip|動態ip/,
    source: 'Chinese providers',
    covers: 'Chinese: the same',
  },
  {
    refusal: 'blocklisted',
    text: /(?:拒否|制限|禁止|迷惑|遮断|規制)(?:リスト|対象|一覧)|リスト(?:に|で|上|へ)|評判|レピュテーション|迷惑メール|スパム|(?:中継|リレー|転送)(?:サーバー?|ホスト|元)(?!では)|送信元|接続元|お使いの|海外から|(?:거부|차단|제한|블랙) ?(?:목록|리스트)|목록에|평판|스팸|(?:중계|릴레이) ?(?:서버|호스트)|귀하의|당신의|해외/,
    source: 'Japanese and Korean providers',
    covers: 'Japanese, Korean: the same',
  },
  {
    refusal: 'blocklisted',
    text: /feketelist|tiltolist|\blistan (?:van|szerepel)|\bletiltva|\bhirnev|\baz on (?:ip|szerver|cim|gep|halozat)|\bspamforras|\blista neagra|\bblocat|\b(?:ip-ul|serverul|adresa|gazda) (?:dvs|dumneavoastra|tau|ta)\b|\breputati|\bpe (?:o |mai multe )?(?:lista|liste)\b|\bsursa de spam|\bdanh sach\b|\bbi chan\b|\buy tin\b|\b(?:ip|may chu|dia chi)(?: ip)? cua (?:ban|quy)|\bnguon (?:thu )?(?:rac|spam)|\bthu rac\b/,
    source: 'Hungarian, Romanian and Vietnamese administrators',
    covers: 'Hungarian, Romanian, Vietnamese: blocked, and the same',
  },
  {
    refusal: 'blocklisted',
    text: /μαυρη λιστα|σε λιστα|στη λιστα|αποκλεισ|αποκλειστ|μπλοκαρ|(?:ip|διευθυνση|διακομιστ\S{1,3}|δικτυο|υπολογιστης) σας|φημη|บัญชีดำ|รายการ(?:ดำ|บล็อก|ปฏิเสธ)|ถูกบล็อก|ถูกระงับ|ของคุณ|ของท่าน|สแปม|ชื่อเสียง|قائمة|القوائم|حظر|سمعة|السمعة|مزعج|عنوانك|خادمك|الخاص بك|רשימה|רשימת|נחסם|חסום|חסומה|שלך|שלכם|מוניטין|ספאם/,
    source: 'Greek, Thai, Arabic and Hebrew administrators',
    covers: 'Greek, Thai, Arabic, Hebrew: blocked, and the same',
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
    text: /\b(?:relay(?:ering|ing)?|relej|releovani|preposilani|preposielanie|proslj?edivanje|posredovanje|edelleenlahetys|valitys|releointi|penerusan) (?:\S{1,16} ){0,3}(?:ni(?:je|su) (?:dozvoljen|dopusten|omogucen)|ni (?:dovoljen|mogoc)|zabranjen|zavrnjen|odbijen|zakazan|neni povolen|nie je povolen|odmietnut|ei ole sallit|kiellet|estet|inte tillat|tidak (?:diizinkan|diperbolehkan|dibolehkan)|ditolak|dilarang)/,
    source: 'Croatian, Serbian, Slovenian, Czech, Slovak, Finnish, Swedish and Indonesian administrators',
    covers: 'Croatian, Serbian, Slovenian, Czech, Slovak, Finnish, Swedish, Indonesian: relaying is denied',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /(?:релеј|реле|релейно предаване|препращането|прослеђивање)\S{0,4} (?:\S{1,16} ){0,3}(?:није дозвољен|забрањен|не е (?:разрешен|позволен)|забранен|отказан)|(?:رله|ارسال مجدد) (?:\S{1,16} ){0,3}(?:مجاز نیست|ممنوع)|रिले (?:\S{1,16} ){0,3}(?:अनुमति नहीं|निषिद्ध|अस्वीकार)/,
    source: 'Serbian, Bulgarian, Persian and Hindi administrators',
    covers: 'Serbian, Bulgarian, Persian, Hindi: relaying is denied',
    only: { stages: AFTER_MAIL },
  },
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
    text: /\b(?:relay(?:ing|a|er)?|relaande|vidarebefordran|vidarebefordring|vidaresandning|videresending|videresendelse) (?:\S{1,16} )?(nekad|nekas|nekat|avvisad|forbjud|tillats (?:inte|ej)|(?:inte|ej) tillat|ikke tilladt|ikke tillatt|naegtet|nektet|forbudt|avvist|afvist)|\b(?:relay|role|aktarma|iletim|yonlendirme)(?:ye|ya|sine|ma)? (?:\S{1,16} )?(?:izni yok|izin (?:yok|verilm)|reddedildi|yasak|engellendi|kapali)/,
    source: 'Swedish, Danish, Norwegian and Turkish servers',
    covers: 'the Nordic languages, Turkish: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /(релей|релеинг|релея|релею|ретрансляци[яию]|пересылк[аиу]) (?:\S{1,24} ){0,2}(запрещ\S{1,5}|отклон\S{1,5}|отказано|не разреш\S{1,5}|заборонен\S)|(запрещ\S{1,5}|не разреш\S{1,5}) (релей|релеинг|ретрансляци|пересылк)/,
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
  {
    refusal: 'relay-denied',
    text: /\b(?:relay|tovabbitas|tovabbkuldes|atjatszas) (?:\S{1,12} )?(?:nem (?:engedelyezett|megengedett|lehetseges|tamogatott)|megtagadva|tiltott|tilos|elutasitva)|\b(?:relay|releu|retransmitere[a]?|redirectionare[a]?|relaying) (?:\S{1,12} )?(?:nepermis|neautorizat|interzis|respins|refuzat|nu (?:este |e )?(?:permis|autorizat|acceptat))|\bkhong (?:duoc |cho |duoc phep |cho phep ){1,2}(?:relay|chuyen tiep)|\b(?:relay|chuyen tiep)(?: thu)? (?:bi tu choi|bi cam|khong duoc (?:phep|chap nhan))|\btu choi (?:relay|chuyen tiep)/,
    source: 'Hungarian, Romanian and Vietnamese servers',
    covers: 'Hungarian, Romanian, Vietnamese: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /(?:relay|αναμεταδοση|προωθηση)(?: \S{1,24})? (?:δεν (?:επιτρεπεται|υποστηριζεται|ειναι δυνατη)|απαγορευεται|απορριφθηκε)|ไม่(?:อนุญาต|ได้รับอนุญาต)(?:ให้)?(?:มี)?(?:การ)?(?:ส่งต่อ|รีเลย์|relay)|(?:ส่งต่อ|รีเลย์|relay)(?:อีเมล|เมล)?(?:ถูกปฏิเสธ|ไม่ได้รับอนุญาต|ไม่อนุญาต)|ปฏิเสธการ(?:ส่งต่อ|รีเลย์)|(?:الترحيل|ترحيل البريد|إعادة التوجيه|إعادة الإرسال|relay) (?:غير (?:مسموح|مصرح)|مرفوض|ممنوع)|غير مسموح (?:ب)?(?:الترحيل|إعادة|بالترحيل|بإعادة)|(?:ממסר|העברה|העברת דואר|relay) (?:אסור|נדח|לא מורש|אינ\S{1,2} מורש|לא מותר|אינ\S{1,2} מותר)/,
    source: 'Greek, Thai, Arabic and Hebrew servers',
    covers: 'Greek, Thai, Arabic, Hebrew: relaying is denied',
  },
  {
    refusal: 'relay-denied',
    text: /(?:пересиланн|ретрансляц|релей|реле)\S{0,2} (?:\S{1,24} ){0,2}(?:заборонен|не дозволен|відхилен|відмовлен)|(?:заборонено|не дозволено) (?:пересиланн|ретрансляц|релей)|第三者中継|不正中継/,
    source: 'Ukrainian and Japanese servers',
    covers: 'Ukrainian, Japanese in other words: relaying is denied',
  },
]

/** The recipient is at none of the server's domains. At MAIL, such words are about our sender. */
export const NOT_LOCAL_ABROAD: readonly TextRow[] = [
  {
    refusal: 'relay-denied',
    text: /nur (?:fur |fuer )?lokale (empfae?nger|adressen|domains)|domain (?:wird |ist )?(?:hier )?nicht (bedient|lokal|gehostet|zustandig|zustaendig)|(?:empfae?nger|adresse|empfae?ngeradresse|benutzer)(?: ist)? nicht lokal/,
    source: 'German administrators',
    covers: 'German: a recipient or a domain that is not local',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /domaine (?:non|pas) (gere|heberge|local)|destinataire non local|(?:dominio|destinatario) (?:no|nao|non) (?:es |e )?(?:local[ei]?\b|alojado|hospedado|ospitato|gestito)|(?:dominio|destinatario) (?:no )?(?:externo|esterno) (?:no|nao|non) (?:permitido|consentito|autorizado)/,
    source: 'French, Spanish, Portuguese and Italian administrators',
    covers: 'French, Spanish, Portuguese, Italian: a recipient or a domain that is not local',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /домен не обслуживается|не локальн\S{2} (домен|пользователь|получатель)|(?:получатель|домен) не локальн|домен не обслугов/,
    source: 'Russian and Ukrainian administrators',
    covers: 'Russian, Ukrainian: a recipient or a domain that is not local',
    only: { stages: AFTER_MAIL },
  },
  {
    refusal: 'relay-denied',
    text: /不是本地(域|用户|域名|地址)|非本地(用户|域|域名|收件人)|域名不在本/,
    source: 'Chinese administrators',
    covers: 'Chinese: a recipient or a domain that is not local',
    only: { stages: AFTER_MAIL },
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
  {
    refusal: 'auth-required',
    text: /\b(?:se requiere|es necesari[ao]|e necessari[ao]|e obrigatori[ao]|e richiest[ao]|e richiesta l.|si richiede|requiere) (?:la |l.|a )?(?:autentica|autenticarse|autenticar)|\b(?:usuario|cliente|utente|utilizador) (?:no|nao|non) autenticad[oa]|\butente non autenticato|\b(?:tem que|deve|debe) (?:se )?autentica|\bnicht (?:authentifiziert|angemeldet)|\butilisateur non authentifie|\bnao autenticad[oa]|\b(?:utilisateur|client) non (?:authentifie|identifie)|\bkimlik dogrulama\S{0,4} (?:\S{1,12} )?(?:gerek|zorunlu|yapilmadi)|\boturum acmaniz|\bgiris yapmaniz|\binnlogging (?:kreves|pakrevd)|\bautentisering (?:kreves|kraevet|pakrevd|er pakraevet)|\bgodkendelse (?:kraeves|pakraevet)|\binloggning kravs|\btodennus/,
    source: 'servers whose administrators translate "authentication required" or "user not authenticated"',
    covers: 'Spanish, Portuguese, Italian, German, French, Turkish, the Nordic languages: a login in other words',
  },
  {
    refusal: 'auth-required',
    text: /\b(?:hitelesites|bejelentkezes|azonositas|smtp hitelesites) (?:\S{1,12} )?(?:szukseges|kotelezo)|\bautentificare\S{0,2} (?:este )?(?:necesara|obligatorie|ceruta)|\beste (?:necesara|obligatorie) autentificarea|\b(?:yeu cau|can|phai|can phai) (?:xac thuc|dang nhap)|απαιτειται (?:\S{1,12} )?(?:πιστοποιηση|ελεγχος ταυτοτητας|αυθεντικοποιηση|ταυτοποιηση|συνδεση)|(?:потрібна|необхідна|потребує) (?:smtp[- ])?(?:автентифікаці|авторизаці|аутентифікаці)|(?:автентифікація|авторизація|аутентифікація) (?:обов.язкова|потрібна|необхідна)|ต้อง(?:มีการ|ทำการ)?(?:ยืนยันตัวตน|เข้าสู่ระบบ|ตรวจสอบสิทธิ์|พิสูจน์ตัวตน)|(?:المصادقة|تسجيل الدخول|الاستيثاق) (?:مطلوب|مطلوبة|ضروري)|(?:مطلوب|يتطلب|يجب) (?:المصادقة|تسجيل الدخول)|(?:נדרש|נדרשת|דרוש|דרושה|חובה) (?:אימות|הזדהות|התחברות|כניסה)|יש (?:להתחבר|להזדהות)/,
    source: 'Hungarian, Romanian, Vietnamese, Greek, Ukrainian, Thai, Arabic and Hebrew servers',
    covers: 'Hungarian, Romanian, Vietnamese, Greek, Ukrainian, Thai, Arabic, Hebrew: a login is required',
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
  {
    refusal: 'unknown-user',
    text: /\bismeretlen (?:felhasznalo|cimzett|postafiok)|\bnincs ilyen (?:felhasznalo|postafiok|cim)|\b(?:felhasznalo|cimzett|postafiok) (?:nem letezik|nem talalhato|ismeretlen)|\b(?:utilizator|destinatar|adresa|cutie postala|utilizatorul|destinatarul) (?:necunoscut|inexistent|nu exista|nu a fost gasit)|\b(?:nguoi dung|nguoi nhan|hop thu|tai khoan|dia chi) khong ton tai|\bkhong (?:tim thay|co) (?:nguoi dung|nguoi nhan|hop thu)|αγνωστος (?:χρηστης|παραληπτης)|(?:χρηστης|παραληπτης) δεν (?:υπαρχει|βρεθηκε)/,
    source: 'Hungarian, Romanian, Vietnamese and Greek servers',
    covers: 'Hungarian, Romanian, Vietnamese, Greek: no such user',
  },
  {
    refusal: 'unknown-user',
    text: /(?:користувач|отримувач|одержувач|скриньк|адресат)\S{0,2} (?:не знайден|не існує|невідом)|невідомий (?:користувач|отримувач|одержувач)|немає такого (?:користувача|отримувача|одержувача)|ไม่(?:พบ|มี|รู้จัก)(?:ผู้ใช้|ผู้รับ|กล่องจดหมาย)|(?:ผู้ใช้|ผู้รับ)(?:นี้)?ไม่(?:มีอยู่|พบ)|(?:المستخدم|المستلم|صندوق البريد|مستخدم|مستلم) غير (?:موجود|معروف)|לא (?:קיים|נמצא) (?:משתמש|נמען)|(?:משתמש|נמען|המשתמש|הנמען|תיבה) (?:לא|אינו|אינה) (?:קיים|ידוע|נמצא|מוכר)|אין (?:משתמש|נמען) כזה/,
    source: 'Ukrainian, Thai, Arabic and Hebrew servers',
    covers: 'Ukrainian, Thai, Arabic, Hebrew: no such user',
  },
]
