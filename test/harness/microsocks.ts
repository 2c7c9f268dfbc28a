/** Starts Debian's SOCKS5 proxy: some tests need a real one instead of a script. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fetchPackages, packages, projectRoot, storeOf } from '../lab/packages.ts'
import { packagesUnavailable } from '../lab/unavailable.ts'
import { deadPort } from './mail-scripts.ts'
import { killed } from './process.ts'
import type { Ending } from './service.ts'
import { until } from './waiting.ts'

/** The option of a test that needs a real proxy. Without one, the test is skipped with the reason, but never in CI. */
export const withMicrosocks = { skip: process.env.CI ? false : (packagesUnavailable('microsocks') ?? false) }

export interface RealProxy {
  readonly port: number
  /** The source address of its IPv4 connections. */
  readonly source: string
  readonly user: string
  readonly password: string
  kill(): Promise<void>
  start(): Promise<void>
}

/** Starts Debian's microsocks on a free port of 127.0.0.1. It asks for a password and ends with the test. */
export async function startMicrosocks(t: Ending, { source = '127.0.0.77' } = {}): Promise<RealProxy> {
  await fetchPackages(projectRoot, packages.microsocks)
  const port = await deadPort()
  const login = { user: 'relay', password: 's3cr3t:p@ss' }
  const args = ['-i', '127.0.0.1', '-p', `${port}`, '-u', login.user, '-P', login.password]
  const bound = source === '' ? [] : ['-b', source]
  let child: ChildProcess
  const kill = () => killed(child)
  const start = async () => {
    child = spawn(join(storeOf(projectRoot), 'microsocks/usr/bin/microsocks'), [...args, ...bound], { stdio: 'ignore' })
    await until('microsocks', () => isListening(port))
  }
  t.after(kill)
  await start()
  return { port, source, ...login, kill, start }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
