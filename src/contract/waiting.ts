/** Says whether a test waits for a slot. This file has no schemas, so that the command line starts without them. */
import type { RelayTest } from './relay-test.ts'

/** Whether a test has not started yet, because no slot is free. */
export const isWaiting = ({ status, queuedAt, startedAt }: RelayTest): boolean =>
  status === 'running' && queuedAt !== null && startedAt === null
