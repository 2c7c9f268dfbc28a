import { type Callers, loadCallers } from './access/callers.ts'
import { type Customers, loadCustomers } from './access/customers.ts'
import { type Config, ConfigFaults, readConfig } from './config.ts'
import { Reloading } from './files/reloading.ts'
import { FileFaults } from './files/yaml-file.ts'
import { auditObjection } from './service/audit.ts'
import { loadVantage, type Vantage } from './vantage/vantages.ts'

/** All that the environment leads to. */
export interface Setup {
  readonly config: Config
  readonly customers: Reloading<Customers>
  readonly callers: Reloading<Callers>
  readonly vantage: Reloading<Vantage> | null
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
    ? attempt(() => new Reloading(CUSTOMERS_FILE, (files) => loadCustomers(files, rules)))
    : undefined
  const callers = CALLERS_FILE ? attempt(() => new Reloading(CALLERS_FILE, loadCallers)) : undefined
  const vantage = VANTAGES_FILE ? attempt(() => new Reloading(VANTAGES_FILE, loadVantage)) : null
  const objection = env.AUDIT_FILE ? auditObjection(env.AUDIT_FILE) : null
  if (objection) faults.push(`AUDIT_FILE: ${objection}`)
  if (!config || !customers || !callers || vantage === undefined || objection) throw new ConfigFaults(faults)
  return { config, customers, callers, vantage }
}
