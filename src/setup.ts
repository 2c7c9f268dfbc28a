import { type Callers, loadCallers } from './access/callers.ts'
import type { Customers } from './access/customer.ts'
import { loadCustomers, reloadCustomers } from './access/customers.ts'
import { type Config, ConfigFaults, readConfig } from './config.ts'
import { Reloading } from './files/reloading.ts'
import { FileFaults } from './files/yaml-file.ts'
import { auditObjection } from './service/audit-file.ts'
import type { Vantage } from './vantage/vantage.ts'
import { loadVantages } from './vantage/vantages-file.ts'

/** All that the environment leads to. */
export interface Setup {
  readonly config: Config
  readonly customers: Reloading<Customers>
  readonly callers: Reloading<Callers>
  /** Null where the installation names none. */
  readonly vantages: Reloading<readonly Vantage[]> | null
}

/** Reads environment and files. Throws ConfigFaults that list everything wrong with any of them at once. */
export function setUp(env: NodeJS.ProcessEnv): Setup {
  const faults: string[] = []
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof ConfigFaults || error instanceof FileFaults)) throw error
      faults.push(...error.faults)
      return undefined
    }
  }
  const config = attempt(() => readConfig(env))
  const rules = {
    allowLoopback: env.ALLOW_LOOPBACK_TARGETS === 'true',
    mailboxDomain: (env.MAILBOX_DOMAIN ?? '').toLowerCase(),
  }
  const { CUSTOMERS_FILE, CALLERS_FILE, VANTAGES_FILE } = env
  const customers = CUSTOMERS_FILE
    ? attempt(() => {
        const load = (files: readonly string[]) => loadCustomers(files, rules)
        return new Reloading(CUSTOMERS_FILE, load, (files) => reloadCustomers(files, rules))
      })
    : undefined
  const callers = CALLERS_FILE ? attempt(() => new Reloading(CALLERS_FILE, loadCallers)) : undefined
  const vantages = VANTAGES_FILE ? attempt(() => new Reloading(VANTAGES_FILE, loadVantages)) : null
  const objection = env.AUDIT_FILE ? auditObjection(env.AUDIT_FILE) : null
  if (objection) faults.push(`AUDIT_FILE: ${objection}`)
  if (!config || !customers || !callers || vantages === undefined || objection) throw new ConfigFaults(faults)
  return { config, customers, callers, vantages }
}

/** What is valid and yet hardly meant: told at start, on reload and by the check. */
export function warningsOf({ customers, callers, vantages }: Omit<Setup, 'config'>): string[] {
  const known = customers.current.all
  const ofCallers = callers.current.all.flatMap(({ id, customers: scope, sandbox }) => {
    if (scope === 'all' || sandbox) return []
    if (scope.size === 0) return [`caller ${id} may test no customer`]
    const unknown = [...scope].filter((name) => !known.has(name))
    return unknown.map((name) => `caller ${id} may test ${name}, but there is no such customer`)
  })
  const ofKeys = callers.current
    .expired(new Date())
    .map(({ id }) => `caller ${id} has a key that is expired: take it out`)
  const ofCustomers = [...known.values()]
    .filter(({ domains }) => domains.length === 0)
    .map(({ id }) => `customer ${id} has no domains: its servers can be found open, but never closed`)
  return [
    ...(known.size === 0 ? ['there are no customers: nothing can be tested'] : []),
    ...(callers.current.all.length === 0 ? ['there are no callers: nobody can use the service'] : []),
    ...(vantages ? [] : ['VANTAGES_FILE is not set: EHLO gives an address literal, which many servers refuse']),
    ...ofCallers,
    ...ofKeys,
    ...ofCustomers,
  ]
}
