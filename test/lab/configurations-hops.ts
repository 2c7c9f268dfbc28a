/** Servers with another server behind them, which refuses, reports or delivers in its own way, and catch-alls. */
import { type Configuration, EVERYBODY, exim, greylisting, postfix, sendmail } from './configuration.ts'
import { startExim } from './exim.ts'
import { startHaraka } from './haraka.ts'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { type PostfixOptions, startPostfix } from './postfix.ts'

/** Starts a server, and another one that sends mail to it. The second one is tested. */
async function startBoth(
  inner: Promise<LabServer>,
  startFront: (inner: LabServer) => Promise<LabServer>,
): Promise<LabServer> {
  const behind = await inner
  const front = await startFront(behind)
  return { ...front, stop: async () => void (await Promise.all([front.stop(), behind.stop()])) }
}

/** A Postfix that accepts every local part at example.com and passes the mail on, as a backup MX does. */
const backup = (network: LabNetwork, primary: LabServer, options: PostfixOptions = {}): Promise<LabServer> =>
  startPostfix(network, {
    ...options,
    extra: {
      myhostname: 'backup.example.com',
      mydestination: '',
      relay_domains: 'example.com',
      relay_transport: `smtp:[${primary.address}]`,
      relay_recipient_maps: '',
      allow_untrusted_routing: 'yes',
      smtpd_reject_unlisted_recipient: 'no',
      relayhost: `[${network.exit}]`,
      ...options.extra,
    },
  })

/** An Exim that passes mail to example.com on to another server. It checks no local parts. */
const backupExim = (network: LabNetwork, primary: LabServer): Promise<LabServer> =>
  startExim(network, {
    smarthost: network.exit,
    primary: primary.address,
    macros: { CHECK_RCPT_REMOTE_LOCALPARTS: '^[.]' },
  })

/** A Postfix that lets the second one check each message before it accepts it. It checks no local parts itself. */
const proxyFilter = (network: LabNetwork, inner: LabServer): Promise<LabServer> =>
  startPostfix(network, {
    restrictions: 'reject',
    extra: {
      local_recipient_maps: '',
      allow_untrusted_routing: 'yes',
      smtpd_proxy_filter: `inet:${inner.address}:25`,
      smtpd_proxy_options: 'speed_adjust',
      relayhost: `[${network.exit}]`,
    },
  })

const strict = (network: LabNetwork, extra: Readonly<Record<string, string>> = {}): Promise<LabServer> =>
  startPostfix(network, { restrictions: 'reject', extra: { relayhost: `[${network.exit}]`, ...extra } })

