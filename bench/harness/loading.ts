/** Loads a customers file in its own process, and measures time and memory. */

import { parseAddress } from '../../src/ip/address.ts'
import { addressIn, loadCustomers } from '../../test/harness/customers.ts'
import { answering, memoryOf } from './processes.ts'

/** A customers file, and the number of its networks. */
export interface LoadingOrder {
  readonly file: string
  readonly networks: number
}

export interface Loading {
  readonly seconds: number
  /** The memory that the networks use, and the most memory that the process used to read them. */
  readonly keptMib: number
  readonly mostMib: number
  readonly lookUpUs: number
}

const LOOK_UPS = 200_000

/** Loads the file, and looks up addresses all over it. Needs --expose-gc. */
answering(async ({ file, networks }: LoadingOrder): Promise<Loading> => {
  const heap = () => {
    global.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return (heapUsed + arrayBuffers) / 1024 ** 2
  }
  const before = heap()
  const startedAt = performance.now()
  const customers = loadCustomers([file], { allowLoopback: false, mailboxDomain: 'relaytest.isp.example' })
  const seconds = (performance.now() - startedAt) / 1000
  const { most: mostMib } = memoryOf(process)
  const keptMib = heap() - before
  const addresses = Array.from({ length: LOOK_UPS }, (_, n) => parseAddress(addressIn((n * 7919) % networks)))
  const round = () => {
    const from = performance.now()
    let found = 0
    for (const address of addresses) if (address && customers.ownerOf(address)) found += 1
    if (found !== LOOK_UPS) throw new Error(`${found} of ${LOOK_UPS} addresses were found`)
    return ((performance.now() - from) * 1000) / LOOK_UPS
  }
  round()
  return { seconds, keptMib, mostMib, lookUpUs: round() }
})
