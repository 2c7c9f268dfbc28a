import { isSandbox } from '../access/sandbox-ids.ts'
import type { RelayTest } from '../contract/relay-test.ts'

/**
 * What a lease is held on: the address. In the sandbox it is each caller's own, since there is no server that two tests
 * could meet at.
 */
export const placeOf = ({ customerId, ip }: Pick<RelayTest, 'customerId' | 'ip'>): string =>
  isSandbox(customerId) ? `${customerId} ${ip}` : ip

/** What a ban of ours is on: the same server, met from the same vantage. */
export const bannedPlaceOf = (test: Pick<RelayTest, 'customerId' | 'ip' | 'vantage'>): string =>
  `${placeOf(test)} ${test.vantage.name}`
