/** The model: what callers may rely on, whatever happens to replicas and stores. It knows nothing of Redis. */
import assert from 'node:assert/strict'
import { type Kept, type Outcome, QUOTA } from './system.ts'

/** A test as the model knows it. */
export interface Known {
  readonly id: string
  readonly ip: string
  readonly key: string | null
  readonly replica: number
  /** `died`: its replica was killed while it ran. `over`: it died, and its lease has ended. */
  status: 'running' | 'finished' | 'died' | 'over'
  /** Whether its replica still remembers its idempotency key. */
  isRemembered: boolean
  /** Whether its result may be lost. */
  mayBeLost: boolean
}

export class Model {
  readonly tests = new Map<string, Known>()
  /** The test of each idempotency key that must not be used again. */
  readonly claims = new Map<string, Known>()
  /** How many tests of each address were counted since the counter was lost. */
  readonly counts = new Map<string, number>()
  /** Everything was lost, and the longest lease has not passed since. */
  isLost = false
  /** A key was lost, so that the stores may have begun to wait. */
  mayWait = false
  /** The leases and idempotency keys that were lost one by one. */
  readonly missing = new Set<string>()
  /** Idempotency keys of killed replicas that may be lost, so that nothing is promised for them. */
  readonly forgettable = new Set<string>()
  /** Addresses whose lists may be incomplete. */
  readonly unlisted = new Set<string>()

  /** The test that has the lease of an address. */
  holder(ip: string): Known | null {
    return [...this.tests.values()].find((one) => one.ip === ip && ['running', 'died'].includes(one.status)) ?? null
  }

  /** Checks a dial before the service has answered: it must be the only test of its address, and within the quota. */
  dialled(ip: string): void {
    assert.equal(this.isLost, false, 'a test was started although a lease may be lost')
    assert.equal(this.holder(ip), null, `two tests of ${ip} at once`)
    assert.ok((this.counts.get(ip) ?? 0) < QUOTA, `too many tests of ${ip}`)
  }

  /** Checks an answer. With `isAlone`, no other request came at the same time, so that only one answer is right. */
  answered(replica: number, ip: string, key: string | null, outcome: Outcome, isAlone: boolean): void {
    const claim = key === null ? undefined : this.claims.get(key)
    const count = this.counts.get(ip) ?? 0
    const mayWait = this.mayWait || this.missing.has(ip) || (key !== null && this.missing.has(key))
    if (outcome.kind === 'started') {
      const isFree = claim === undefined || this.forgettable.has(claim.key ?? '')
      assert.ok(isFree, `the idempotency key ${key} was used for a second test`)
      this.#start({ id: outcome.id, ip, key, replica, status: 'running', isRemembered: true, mayBeLost: false })
      return
    }
    // A test that another request starts at the same time can be found, and then refused.
    if (outcome.kind === 'found') assert.ok(outcome.id === claim?.id || (!isAlone && !claim), 'found another test')
    else if (outcome.slug === 'memory-lost') {
      assert.ok(mayWait, 'waits, although nothing was lost')
      this.noticed()
    } else if (outcome.slug === 'target-busy') assert.ok(!isAlone || this.holder(ip))
    else if (outcome.slug === 'quota-exceeded') assert.ok(!isAlone || count >= QUOTA)
    else {
      assert.equal(outcome.slug, 'not-found')
      assert.ok(claim && (claim.mayBeLost || mayWait), 'a result was lost by itself')
    }
    if (!isAlone || mayWait || claim?.mayBeLost || this.forgettable.has(key ?? '')) return
    const right = claim ? claim.id : count >= QUOTA ? 'quota-exceeded' : this.holder(ip) ? 'target-busy' : 'a new test'
    assert.equal(outcome.kind === 'refused' ? outcome.slug : outcome.id, right)
  }

  #start(test: Known): void {
    this.tests.set(test.id, test)
    if (test.key !== null) {
      this.claims.set(test.key, test)
      this.forgettable.delete(test.key)
      this.missing.delete(test.key)
    }
    this.counts.set(test.ip, (this.counts.get(test.ip) ?? 0) + 1)
  }

  /** A replica was killed. What it had not yet stored again after a loss, nobody can restore. */
  crashed(replica: number, kept: Kept): void {
    for (const test of this.tests.values()) {
      if (test.replica !== replica) continue
      if (test.status === 'running') test.status = 'died'
      test.isRemembered = false
      if (!this.isLost) continue
      if (!kept.results.has(test.id)) test.mayBeLost = true
      if (test.key !== null && !kept.claims.has(test.id)) this.forgettable.add(test.key)
    }
  }

  /** Everything was lost. Only keys that a replica remembers are protected from then on, and counts begin again. */
  lost(): void {
    this.lostLedger()
    this.missing.clear()
    this.counts.clear()
    for (const test of this.tests.values()) if (test.status !== 'running') test.mayBeLost = true
  }

  /** The list of leases and idempotency keys was lost, and they may be there still. */
  lostLedger(): void {
    this.noticed()
    for (const [key, { isRemembered }] of this.claims) if (!isRemembered) this.forgettable.add(key)
  }

  /** The only replica has ended, and its memory with it. */
  forgotten(): void {
    for (const known of [this.tests, this.claims, this.counts]) known.clear()
  }

  /** A missing key was noticed: from now on nothing starts until the longest lease has passed. */
  noticed(): void {
    this.mayWait = true
    this.isLost = true
  }

  /** One lease, key, result or counter was lost. */
  evicted(what: {
    readonly lease?: string
    readonly key?: string
    readonly id?: string
    readonly count?: string
  }): void {
    if (what.lease !== undefined) this.missing.add(what.lease)
    if (what.key !== undefined) this.missing.add(what.key)
    if (what.count !== undefined) this.counts.delete(what.count)
    const test = this.tests.get(what.id ?? '')
    if (test) test.mayBeLost = true
  }

  /** The longest lease has passed. */
  passed(): void {
    this.isLost = false
    this.mayWait = false
    for (const test of this.tests.values()) {
      if (test.status === 'died') test.status = 'over'
      this.missing.delete(test.ip)
    }
  }
}
