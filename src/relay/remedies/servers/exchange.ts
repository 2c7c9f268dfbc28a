/** How to close the mail servers of Microsoft: Exchange, the Windows SMTP service and Exchange Online. */
import { CAUSES } from '../../../contract/words.ts'
import type { ServerAdvice } from '../advice.ts'

/** Its articles on relaying (KB 196626, 315687) are no longer published: the bulletin and the life cycle are. */
const MS99_027 = 'https://learn.microsoft.com/en-us/security-updates/securitybulletins/1999/ms99-027'
/** Exchange 5.5 has had no support since 2006. */
const LIFECYCLE = 'https://learn.microsoft.com/en-us/lifecycle/products/exchange-server-55'
/** Verify relay restrictions: Default SMTP Virtual Server, Access tab, Relay. */
const RELAY_2003 = 'https://learn.microsoft.com/en-us/previous-versions/tn-archive/aa998094(v=exchg.65)'
/** "Configuring SMTP Virtual Server Relay Restrictions", without Exchange: click Relay on the Access tab. */
const IIS_SMTP =
  'https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-server-2003/cc787910(v=ws.10)'
/**
 * Ms-Exch-SMTP-Accept-Any-Recipient of ANONYMOUS LOGON; a dedicated connector with RemoteIPRanges; Externally
 * secured.
 */
const ANONYMOUS_RELAY =
  'https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/allow-anonymous-relay?view=exchserver-2019'
/** "remove permissions from an Active Directory object", on-premises; receive-connectors.md names it for connectors. */
const REMOVE_PERMISSION = 'https://learn.microsoft.com/powershell/module/exchangepowershell/remove-adpermission'
/**
 * "A connector from your own email server to Office 365": it tells who may relay, by certificate or accepted domain.
 */
const CONNECTORS =
  'https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/set-up-connectors-to-route-mail'

const OF_5_5 = /^5\.5\b/
const BEFORE_5_5 = /^(?:4|5\.[0-4])\b/

export const EXCHANGE: readonly ServerAdvice[] = [
  // AAPT support page, "Preventing third-party relay": "Versions through to 5.0 cannot be secured - you must upgrade."
  {
    software: 'Exchange 5.0 or older',
    names: ['Exchange'],
    version: BEFORE_5_5,
    causes: CAUSES,
    title: 'Upgrade: this Exchange cannot be secured',
    steps: [
      'Replace this server: up to version 5.0, Exchange has no setting that stops it from relaying.',
      'Exchange can restrict relaying only since 5.5 Service Pack 1. Use a version that is still supported.',
      'Until then, block port 25 for strangers in the firewall, and let another mail server receive mail for it.',
    ],
    references: [LIFECYCLE],
  },
  // MS99-027, as Windows IT Pro described it: encapsulated addresses pass the restrictions; the fix came after
  // Service Pack 2.
  {
    software: 'Exchange 5.5',
    names: ['Exchange'],
    version: OF_5_5,
    causes: ['address-spelling'],
    title: 'Install the fix for encapsulated addresses, then restrict routing',
    steps: [
      'Install the newest Service Pack and the fix of bulletin MS99-027: without it, encapsulated addresses get past the restrictions.',
      'In the properties of the Internet Mail Service, Routing tab, select Reroute incoming SMTP mail and make one entry for each domain that you host.',
      'Click Routing Restrictions, tick Hosts and clients with these IP addresses, and leave the list empty.',
      'Restart the Internet Mail Service.',
    ],
    references: [MS99_027, LIFECYCLE],
  },
  // The same AAPT page gives these steps, and KB 315687 the same settings.
  {
    software: 'Exchange 5.5',
    names: ['Exchange'],
    version: OF_5_5,
    title: 'Restrict routing in the Internet Mail Service',
    steps: [
      'Install Service Pack 1 or later: earlier versions have no routing restrictions.',
      'Open the properties of the Internet Mail Service and select the Routing tab.',
      'Select Reroute incoming SMTP mail (required for POP3/IMAP4 support). Do not reroute looks right, but does not protect.',
      'Make one entry under Routing for each domain that you host.',
      'Click Routing Restrictions, tick Hosts and clients with these IP addresses, and leave the list empty.',
      'Restart the Internet Mail Service.',
    ],
    references: [MS99_027, LIFECYCLE],
  },
  {
    software: 'Exchange 2000, Exchange 2003 or the Windows SMTP service',
    names: ['Windows SMTP Service'],
    title: 'Restrict relaying on the SMTP virtual server',
    steps: [
      'In Exchange System Manager, open Servers > your server > Protocols > SMTP; without Exchange, open IIS (6.0) Manager.',
      'Right-click Default SMTP Virtual Server, choose Properties, then the Access tab, and click Relay.',
      'Select Only the list below, and leave the list empty, or keep only your own addresses in it.',
      'Untick Allow all computers which successfully authenticate to relay, unless users send through this server.',
      'Do the same for every other SMTP virtual server that the Internet reaches.',
    ],
    references: [RELAY_2003, IIS_SMTP],
  },
  {
    software: 'Exchange Online',
    names: ['Exchange Online'],
    title: 'Restrict the connectors of Exchange Online',
    steps: [
      "In the Exchange admin center, open Mail flow > Connectors and look at those from your organization's email server.",
      'Let each of them recognise your server by its certificate, or by addresses that only you use, never by a range that others send from.',
      'Delete connectors that are no longer needed.',
      'Also close the mail server that sends through them: its mail is relayed in your name.',
    ],
    references: [CONNECTORS],
  },
  {
    software: 'Exchange 2007 or later',
    names: ['Exchange'],
    title: 'Remove the right to relay from anonymous senders',
    steps: [
      "List who may relay: Get-ReceiveConnector | Get-ADPermission | where {$_.ExtendedRights -like 'ms-Exch-SMTP-Accept-Any-Recipient'} | Select Identity,User",
      "Remove that right: Get-ReceiveConnector NAME | Remove-ADPermission -User 'NT AUTHORITY\\ANONYMOUS LOGON' -ExtendedRights 'ms-Exch-SMTP-Accept-Any-Recipient'",
      'On connectors that the Internet reaches, untick Externally secured (ExternalAuthoritative): it trusts everyone who connects.',
      'For printers and applications, make a separate Receive connector whose RemoteIPRanges contain only their addresses.',
      'If there is a load balancer in front of Exchange, keep its address out of those RemoteIPRanges.',
    ],
    references: [ANONYMOUS_RELAY, REMOVE_PERMISSION],
  },
]
