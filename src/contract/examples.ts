import type { RelayTest } from './relay-test.ts'

export const EXAMPLES: Readonly<Record<string, { summary: string; value: RelayTest }>> = {}
