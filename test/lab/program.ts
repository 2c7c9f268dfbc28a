/** Runs a mail server of the lab that needs nothing but Node.js. */
import { once } from 'node:events'
import { type LabServer, whenGreeting } from './instance.ts'
import type { LabNetwork } from './network.ts'
import { projectRoot } from './packages.ts'
import { startResolver } from './resolver.ts'

export interface Program {
  readonly software: string
  readonly address: string
  /** A script for Node.js and its arguments. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the program, and waits until it greets. */
export async function startProgram(network: LabNetwork, program: Program): Promise<LabServer> {
  const { software, address, args, env = {} } = program
  await startResolver(network)
  const child = network.spawnInside(process.execPath, args, {
    cwd: projectRoot,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let said = ''
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const log = async () => said
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  const running = () => child.exitCode === null && child.signalCode === null
  return whenGreeting(network, { software, address, log, stop }, running, () => said)
}

/** Returns the arguments of Node.js for a script in TypeScript. */
export const script = (file: string, ...args: readonly string[]): string[] => ['--import', 'tsx', file, ...args]
