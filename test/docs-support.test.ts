/** docs/support.md says about results the same as the service. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { REASONS } from '../src/contract/words.ts'
import { documentOf, examplesIn, patternOf, rowsBelow } from './harness/documents.ts'
import { folderOf } from './harness/files.ts'
import { deadPort } from './harness/mail-scripts.ts'
import { runProgram } from './harness/process.ts'
import { startSandbox } from './harness/sandbox.ts'

const DOCUMENT = documentOf('docs/support.md')

test('every command for support agents prints what the document says, from its installation on', async (t) => {
  const { env, url } = await startSandbox(t)
  const home = folderOf(t)
  const examples = examplesIn(DOCUMENT, 'sh')
  assert.ok(examples.length >= 3)
  const environment = {
    ...env,
    HOME: home,
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    npm_config_prefix: home,
    npm_config_cache: join(home, '.npm'),
    npm_config_userconfig: join(home, '.npmrc'),
    npm_config_registry: `http://127.0.0.1:${await deadPort()}`,
    npm_config_update_notifier: 'false',
  }
  for (const { text, prints } of examples) {
    assert.ok(prints, text)
    const { code, stdout, stderr } = await runProgram('sh', ['-c', text], environment)
    assert.deepEqual([code, stderr], [0, ''], text)
    assert.match(stdout, patternOf(prints), text)
  }
  assert.match(DOCUMENT, /`npx --yes "\$RELAY_TESTS_URL\/client\.tgz"`/)
  const tried = await runProgram('npx', ['--yes', `${url}/client.tgz`, '192.0.2.1', '--json'], environment)
  assert.deepEqual([tried.code, JSON.parse(tried.stdout).verdict], [0, 'closed'], tried.stderr)
})

test('the document for support agents explains every reason', () => {
  const told = rowsBelow(DOCUMENT, 'Read it').flatMap(([reasons = '']) => reasons.split(', '))
  for (const reason of REASONS) assert.ok(told.includes(reason), reason)
})