export const hopping: readonly Configuration[] = [
  {
    id: 'closed-gateway-haraka',
    what: 'Haraka that passes messages on at the dot to a Postfix, which refuses unknown users and routes.',
    software: 'Haraka',
    start: (network) => startBoth(strict(network), ({ address }) => startHaraka(network, address)),
  },
  {
    id: 'closed-gateway-plain-haraka',
    what: 'Haraka in front of a Postfix that knows no percent hack: user%outside is an unknown user.',
    software: 'Haraka',
    start: (network) =>
      startBoth(strict(network, { allow_percent_hack: 'no', swap_bangpath: 'no' }), ({ address }) =>
        startHaraka(network, address),
      ),
  },
  {
    id: 'open-gateway-percent-haraka',
    what: 'Haraka in front of a Postfix that trusts it and follows routes.',
    software: 'Haraka',
    start: (network) =>
      startBoth(
        startPostfix(network, { mynetworks: '203.0.113.0/24', extra: { relayhost: `[${network.exit}]` } }),
        (inner) => startHaraka(network, inner.address),
      ),
  },
  {
    id: 'closed-proxy-filter-postfix',
    what: 'Postfix with a second Postfix as its proxy filter, which refuses at the dot.',
    software: 'Postfix',
    start: (network) => startBoth(strict(network), (inner) => proxyFilter(network, inner)),
  },
  {
    id: 'closed-proxy-filter-plain-postfix',
    what: 'The same, with a second Postfix to which user%outside is an unknown user.',
    software: 'Postfix',
    start: (network) =>
      startBoth(strict(network, { allow_percent_hack: 'no', swap_bangpath: 'no' }), (inner) =>
        proxyFilter(network, inner),
      ),
  },
  {
    id: 'closed-backup-postfix',
    what: 'Postfix as a backup MX, which reports to the sender what the first server refuses: relaying.',
    software: 'Postfix',
    start: (network) => startBoth(strict(network), (primary) => backup(network, primary)),
  },
  {
    id: 'closed-backup-unknown-user-postfix',
    what: 'Postfix as a backup MX, which reports to the sender what the first server refuses: an unknown user.',
    software: 'Postfix',
    start: (network) =>
      startBoth(strict(network, { allow_percent_hack: 'no', swap_bangpath: 'no' }), (primary) =>
        backup(network, primary),
      ),
  },
  {
    id: 'closed-backup-exim',
    what: 'Exim as a backup MX, which reports to the sender what the first server refuses.',
    software: 'Exim',
    start: (network) =>
      startBoth(strict(network, { allow_percent_hack: 'no', swap_bangpath: 'no' }), (primary) =>
        backupExim(network, primary),
      ),
  },
  {
    id: 'open-backup-percent-postfix',
    what: 'Postfix as a backup MX of a server that trusts it and follows routes.',
    software: 'Postfix',
    start: (network) =>
      startBoth(
        startPostfix(network, { mynetworks: '203.0.113.0/24', extra: { relayhost: `[${network.exit}]` } }),
        (primary) => backup(network, primary),
      ),
  },
  {
    id: 'unsure-smarthost-refuses-postfix',
    what: 'An open Postfix whose smarthost refuses to relay for it, and which reports that to the sender.',
    software: 'Postfix',
    start: (network) =>
      startBoth(strict(network), (smarthost) =>
        startPostfix(network, {
          mynetworks: EVERYBODY,
          extra: {
            relayhost: `[${smarthost.address}]`,
            transport_maps: `inline:{relaytest.isp.example=:, ${'example.com=local:'}}`,
          },
        }),
      ),
  },
  {
    id: 'open-through-exim',
    what: 'An open Exim that sends its mail through a Postfix.',
    software: 'Exim',
    start: (network) =>
      startBoth(
        startPostfix(network, { mynetworks: '203.0.113.0/24', extra: { relayhost: `[${network.exit}]` } }),
        ({ address }) => startExim(network, { relayNets: '0.0.0.0/0', smarthost: address }),
      ),
  },
  {
    id: 'open-greylisting-seconds',
    what: 'An open Postfix that greylists every new sender for five seconds, with postgrey.',
    ...postfix({ mynetworks: EVERYBODY, greylist: '--delay=5', extra: greylisting }),
  },
  {
    id: 'closed-greylisting-seconds-first',
    what: 'Postfix that greylists every new sender for five seconds before it denies relaying, with postgrey.',
    ...postfix({ greylist: '--delay=5 --greylist-action=DEFER', extra: greylisting }),
  },
  {
    id: 'closed-catch-all-percent-postfix',
    what: 'Postfix that accepts every local part at its domain, even with percent signs.',
    ...postfix({
      extra: {
        luser_relay: 'root',
        local_recipient_maps: '',
        allow_percent_hack: 'no',
        swap_bangpath: 'no',
        allow_untrusted_routing: 'yes',
      },
    }),
  },
  {
    id: 'closed-catch-all-exim',
    what: 'Exim that rewrites every local part at its domain to one, even with percent signs.',
    ...exim({ macros: { CHECK_RCPT_LOCAL_LOCALPARTS: '^[.]' }, rewrite: ['*@example.com postmaster@example.com Tt'] }),
  },
  {
    id: 'closed-catch-all-sendmail',
    what: 'Sendmail with a virtual user table that accepts every local part at its domain.',
    ...sendmail({ features: ['virtusertable'], virtual: { '@example.com': 'root' } }),
  },
  {
    id: 'open-catch-all-postfix',
    what: 'An open Postfix that accepts every local part at its domain.',
    ...postfix({ mynetworks: EVERYBODY, extra: { luser_relay: 'root', local_recipient_maps: '' } }),
  },
]
