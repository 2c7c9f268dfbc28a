/** Starts a proxy in front of a mail server of the lab, which then no longer sees the addresses of its clients. */
import { connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { LabServer } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { script, startProgram } from './program.ts'

/** Passes connections on to port 25 of a server, from the address of the proxy. Stops the server with itself. */
export async function startBehindProxy(
  network: LabNetwork,
  start: (proxy: string) => Promise<LabServer>,
): Promise<LabServer> {
  const address = network.nextAddress()
  const server = await start(address)
  const args = script(fileURLToPath(import.meta.url), address, server.address)
  const proxy = await startProgram(network, { software: 'proxy', address, args })
  const stop = async () => void (await Promise.all([proxy.stop(), server.stop()]))
  return { ...proxy, log: server.log, stop }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , host = '', target = ''] = process.argv
  createServer((client) => {
    const server = connect({ host: target, port: 25, localAddress: host })
    pipeline(client, server, client, () => {}) // a side may hang up
  }).listen(25, host)
}
