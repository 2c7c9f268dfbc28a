/**
 * Lists role addresses, such as postmaster@. Servers often accept them even from clients that they ban, so they prove
 * less than the mailbox of a person. The customers file and the rules of the verdict use the same list.
 */

/** Local parts of RFC 2142, and of the accounts that mail servers come with. */
const ROLES: ReadonlySet<string> = new Set([
  // Business and support (RFC 2142 sections 3 to 5).
  ...['info', 'marketing', 'sales', 'support'],
  ...['abuse', 'noc', 'security'],
  ...['postmaster', 'hostmaster', 'usenet', 'news', 'webmaster', 'www', 'uucp', 'ftp'],
  // Accounts of the system, and addresses that programs send from.
  ...['root', 'admin', 'administrator', 'mailer-daemon', 'daemon', 'nobody', 'operator', 'noreply', 'no-reply'],
])

/** The address of the owner of a mailing list (RFC 2142 section 6), and its other common names. */
const OF_A_LIST = /-(?:request|owner|bounces|admin)$|^owner-/

/**
 * Tells whether a mailbox, such as `Postmaster@example.com`, is a role address. Case and a tag after `+` do not matter.
 */
export function isRole(mailbox: string): boolean {
  const [account = ''] = mailbox.slice(0, mailbox.lastIndexOf('@')).toLowerCase().split('+')
  return ROLES.has(account) || OF_A_LIST.test(account)
}
