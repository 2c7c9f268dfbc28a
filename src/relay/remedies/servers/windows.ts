/** How to close other mail servers for Windows: hMailServer, MailEnable and Domino. */
import type { ServerAdvice } from '../advice.ts'

/** "You should normally not enable deliveries from external to external accounts for any IP range"; priorities. */
const IP_RANGE = 'https://www.hmailserver.com/documentation/v4.4/?page=reference_iprange'
/**
 * Was read over http: "the recommended relay setting is ... authenticated senders enabled, ... local sender addresses
 * disabled".
 */
const MAILENABLE_RELAY = 'https://www.mailenable.com/kb/Content/Article.asp?ID=me020001'
/** Inbound relay controls and inbound relay enforcement; a new server lets no external host relay. */
const DOMINO_RELAY =
  'https://help.hcltechsw.com/domino/14.0.0/admin/conf_preventingunauthorizedsmtphostsfromusingdominoasa_t.html'
/** Which field decides when: Perform Anti-Relay enforcement, Exclude these connecting hosts, Exceptions. */
const DOMINO_EXCEPTIONS =
  'https://help.hcltechsw.com/domino/12.0.0/admin/conf_howinboundantirelaysettingscontrolmessagetransfer_r.html'

export const WINDOWS: readonly ServerAdvice[] = [
  {
    software: 'hMailServer',
    names: ['hMailServer'],
    title: 'Close hMailServer',
    steps: [
      'In hMailServer Administrator, open each IP range, the one for the Internet first.',
      'Under Allow deliveries, untick the one from external to external accounts.',
      'Under Require SMTP authentication, tick deliveries to external accounts, both from local and from external accounts.',
      'If two ranges contain the same address, the one with the higher priority counts: check that no other range opens it again.',
    ],
    references: [IP_RANGE],
  },
  {
    software: 'MailEnable',
    names: ['MailEnable'],
    title: 'Close MailEnable',
    steps: [
      'In the MailEnable Administration program, open Servers > Localhost > Connectors, right-click SMTP, Properties, Relay tab.',
      'Tick Allow relay for authenticated senders.',
      'Untick Allow relay for local sender addresses: anyone can use such an address.',
      'Untick Allow relay for privileged IP ranges, unless its list contains only your own addresses: without a list it may let everyone in.',
    ],
    references: [MAILENABLE_RELAY],
  },
  // SearchDomino, to stop all relaying: "Enter a * in both of the following fields". The redbook, page 67, describes
  // the Allow and Deny fields for destinations and sources, and says that Allow entries take precedence since Domino
  // 6.
  {
    software: 'Domino',
    names: ['Domino'],
    title: 'Close Domino',
    steps: [
      'In Domino Administrator, open Configuration > Messaging > Configurations and edit the Configuration Settings of the server.',
      'Open Router/SMTP > Restrictions and Controls > SMTP Inbound Controls.',
      'Under Inbound Relay Controls, enter * in both Deny fields. In the Allow fields, keep only your own hosts: Allow goes before Deny.',
      'Under Inbound Relay Enforcement, set Perform Anti-Relay enforcement to external hosts, or to all hosts.',
      'In Exclude these connecting hosts from anti-relay checks, keep only your own hosts.',
      'If your users send from outside, choose Allow all authenticated users to relay. Then Save & Close.',
    ],
    references: [DOMINO_RELAY, DOMINO_EXCEPTIONS],
  },
]
