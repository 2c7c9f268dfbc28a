/** The Dockerfile, as far as it can be checked without a build. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { ROOT } from '../harness/service.ts'
import { NODE_RELEASE } from './node-release.ts'

// `npm run prove:image` builds the image and runs it.

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

interface Instruction {
  readonly name: string
  readonly rest: string
}

const instructions: readonly Instruction[] = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => ({ name: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }))

const all = (name: string, from = instructions): string[] =>
  from.filter((instruction) => instruction.name === name).map(({ rest }) => rest)

/** The instructions of the stage that becomes the image. */
const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'))

const { scripts, dependencies, engines } = JSON.parse(read('package.json'))

test('both stages are of the one base image that a build argument names', () => {
  assert.deepEqual(all('FROM'), [`\${NODE_IMAGE} AS build`, `\${NODE_IMAGE}`])
})

test('the line of Node.js is the one that the suite is proven on, and one that the package takes', () => {
  const [, image = ''] = /^NODE_IMAGE=node:(\d+)-bookworm-slim$/.exec(all('ARG')[0] ?? '') ?? []
  assert.equal(image, NODE_RELEASE.split('.')[0])
  assert.ok(Number(image) >= Number(engines.node.replace('>=', '')))
})

test('the image is run as a user that has a number and is not root, and nothing is run to make its last stage', () => {
  assert.match(all('USER', last).join(), /^[1-9]\d*:[1-9]\d*$/)
  assert.deepEqual(all('RUN', last), [])
})

test('it starts what npm start starts, without a shell', () => {
  const command = [...all('ENTRYPOINT', last), ...all('CMD', last)].flatMap((text) => JSON.parse(text))
  assert.equal(command.join(' '), scripts.start)
})

test('it exposes the ports that the service has unless told otherwise, and one for the mailbox that needs no privilege', () => {
  const { PORT, METRICS_PORT } = readConfig({
    CUSTOMERS_FILE: 'x',
    CALLERS_FILE: 'x',
    MAILBOX_DOMAIN: 'isp.example',
    ALLOW_LOOPBACK_TARGETS: 'true',
  })
  const ports = all('EXPOSE', last).join(' ').split(' ').map(Number)
  assert.deepEqual(ports, [PORT, METRICS_PORT, 2525])
})

test('a build sees what is copied, and nothing else', () => {
  const copied = all('COPY')
    .filter((rest) => !rest.startsWith('--from'))
    .flatMap((rest) => rest.split(' ').slice(0, -1))
  for (const name of copied) assert.ok(existsSync(join(ROOT, name)), name)
  const [first, ...others] = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(first, '*')
  assert.deepEqual(others.sort(), [...new Set(copied)].map((name) => `!${name}`).sort())
})

test('the service imports no package that a build without development dependencies lacks', () => {
  const src = join(ROOT, 'src')
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
    for (const [, name = ''] of readFileSync(join(src, file), 'utf8').matchAll(
      /^(?:import|\}).* from '([^'.][^']*)'$/gm,
    )) {
      const [scope = '', unscoped] = name.split('/')
      const owner = scope.startsWith('@') ? `${scope}/${unscoped}` : scope
      assert.ok(isBuiltin(name) || owner in dependencies, `${file} imports ${name}`)
    }
  }
})
