/** Runs the built service outside the networks of the lab's servers, so that it is a stranger to them. */
import { join } from 'node:path'
import { type RelayTest, relayTest } from '../../src/contract/relay-test.ts'
import { writeYaml } from '../harness/files.ts'
import { configFolder, type Ending, KEYS, startService, type TestService } from '../harness/service.ts'
import type { LabNetwork } from './network.ts'

const CUSTOMERS = `
customers:
  - id: lab
    name: The lab
    networks: [{ cidr: 203.0.113.0/24, allowSpecial: true }, { cidr: '2001:db8:113::/48', allowSpecial: true }]
    domains: [example.com]
`

/**
 * Starts the built service with the settings of production, and the ports for mail clients: it may not test loopback.
 */
export function startStranger(
  ending: Ending,
  { vantage, vantage6 }: LabNetwork,
  env: Readonly<Record<string, string>> = {},
): Promise<TestService> {
  const file = join(configFolder(ending), 'vantages.yaml')
  const addresses = `publicIps: [${vantage}, '${vantage6}'], bind: [${vantage}, '${vantage6}']`
  writeYaml(file, `vantages: [{ name: lab, ehlo: relaytest.isp.example, ${addresses} }]`)
  const production = { VANTAGES_FILE: file, ALLOW_LOOPBACK_TARGETS: undefined, ALLOWED_PORTS: '25,465,587' }
  return startService(ending, { customers: CUSTOMERS, env: { ...production, ...env } })
}

/** Tests an address with the service, and returns the result. */
export async function ask(service: TestService, ip: string, rest: object = {}): Promise<RelayTest> {
  const response = await service.post({ ip, ...rest }, { authorization: `Bearer ${KEYS.desk}` })
  const body: unknown = await response.json()
  if (response.status !== 201) throw new Error(`the service answered ${response.status}: ${JSON.stringify(body)}`)
  return relayTest.parse(body)
}
