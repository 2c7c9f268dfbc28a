/**
 * Reads the environment and the files together, so that one list shows every mistake. The service and `check.js` both
 * use it.
 */

import { type Callers, inScope, loadCallers } from './access/callers.ts'
import type { Customers } from './access/customer.ts'
import { loadCustomers } from './access/customers.ts'
import { lostDenial } from './access/losses.ts'
import { isOnLoopback } from './access/published-keys.ts'
import { isSandbox } from './access/sandbox-ids.ts'
import { type Config, ConfigFaults, readConfig } from './config.ts'
import { isRole } from './contract/roles.ts'
import { FileFaults } from './files/faults.ts'
import { type Loader, Reloading } from './files/reloading.ts'
import { isLoopback } from './ip/special.ts'
import { auditObjection } from './service/audit-file.ts'
import { loadSchedules, type ScheduledSweep } from './sweeps/schedules-file.ts'
import type { Vantage } from './vantage/vantage.ts'
import { loadVantages } from './vantage/vantages-file.ts'

/** The settings, and the files that they name. */
export interface Setup {
  readonly config: Config
  readonly customers: Reloading<Customers>
  readonly callers: Reloading<Callers>
  /** Null if there is no vantages file. */
  readonly vantages: Reloading<readonly Vantage[]> | null
  /** The sweeps that begin by themselves; null if there is no sweeps file. */
  readonly schedules: Reloading<readonly ScheduledSweep[]> | null
}

/** Reads the environment and the files. Throws ConfigFaults with every mistake in any of them. */
export async function setUp(env: NodeJS.ProcessEnv): Promise<Setup> {
  const faults: string[][] = []
  const collect = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    // The files are read at the same time. Each part has its own list, so that the order of the faults stays the same.
    const own: string[] = []
    faults.push(own)
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConfigFaults || error instanceof FileFaults)) throw error
      own.push(...error.faults)
      return undefined
    }
  }
  const rules = {
    allowLoopback: env.ALLOW_LOOPBACK_TARGETS === 'true',
    isReachable: env.HOST ? !isOnLoopback(env.HOST) : false,
    mailboxDomain: (env.MAILBOX_DOMAIN ?? '').toLowerCase(),
  }
  const follow = <T>(path: string, loader: Loader<T>) => collect(() => Reloading.open(path, loader))
  const { CUSTOMERS_FILE, CALLERS_FILE, VANTAGES_FILE, SWEEPS_FILE } = env
  const [config, customers, callers, vantages, schedules] = await Promise.all([
    collect(() => readConfig(env)),
    CUSTOMERS_FILE ? follow(CUSTOMERS_FILE, { load: (files) => loadCustomers(files, rules), lost: lostDenial }) : null,
    CALLERS_FILE ? follow(CALLERS_FILE, { load: (files) => loadCallers(files, rules) }) : null,
    VANTAGES_FILE ? follow(VANTAGES_FILE, { load: async (files) => loadVantages(files) }) : null,
    SWEEPS_FILE ? follow(SWEEPS_FILE, { load: loadSchedules }) : null,
  ])
  const objection = env.AUDIT_FILE ? auditObjection(env.AUDIT_FILE) : null
  if (objection) faults.push([`AUDIT_FILE: ${objection}`])
  if (!config || !customers || !callers || vantages === undefined || schedules === undefined || objection) {
    throw new ConfigFaults(faults.flat())
  }
  return { config, customers, callers, vantages, schedules }
}

/** Returns a warning for each vantage that is in a network of a customer. */
function warningsOfVantages(vantages: readonly Vantage[], customers: Customers): string[] {
  return vantages.flatMap(({ name, publicIps }) =>
    publicIps.flatMap((address) => {
      const owner = customers.ownerOf(address)
      if (!owner || isLoopback(address)) return []
      const place = `vantage ${name} has ${address.text}, which is in a network of customer ${owner.customer.id}`
      return [`${place}: it cannot test this customer, because a test must come from outside`]
    }),
  )
}

const ROLE = 'servers often spare it from bans, so it proves less than the mailbox of a person'

/**
 * Returns warnings about settings that are valid but probably a mistake. The start, reloads and the check show them.
 */
export function warningsOf({ customers, callers, vantages, schedules }: Omit<Setup, 'config'>): string[] {
  const known = customers.current.all
  const ofCallers = callers.current.all.flatMap(({ id, customers: scope }) => {
    if (scope === 'all') return []
    if (scope.size === 0) return [`caller ${id} may test no customer`]
    const unknown = [...scope].filter((name) => !known.has(name) && !isSandbox(name))
    return unknown.map((name) => `caller ${id} may test ${name}, but there is no such customer`)
  })
  const ofKeys = callers.current.expired(new Date()).map(({ id }) => `caller ${id} has an expired key: remove it`)
  const ofCustomers = [...known.values()]
    .filter(({ domains }) => domains.length === 0)
    .map(({ id }) => `customer ${id} has no domains: its servers can be found open, but never closed`)
  const ofMailboxes = [...known.values()].flatMap(({ id, mailboxes }) =>
    mailboxes.filter(isRole).map((mailbox) => `customer ${id} has the role address ${mailbox}: ${ROLE}`),
  )
  return [
    ...(known.size === 0 ? ['there are no customers: nothing can be tested'] : []),
    ...(callers.current.all.length === 0 ? ['there are no callers: nobody can use the service'] : []),
    ...(vantages ? [] : ['VANTAGES_FILE is not set: EHLO gives an address literal, which many servers refuse']),
    ...ofCallers,
    ...ofKeys,
    ...ofCustomers,
    ...ofMailboxes,
    ...warningsOfVantages(vantages?.current ?? [], customers.current),
    ...(schedules?.current ?? []).flatMap((schedule) =>
      warningsOfSchedule(schedule, customers.current, callers.current),
    ),
  ]
}

function warningsOfSchedule(
  { name, caller: id, customers }: ScheduledSweep,
  known: Customers,
  callers: Callers,
): string[] {
  const caller = callers.named(id)
  const unknown = customers === 'all' ? [] : customers.filter((one) => !known.all.has(one))
  const foreign = caller && customers !== 'all' ? customers.filter((one) => !inScope(caller, one)) : []
  const serverless =
    customers === 'all' ? [] : customers.filter((one) => known.all.has(one) && known.serversOf(one).length === 0)
  return [
    ...(caller ? [] : [`sweep ${name} belongs to caller ${id}, but there is no such caller: it will not begin`]),
    ...(caller && !caller.sweeps
      ? [`sweep ${name} belongs to caller ${id}, which has no "sweeps: true": it will not begin`]
      : []),
    ...unknown.map((one) => `sweep ${name} tests customer ${one}, but there is no such customer: it will not begin`),
    ...foreign.map((one) => `sweep ${name} tests customer ${one}, which caller ${id} may not test: it will not begin`),
    ...serverless.map((one) => `sweep ${name} tests customer ${one}, which has no servers`),
  ]
}
